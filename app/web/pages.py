"""Placeholder while the house is built."""

from flask import Flask


def register(app: Flask) -> None:
    """Nothing yet."""
