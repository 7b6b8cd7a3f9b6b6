"""What the log looks like: one line an event."""

import logging

from flask import Flask


def configure(app: Flask) -> None:
    """Send every logger of ours to standard error, one line an event."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger("app")
    if not root.handlers:
        root.addHandler(handler)
    root.setLevel(logging.INFO)
