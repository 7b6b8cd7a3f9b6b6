"""`flask worker`: our worker, in the foreground."""

import click
from flask import current_app
from flask.cli import with_appcontext

from app.engine import worker


@click.command("worker")
@click.option("--queues", default=",".join(worker.SERVED), help="Queues in the order they are served.")
@click.option("--burst", is_flag=True, help="End when the queues are empty.")
@with_appcontext
def command(queues: str, burst: bool) -> None:
    """Work on runs until stopped; SIGTERM lets the run in hand go on elsewhere at once."""
    worker.work(current_app._get_current_object(), [name.strip() for name in queues.split(",")], burst=burst)  # type: ignore[attr-defined]  # the proxy's own way out
