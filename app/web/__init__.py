"""The door for browsers: one module per feature, each with a blueprint called `bp`."""

from flask import Flask

from app.web import (
    accounts,
    errors,
    health,
    imports,
    notifications,
    pages,
    posts,
    profiles,
    runs,
    static,
    tasks,
    timeline,
)
from app.web.admin import tasks as admin_tasks
from app.web.lean import LeanFlask, LeanSessions

__all__ = ["LeanFlask", "register"]

FEATURES = (static, accounts, timeline, posts, profiles, tasks, runs, imports, notifications, health, admin_tasks)


def register(app: Flask) -> None:
    """Add every feature's blueprint, the error pages and what all pages share."""
    app.session_interface = LeanSessions()
    for feature in FEATURES:
        app.register_blueprint(feature.bp)
    errors.register(app)
    pages.register(app)
