"""The door for browsers: one module per feature, each with a blueprint called `bp`."""

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from app.web import (
    accounts,
    activities,
    avatars,
    blocks,
    closing,
    confirmations,
    errors,
    feeds,
    follows,
    health,
    imports,
    invitations,
    lab,
    letters,
    mailboxes,
    marks,
    messages,
    notifications,
    pages,
    posts,
    profiles,
    resets,
    runs,
    search,
    static,
    tags,
    tasks,
    timeline,
)
from app.web.admin import letters as admin_letters
from app.web.admin import outbox as admin_outbox
from app.web.admin import schedules as admin_schedules
from app.web.admin import tasks as admin_tasks
from app.web.lean import LeanFlask

__all__ = ["LeanFlask", "register"]

FEATURES = (
    static,
    accounts,
    resets,
    confirmations,
    timeline,
    posts,
    marks,
    tags,
    feeds,
    search,
    profiles,
    avatars,
    follows,
    blocks,
    closing,
    mailboxes,
    invitations,
    tasks,
    runs,
    imports,
    letters,
    notifications,
    activities,
    messages,
    health,
    admin_tasks,
    admin_outbox,
    admin_letters,
    admin_schedules,
)


def register(app: Flask) -> None:
    """Add every feature's blueprint, the error pages and what all pages share; believe the proxies in front."""
    if proxies := app.config["TRUSTED_PROXIES"]:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=proxies, x_host=proxies)  # type: ignore[method-assign]  # Flask's own way
    app.session_interface = static.SessionsForPages()
    for feature in FEATURES:
        app.register_blueprint(feature.bp)
    if app.config["MICROBLOG_ENV"] != "production":
        app.register_blueprint(lab.bp)
    errors.register(app)
    pages.register(app)
