"""What the log looks like: one line an event."""

import logging
import os
from urllib.parse import urlsplit

from flask import Flask

log = logging.getLogger(__name__)


def configure(app: Flask) -> None:
    """Send every logger of ours to standard error, one line an event."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger("app")
    if not root.handlers:
        root.addHandler(handler)
    root.setLevel(logging.INFO)


def started(app: Flask, what: str) -> None:
    """Say what this process is and what it stands on. Addresses go in without names, passwords and options."""
    redis, database = urlsplit(app.config["REDIS_URL"]), urlsplit(app.config["SQLALCHEMY_DATABASE_URI"])
    place = redis.hostname and f"{redis.hostname}:{redis.port or 6379}"
    kind = database.scheme.partition("+")[0]
    log.info("%s started: process %s, Redis %s%s, database %s", what, os.getpid(), place or "", redis.path, kind)
