"""A new version arrives while runs of the old one wait or stand in mid-cursor: they go on only where that is safe."""

import pytest
from sqlalchemy import select

from app import clock
from app.engine import control, housekeeping, monitor, outbox, registry
from app.engine.registry import task
from app.errors import Conflict, Invalid
from app.extensions import db
from app.models import Post
from tests.engine_fixtures import fresh, timeline

OLD = ("Reading", "Writing", "Packing")


@pytest.fixture(autouse=True)
def nothing_stays_deployed(app, monkeypatch):
    monkeypatch.setattr(registry, "_tasks", dict(registry._tasks))


def deploy(*steps, bad_item=None):
    """A version of the task with these steps: it notes each item of each, and once breaks in the midst of "Writing"."""

    @task(title="Changing", unit="items", unique=None, steps=tuple((name, 1) for name in steps))
    def changing(run):
        for name in steps:
            for number in run.step(name).each(range(5), atomic=1):
                with run.item(f"{name} {number}"):
                    if (name, number) == bad_item:
                        raise Invalid("This one is bad.")
                    text = f"{name} {number}"
                    db.session.add(Post(author_id=run.user.id, body=text, source="new", source_id=f"{run.id} {text}"))
                if (name, number, run.attempt, bad_item) == ("Writing", 2, 1, None):
                    raise RuntimeError("in the midst")


def noted(run):
    return list(db.session.scalars(select(Post.body).where(Post.source_id.startswith(fresh(run).id)).order_by(Post.id)))


def items(*steps):
    return [f"{name} {number}" for name in steps for number in range(5)]


def stopped_in_the_midst(susan, worker):
    run = outbox.request("changing", by=susan)
    worker.work()
    assert (fresh(run).state, len(noted(run))) == ("retrying", 7)
    run.due_at = clock.now()
    db.session.commit()
    return run


@pytest.mark.parametrize(
    "new",
    [
        ("Writing", "Packing"),
        ("Reading", "Scribbling", "Packing"),
        ("Writing", "Reading", "Packing"),
        ("Reading", "Looking", "Writing", "Packing"),
        ("Reading",),
    ],
)
def test_a_run_whose_steps_changed_ends_with_a_sentence_and_can_be_run_anew(susan, worker, new):
    deploy(*OLD)
    run = stopped_in_the_midst(susan, worker)

    deploy(*new)
    housekeeping.sweep()
    worker.work()

    assert (fresh(run).state, run.reason, run.attempt) == ("failed", "steps_changed", 2)
    assert "Run it again from the start" in monitor.describe(run)["text"]
    assert monitor.describe(run)["can"] == ["retry", "seen"]
    assert len(noted(run)) == 7
    deploy(*new, bad_item=("nothing", 0))
    again = control.retry(fresh(run), by=susan)
    worker.work()
    assert again.id != run.id
    assert (fresh(again).state, noted(again)) == ("succeeded", items(*new))


@pytest.mark.parametrize("new", [("Reading", "Writing"), ("Reading", "Writing", "Folding", "Sealing")])
def test_steps_that_had_not_begun_may_change(susan, worker, new):
    deploy(*OLD)
    run = stopped_in_the_midst(susan, worker)

    deploy(*new)
    housekeeping.sweep()
    worker.work()

    assert (fresh(run).state, noted(run)) == ("succeeded", items(*new))
    assert monitor.describe(run)["phase"] == {"index": len(new), "count": len(new), "name": new[-1]}


def test_a_run_that_has_not_begun_takes_the_new_steps(susan, worker):
    deploy(*OLD)
    run = outbox.request("changing", by=susan)
    db.session.commit()

    deploy("Looking", "Doing")
    worker.work()

    assert (fresh(run).state, run.step_count, noted(run)) == ("succeeded", 2, items("Looking", "Doing"))


def test_failed_items_of_steps_that_changed_are_not_guessed(susan, worker):
    deploy(*OLD, bad_item=("Writing", 3))
    run = outbox.request("changing", by=susan)
    worker.work()
    assert fresh(run).state == "partial"

    deploy("Writing", "Reading", bad_item=("nothing", 0))

    with pytest.raises(Conflict, match="steps"):
        control.retry(fresh(run), by=susan)


def test_a_retry_of_failed_items_that_waits_during_the_deploy_guesses_nothing_either(susan, worker):
    deploy(*OLD, bad_item=("Writing", 3))
    run = outbox.request("changing", by=susan)
    worker.work()
    again = control.retry(fresh(run), by=susan)
    db.session.commit()

    deploy("Writing", "Reading", "Packing", bad_item=("nothing", 0))
    worker.work()

    assert (fresh(again).state, again.reason, noted(again)) == ("failed", "steps_changed", [])


def test_arguments_that_fit_no_more_fail_once_and_harm_nothing(susan, worker):
    run = outbox.request("slow", by=susan, args={"count": 3})
    run.args = {"count": 3, "colour": "red"}
    worker.work()
    assert (fresh(run).state, run.reason, run.attempt) == ("failed", "arguments", 1)
    assert "colour" in run.error

    control.retry(fresh(run), by=susan)
    worker.work()

    assert (fresh(run).state, run.reason, run.done) == ("failed", "arguments", 0)
    assert timeline(run.id) == ["queued", "claim", "failed"] * 2
