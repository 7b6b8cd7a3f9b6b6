"""Placeholder while the house is built."""

from flask import Blueprint

bp = Blueprint("accounts", __name__)
