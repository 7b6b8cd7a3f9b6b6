"""Placeholder while the house is built."""

from flask import Blueprint

bp = Blueprint("static", __name__)
