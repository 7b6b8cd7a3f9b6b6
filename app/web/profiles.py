"""Placeholder while the house is built."""

from flask import Blueprint

bp = Blueprint("profiles", __name__)
