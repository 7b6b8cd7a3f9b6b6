"""The code of docs/first-task.md, typed into files of app/tasks/ and run."""

import sys

import pytest
from sqlalchemy import select

from app import tasks
from app.engine import monitor, outbox, registry
from app.extensions import db
from app.models import Post, RunEvent, RunFailure
from app.services import posts, runs
from tests import documents
from tests.engine_fixtures import fresh

FIRST_TASK = "docs/first-task.md"


@pytest.fixture
def typed_in(app, tmp_path, monkeypatch):
    """Every file of the page lies in a folder that counts as part of app/tasks/."""
    known = dict(registry._tasks)
    registry._tasks.pop("shout", None)  # the tests' own task of that name
    files = documents.files_in(FIRST_TASK)
    for name, text in files.items():
        (tmp_path / name.rpartition("/")[2]).write_text(text)
    monkeypatch.setattr(tasks, "__path__", [*tasks.__path__, str(tmp_path)])
    tasks.load()
    yield
    for name in files:
        stem = name.rpartition("/")[2].removesuffix(".py")
        sys.modules.pop(f"app.tasks.{stem}", None)
        vars(tasks).pop(stem, None)
    registry._tasks.clear()
    registry._tasks.update(known)


@pytest.fixture
def three_posts(susan):
    for body in ("one two", "three", "x" * 495):
        posts.publish(susan, body)
    db.session.commit()


pytestmark = pytest.mark.usefixtures("typed_in", "three_posts")


def done(worker, member, name, **args):
    run = outbox.request(name, by=member, args=args)
    worker.work()
    return fresh(run)


def bodies():
    return list(db.session.scalars(select(Post.body).order_by(Post.id)))


def test_the_smallest_task(susan, worker):
    run = done(worker, susan, "shout")

    assert (run.state, run.done, run.percent) == ("succeeded", 3, 100)
    assert bodies()[:2] == ["ONE TWO", "THREE"]
    assert monitor.find_task("shout").summary == "Make every post of mine louder."


def test_what_it_says_and_remembers(susan, worker):
    run = done(worker, susan, "count_words")

    assert monitor.describe(run)["text"] == "You have written 4 words."
    said = db.session.scalars(select(RunEvent.text).where(RunEvent.run_id == run.id, RunEvent.kind == "say"))
    assert any(text.startswith("Reading ") for text in said)


def test_one_bad_item(susan, worker):
    run = done(worker, susan, "sign_posts")

    assert (run.state, run.ok_count, run.failed_count) == ("partial", 2, 1)
    assert bodies() == ["one two (susan)", "three (susan)", "x" * 495]
    assert "2 of 3 posts, 1 failed" in monitor.describe(run)["text"]
    assert "at most 500 characters" in db.session.scalars(select(RunFailure.reason)).one()


def test_steps_and_a_file(susan, worker):
    run = done(worker, susan, "posts_by_year")

    assert [step.name for step in runs.steps(run)] == ["Counting", "Writing"]
    with runs.open_artifact(runs.artifact(susan, run.id, "posts-by-year.csv")) as table:
        year, count = table.read().decode().strip().split(",")
    assert (int(year), count) == (posts.find(1, susan.id).created_at.year, "3")


def test_exactly_once(susan, worker):
    run = done(worker, susan, "announce_total")

    assert (run.state, bodies()[3:]) == ("succeeded", ["I have written 3 posts here."])


def test_ask_the_member_something(susan, worker):
    run = done(worker, susan, "trim_posts", length=100)

    assert (run.ok_count, run.skipped_count) == (1, 2)
    assert [len(body) for body in bodies()] == [7, 5, 100]


def test_what_not_to_do(susan, worker):
    run = done(worker, susan, "impatient")

    assert (run.state, run.done) == ("failed", 0)
    assert "Delete the line" in run.error_trace and "db.session.commit()" in run.error_trace
    assert bodies()[0] == "one two"


def test_every_file_of_the_page_has_a_test_here():
    names = {name.rpartition("/")[2].removesuffix(".py") for name in documents.files_in(FIRST_TASK)}
    tried = {"shout", "count_words", "sign_posts", "posts_by_year", "announce_total", "trim_posts", "impatient"}

    assert names == tried | {"count_to_ten"}  # the last in tests/browser/test_tutorial.py


def test_the_readme_shows_the_same_first_task():
    first = documents.files_in(FIRST_TASK)["app/tasks/shout.py"].split()
    shown = documents.code_blocks("README.md")[0].split()

    assert shown[-len(first) + 2 :] == first[2:]  # but for the comment that names the file
