"""`flask seed`: a large site out of nothing, to measure on."""

import sys
import time
from collections import defaultdict

import click
from flask import current_app
from flask.cli import with_appcontext

from app.errors import ProductError
from app.extensions import db
from app.services import seeding


@click.command("seed")
@click.option("--users", default=1000, show_default=True, type=click.IntRange(1), help="Members to make.")
@click.option("--posts", default=20_000, show_default=True, type=click.IntRange(0), help="Posts among all of them.")
@click.option("--follows", default=20, show_default=True, type=click.IntRange(0), help="Others each member follows.")
@click.option("--seed", default=1, show_default=True, type=click.IntRange(0), help="The same seed, the same rows.")
@with_appcontext
def command(users: int, posts: int, follows: int, seed: int) -> None:
    """Write synthetic members (member_<seed>_0, …), follows and posts in bulk.

    They sign in with the demo's password, but not in production, where they cannot sign in at all.
    """
    is_open = current_app.config["MICROBLOG_ENV"] != "production"
    seconds: dict[str, float] = defaultdict(float)
    began = time.monotonic()
    try:
        for what, count in seeding.plant(users, posts, follows, seed, is_open):
            db.session.commit()
            seconds[what] += time.monotonic() - began
            began = time.monotonic()
            if sys.stderr.isatty():
                click.echo(f"\r{count:>10,} {what:<10}", nl=False, err=True)
    except ProductError as refusal:
        raise click.ClickException(refusal.message) from None
    rate = posts / max(seconds["posts"] + seconds["posts in the index"], 0.001)
    click.echo(f"\r{users:,} members and {posts:,} posts in {sum(seconds.values()):.1f} s ({rate:,.0f} posts/s)")
