"""`flask new-task NAME`: the first lines of a task of your own, and a test of it that passes as it stands."""

import keyword
import re
from pathlib import Path

import click
from flask import current_app
from flask.cli import with_appcontext

from app.engine import monitor

NAME = re.compile(r"[a-z][a-z0-9_]*")
TAKEN = frozenset({"load", "perform", "perform_plain", "queue"})  # what app.tasks itself is asked for

TASK = '''"""{title}: say here what it does and what it leaves to whom."""

from app.engine import Run, task


@task(title="{title}", unit="posts")
def {name}(run: Run) -> None:
    """Say here what the member gets; it stands beside the button."""
    for post in run.each(run.user.posts.select()):
        run.say(post.body)
'''

TEST = """from app.engine import outbox
from app.services import posts
from tests.engine_fixtures import fresh


def test_{name}_takes_every_post(susan, worker):
    posts.publish(susan, "one")
    posts.publish(susan, "two")
    run = outbox.request("{name}", by=susan)

    worker.work()

    assert (fresh(run).state, run.done) == ("succeeded", 2)
"""


@click.command("new-task")
@click.argument("name")
@click.option("--folder", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Another checkout.")
@with_appcontext
def command(name: str, folder: Path | None) -> None:
    """Write app/tasks/NAME.py and its test, to be filled in."""
    _check(name)
    title = name.replace("_", " ").capitalize()
    root = folder or Path(current_app.root_path)
    files = {
        root / "app" / "tasks" / f"{name}.py": TASK.format(name=name, title=title),
        root / "tests" / "integration" / "tasks" / f"test_{name}.py": TEST.format(name=name),
    }
    for file in files:
        if file.exists():
            raise click.ClickException(f"{file.relative_to(root)} is there already: nothing was written.")
    for file, text in files.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        click.echo(f"Wrote {file.relative_to(root)}")
    click.echo(f"Start the demo again to see its button; ./boot.sh test -k {name} runs its test.")


def _check(name: str) -> None:
    if not NAME.fullmatch(name) or keyword.iskeyword(name):
        raise click.ClickException(
            f"{name!r} cannot be a task's name: take small letters, digits and _, like water_plants."
        )
    if name in TAKEN:
        raise click.ClickException(f"app.tasks.{name} is something else already: take another name.")
    if monitor.find_task(name) is not None:
        raise click.ClickException(f"There is a task called {name} already: take another name.")
