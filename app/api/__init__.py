"""The door for programs: JSON over HTTP."""

from flask import Flask


def register(app: Flask) -> None:
    """Add the API's blueprints to the application."""
