"""Runs of long work: progress, cancel, retry, recovery. Its public names are `task` and `Run`."""

import os

from flask import Flask

from app.engine.registry import task
from app.engine.run_handle import Run

__all__ = ["Run", "init_app", "task"]


def init_app(app: Flask) -> None:
    """Bind the engine to the application's settings."""
    from app.engine import queues

    queues.init_app(app)
    app.extensions["microblog-pid"] = os.getpid()
