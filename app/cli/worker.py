"""`flask worker`: our worker, or a pool of them, in the foreground."""

import re
import socket
import sys

import click
from flask import Flask, current_app
from flask.cli import with_appcontext

from app.engine import monitor, worker
from launch.pool import Crowd, Pool


class PoolSize(click.ParamType[tuple[int, int]]):
    name = "MIN-MAX"

    def convert(
        self, value: str | tuple[int, int], param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, int]:
        if isinstance(value, tuple):
            return value
        found = re.fullmatch(r"(\d+)(?:-(\d+))?", value)
        least, most = (int(found[1]), int(found[2] or found[1])) if found else (0, 0)
        if not 1 <= least <= most:
            self.fail(f"{value!r} is no size of a pool: 4, or 1-4.", param, ctx)
        return least, most


@click.command("worker")
@click.option("--queues", default=",".join(worker.SERVED), help="Queues in the order they are served.")
@click.option("--burst", is_flag=True, help="End when the queues are empty.")
@click.option("--max-jobs", type=click.IntRange(1), help="Replace the worker after that many jobs.")
@click.option("--max-memory", type=click.IntRange(1), help="Replace it after a job that leaves more megabytes in use.")
@click.option("--pool", type=PoolSize(), help="As many workers as there is work for, e.g. 1-4.")
@click.option("--reload", "reloads", is_flag=True, help="For development: begin again when the code changes.")
@with_appcontext
def command(
    queues: str,
    burst: bool,
    max_jobs: int | None,
    max_memory: int | None,
    pool: tuple[int, int] | None,
    reloads: bool,
) -> None:
    """Work on runs until stopped; SIGTERM lets the run in hand go on elsewhere at once."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]  # the proxy's own way out
    names = [name.strip() for name in queues.split(",")]
    if pool is None:
        worker.work(app, names, burst=burst, limits=worker.Limits(max_jobs, max_memory), reloads=reloads)
    elif burst:
        raise click.UsageError("A pool does not end: --pool and --burst exclude each other.")
    else:
        limits = {"--max-jobs": max_jobs, "--max-memory": max_memory}
        given = [word for name, limit in limits.items() if limit for word in (name, str(limit))]
        each = [sys.executable, "-m", "flask", "worker", "--queues", queues, *given, *(["--reload"] if reloads else [])]
        Pool(each, *pool, lambda: _look(names)).keep()


def _look(queue_names: list[str]) -> Crowd | None:
    """What waits in the queues, and which processes of this machine listen."""
    monitor.refresh()
    waiting = monitor.waiting(queue_names)
    if waiting is None:
        return None
    here = [each for each in monitor.workers() if each.host == socket.gethostname()]
    idle = frozenset(each.pid for each in here if each.state == "idle")
    return Crowd(waiting, frozenset(each.pid for each in here), idle)
