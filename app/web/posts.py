"""Placeholder while the house is built."""

from flask import Blueprint

bp = Blueprint("posts", __name__)
