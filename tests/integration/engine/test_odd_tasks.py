"""What a task must not do is refused by name; what goes wrong in odd ways ends as any error does."""

import pytest
from sqlalchemy import select

from app import clock
from app.adapters.storage import open_storage
from app.engine import control, housekeeping, outbox
from app.errors import NotAllowed
from app.extensions import db
from app.models import Post, Run, RunFailure, User
from tests.engine_fixtures import fresh, timeline


def write_posts(author, count):
    for number in range(count):
        db.session.add(Post(author_id=author.id, body=f"Post {number}"))
    db.session.commit()


def work_off(run, worker):
    """Every attempt, without waiting for the back-off."""
    for _ in range(3):
        worker.work()
        if fresh(run).state == "retrying":
            run.due_at = clock.now()
            db.session.commit()
            housekeeping.sweep()
    return fresh(run)


def odd(susan, worker, how):
    run = outbox.request("odd", by=susan, args={"how": how})
    return work_off(run, worker)


def noted(run):
    return sorted(db.session.scalars(select(Post.body).where(Post.source == "odd", Post.source_id.startswith(run.id))))


@pytest.mark.parametrize(
    ("how", "sentence"),
    [
        ("limited", "put LIMIT"),
        ("joined", "one row per primary key"),
        ("nested", "inside run.each"),
        ("rolls back", "Delete the line"),
        ("removes", "Delete the line"),
        ("file twice", "is finished"),
        ("set", "sorted list"),
    ],
)
def test_what_cannot_work_is_refused_by_name(susan, worker, how, sentence):
    write_posts(susan, 5)

    run = odd(susan, worker, how)

    assert run.state == "failed"
    assert sentence in run.error_trace
    assert len(noted(run)) <= run.done <= 1, "what counts as done was written, and nothing after the mistake"
    assert not db.session.scalars(select(Post).where(Post.body == "changed")).all()


def test_a_loop_left_early_is_not_done_again(susan, worker):
    run = odd(susan, worker, "breaks")

    assert run.state == "succeeded"
    assert noted(run) == sorted([f"A{n}" for n in range(6)] + [f"B{n}" for n in range(10)])


def test_an_item_in_an_item_leaves_nothing_of_either(susan, worker):
    run = odd(susan, worker, "nested items")

    assert (run.state, noted(run), run.ok_count, run.failed_count) == ("partial", [], 0, 2)


def test_sys_exit_is_an_error_like_any(susan, worker):
    run = odd(susan, worker, "exits")

    assert (run.state, run.reason, run.attempt, run.done) == ("failed", "error", 2, 1)


def test_words_that_no_database_takes_are_mended(susan, worker):
    run = odd(susan, worker, "half a character")

    assert (run.state, run.message) == ("partial", "a\ufffdb\ufffd")
    assert "\ufffd" in db.session.scalars(select(RunFailure.reason)).one()


def test_a_once_that_fails_leaves_no_effect(susan, worker):
    run = odd(susan, worker, "once fails")

    assert (run.state, noted(run)) == ("succeeded", [])


def test_retrying_what_failed_goes_on_where_it_stopped_too(susan, worker):
    write_posts(susan, 12)
    for post in db.session.scalars(select(Post)):
        post.body = f"bad {post.id}"
    db.session.commit()
    run = outbox.request("picky", by=susan)
    worker.work()
    assert fresh(run).failed_count == 12
    for post in db.session.scalars(select(Post)):
        post.body = f"good {post.id}"
    db.session.commit()

    again = control.retry(fresh(run), by=susan)
    again_id = again.id
    db.session.commit()
    here = {"done": 5, "base": 0, "limit": None, "only": positions(run), "at": positions(run)[4]}
    again = fresh(again_id)
    again.cursor, again.done, again.ok_count, again.total = {"each": {"0.0": here}}, 5, 5, 12
    worker.work()

    assert (fresh(again_id).state, fresh(again_id).done) == ("succeeded", 12)
    assert len(db.session.scalars(select(Post).where(Post.source == "copy")).all()) == 7


def positions(run):
    failed = select(RunFailure.position).where(RunFailure.run_id == run.id)
    return sorted(db.session.scalars(failed))


def test_retrying_a_partial_run_twice_is_one_run(susan, worker):
    write_posts(susan, 1)
    db.session.scalars(select(Post)).one().body = "bad"
    db.session.commit()
    run = outbox.request("picky", by=susan)
    worker.work()

    first = control.retry(fresh(run), by=susan).id
    worker.work()
    second = control.retry(fresh(run), by=susan).id

    assert first == second
    assert db.session.query(Run).where(Run.task == "picky").count() == 2


def test_who_may_not_start_a_task_may_not_retry_it(susan, david, worker):
    run = outbox.request("for_admins", by=david)
    db.session.commit()
    control.cancel(run, by=david)
    db.session.commit()

    with pytest.raises(NotAllowed):
        control.retry(fresh(run), by=susan)


@pytest.mark.parametrize("task_name", ["slow", "two_steps"])
def test_a_deleted_members_queued_run_is_cancelled_when_it_is_claimed(app, john, worker, task_name):
    run = outbox.request(task_name, by=john, args={"count": 3})
    db.session.commit()
    folder = open_storage(app.config["STORAGE_URL"]).parts(run.id)
    db.session.execute(db.delete(User).where(User.id == john.id))

    worker.work()

    assert fresh(run).user_id is None
    assert (run.state, run.done, run.error) == ("cancelled", 0, None)
    assert timeline(run.id) == ["queued", "claim", "cancelling", "cancelled"]
    assert not folder.exists()


def test_a_failed_run_of_a_deleted_member_is_cancelled_when_it_is_retried(john, david, worker):
    run = outbox.request("breaks", by=john)
    run = work_off(run, worker)
    assert run.state == "failed"
    db.session.execute(db.delete(User).where(User.id == john.id))
    db.session.commit()

    control.retry(fresh(run), by=david)
    worker.work()

    assert (fresh(run).state, run.done) == ("cancelled", 5)


def test_members_who_wait_do_not_hide_who_was_lost(susan, john, monkeypatch):
    monkeypatch.setattr(housekeeping, "PER_SWEEP", 3)
    monkeypatch.setattr(housekeeping, "SEND_GRACE_SECONDS", -1)
    for _ in range(8):
        outbox.request("slow", by=susan)
    db.session.commit()
    monkeypatch.setattr(outbox, "dispatch", lambda run_ids: None)
    lost = outbox.request("slow", by=john)
    db.session.commit()
    monkeypatch.undo()
    monkeypatch.setattr(housekeeping, "PER_SWEEP", 3)
    monkeypatch.setattr(housekeeping, "SEND_GRACE_SECONDS", -1)

    housekeeping.sweep()

    assert fresh(lost).sent_to is not None
