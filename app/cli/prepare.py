"""`flask prepare`: what a server does before it serves."""

import click
from flask.cli import with_appcontext

from app.services import schema


@click.command("prepare")
@click.option("--wait", "wait_seconds", default=60.0, show_default=True, help="How long to wait for the database.")
@with_appcontext
def command(wait_seconds: float) -> None:
    """Wait for the database and bring it up to date, one process at a time."""
    schema.prepare(wait_seconds)
