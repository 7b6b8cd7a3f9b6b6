"""Runs of long work: progress, cancel, retry, recovery. Its public names are `task` and `Run`."""

import os
from collections.abc import Callable, Iterable

from flask import Flask

from app import models
from app.engine.registry import task
from app.engine.run_handle import Run

__all__ = ["Run", "init_app", "task"]


def init_app(app: Flask, when_ended: Iterable[Callable[[models.Run], object]]) -> None:
    """Bind the engine to the application's settings; those in `when_ended` hear of each run that ends, as it ends."""
    from app.engine import endings, queues

    for listener in when_ended:
        endings.listen(listener)
    queues.init_app(app)
    app.extensions["microblog-pid"] = os.getpid()
