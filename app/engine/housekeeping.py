"""Placeholder while the engine is built."""

from flask import Flask


def start_in_server(app: Flask) -> None:
    """Nothing yet."""
