"""Placeholder while the engine is built."""

from flask import Flask


def init_app(app: Flask) -> None:
    """Nothing yet."""
