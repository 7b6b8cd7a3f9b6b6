"""The worker's door. One file per task; each is found by being here, and bound as a name of this package.

`perform` is the one entry point that a job of ours names; `perform_plain` opens the app around any plain function
put on `queue`, as the tutorial does.
"""

import importlib
import pkgutil
import sys
from collections.abc import Iterable
from typing import Any

from flask import Flask, current_app, has_app_context

from app.engine.queues import PlainQueue

queue = PlainQueue()


def perform(run_id: str, claim: int) -> None:
    """Do a run, if this claim may still be had. Raises engine.runner.RunFailed when it ended failed."""
    from app.engine import runner

    with _app().app_context():
        runner.perform(run_id, claim)


def perform_plain(path: str, *args: Any, **kwargs: Any) -> Any:
    """Call the function at the dotted `path` inside the app."""
    module_name, _, name = path.rpartition(".")
    with _app().app_context():
        function = getattr(importlib.import_module(module_name), name)
        return function(*args, **kwargs)


def load(more: Iterable[str] = ()) -> None:
    """Import every task file and bind each declared task to its name here; also import the modules named in `more`."""
    for name in more:
        importlib.import_module(name)
    for module in pkgutil.iter_modules(__path__):
        imported = importlib.import_module(f"{__name__}.{module.name}")
        for name, value in list(vars(imported).items()):
            if getattr(value, "__module__", None) == imported.__name__ and hasattr(value, "task"):
                setattr(sys.modules[__name__], name, value)


def _app() -> Flask:
    """The process's app: the one that is open, or a new one."""
    if has_app_context():
        return current_app._get_current_object()  # type: ignore[attr-defined]  # the proxy's own way out
    if _made:
        return _made[0]
    from app import create_app

    _made.append(create_app())
    return _made[0]


_made: list[Flask] = []

load()
