"""Placeholder while the house is built."""

from flask import Blueprint

bp = Blueprint("tasks", __name__)
