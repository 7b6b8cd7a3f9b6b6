"""Placeholder while the house is built."""

from flask import Blueprint

bp = Blueprint("timeline", __name__)
