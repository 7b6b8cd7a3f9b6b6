"""Placeholder while the house is built."""

from flask import Blueprint

bp = Blueprint("admin_tasks", __name__, url_prefix="/admin")
