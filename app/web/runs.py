"""Placeholder while the house is built."""

from flask import Blueprint

bp = Blueprint("runs", __name__)
