"""The door for a shell: `flask <command>`."""

from flask import Flask


def register(app: Flask) -> None:
    """Add the commands to the application."""
