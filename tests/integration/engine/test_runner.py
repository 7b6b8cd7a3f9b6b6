import pytest
from sqlalchemy import func, select

from app.engine import control, monitor, outbox, runner
from app.errors import Conflict
from app.extensions import db
from app.models import Notification, Post, Run, RunEvent, RunFailure, RunOnce
from tests.engine_fixtures import fresh, timeline, wait_for


def write_posts(author, *bodies):
    for body in bodies:
        db.session.add(Post(author_id=author.id, body=body))
    db.session.commit()


def posts_from(source):
    return db.session.scalar(select(func.count()).where(Post.source == source))


def test_what_a_student_writes_just_works(susan, worker):
    write_posts(susan, "one", "two", "three")
    run = outbox.request("shout", by=susan)

    worker.work()

    assert fresh(run).state == "succeeded"
    assert (run.done, run.total, run.percent, run.ok_count) == (3, 3, 100, 3)
    assert set(db.session.scalars(select(Post.body))) == {"ONE", "TWO", "THREE"}
    assert timeline(run.id) == ["queued", "claim", "succeeded"]


def test_a_failed_item_leaves_nothing_and_the_run_goes_on(susan, worker):
    write_posts(susan, "one", "bad two", "three")
    run = outbox.request("picky", by=susan)

    worker.work()

    assert (fresh(run).state, run.ok_count, run.failed_count, run.done) == ("partial", 2, 1, 3)
    assert posts_from("copy") == 2
    assert set(db.session.scalars(select(Post.body).where(Post.source.is_(None)))) == {"[one]", "bad two", "[three]"}
    failure = db.session.scalars(select(RunFailure)).one()
    assert failure.reason == "This post is bad."
    assert "1 failed" in monitor.describe(run)["text"]
    assert monitor.describe(run)["percent"] < 100


def test_only_what_failed_is_retried(susan, worker):
    write_posts(susan, "one", "bad two", "three", "bad four")
    run = outbox.request("picky", by=susan)
    worker.work()
    for post in db.session.scalars(select(Post).where(Post.body.contains("bad"))):
        post.body = post.body.replace("bad", "mended")
    db.session.commit()

    again = control.retry(fresh(run), by=susan)
    worker.work()

    assert again.id != run.id
    assert (fresh(again).state, again.ok_count, again.total) == ("succeeded", 2, 2)
    assert posts_from("copy") == 4
    assert fresh(run).seen_at is not None


def test_an_error_is_tried_again_at_its_cursor(susan, worker):
    run = outbox.request("breaks", by=susan, args={"times": 1})
    worker.work()

    assert (fresh(run).state, run.attempt, run.done) == ("retrying", 2, 5)
    assert "secret" not in monitor.describe(run)["text"]
    assert run.error_reference in monitor.describe(run)["error"]
    assert "a secret detail" in run.error_trace


def test_attempts_end(susan, worker):
    run = outbox.request("breaks", by=susan)
    for _ in range(3):
        worker.work()
        control_back_off(run)
    worker.work()

    assert (fresh(run).state, run.attempt, run.done) == ("failed", 3, 5)
    assert run.active_key is None
    assert monitor.describe(run)["percent"] != 100


def control_back_off(run):
    """The back-off is over now."""
    from app import clock
    from app.engine import housekeeping

    row = fresh(run)
    if row.state == "retrying":
        row.due_at = clock.now()
        db.session.commit()
        housekeeping.sweep()


def test_a_failed_run_goes_on_where_it_stopped(susan, worker):
    run = outbox.request("breaks", by=susan, args={"times": 3})
    for _ in range(3):
        worker.work()
        control_back_off(run)
    worker.work()
    assert fresh(run).state == "failed"
    before = run.claim

    control.retry(run, by=susan)
    worker.work()

    assert (fresh(run).state, run.done, run.claim) == ("succeeded", 10, before + 1)
    assert run.error is None


def test_rq_calls_a_job_failed_only_when_its_run_is(app, susan, worker):
    import rq

    run = outbox.request("commits", by=susan)
    worker.work()

    failed = rq.registry.FailedJobRegistry("microblog-tasks", connection=worker.connection)
    assert failed.get_job_ids(cleanup=False) == [f"{run.id}-0-1"]


def test_commit_in_a_task_names_the_line(susan, worker):
    run = outbox.request("commits", by=susan)

    worker.work()

    assert fresh(run).state == "failed"
    assert "Delete the line" in run.error_trace
    assert "trials.py" in run.error_trace


def test_a_once_effect_is_had_once(susan, worker):
    run = outbox.request("once", by=susan)
    worker.work()
    assert fresh(run).state == "retrying"
    control_back_off(run)

    worker.work()

    assert fresh(run).state == "succeeded"
    assert posts_from("once") == 1
    assert db.session.query(RunOnce).count() == 1


def test_steps_are_weighted_and_named(susan, worker):
    run = outbox.request("two_steps", by=susan)

    worker.work()

    data = monitor.describe(fresh(run))
    assert data["phase"] == {"index": 2, "count": 2, "name": "Writing"}
    assert (data["step"], data["total"], data["percent"]) == (10, 10, 100)


def test_nothing_to_do_succeeds(susan, worker):
    run = outbox.request("shout", by=susan)

    worker.work()

    assert (fresh(run).state, run.total, run.percent) == ("succeeded", 0, 100)


def test_the_same_job_twice_is_one_claim(susan, worker):
    run = outbox.request("slow", by=susan, args={"count": 2, "seconds": 0})
    db.session.commit()

    runner.perform(run.id, 0)
    runner.perform(run.id, 0)

    assert (fresh(run).claim, posts_from("slow")) == (1, 2)


def test_a_task_whose_code_is_gone_ends_with_a_sentence(susan, worker):
    run = outbox.request("slow", by=susan)
    run.task = "removed_task"

    worker.work()

    assert (fresh(run).state, run.reason) == ("failed", "task_gone")
    with pytest.raises(Conflict):
        control.retry(run, by=susan)


def test_arguments_that_no_longer_fit_end_with_a_sentence(susan, worker):
    run = outbox.request("slow", by=susan)
    run.args = {"old_name": 1}

    worker.work()

    assert (fresh(run).state, run.reason) == ("failed", "arguments")


def test_a_run_of_the_house_has_no_owner_and_no_notification(app, susan, worker):
    run = outbox.request("for_the_house", by=None)

    worker.work()

    assert fresh(run).state == "succeeded"
    assert db.session.query(Notification).count() == 0


def test_a_declared_task_called_with_a_member_makes_its_own_run(susan):
    from tests import trials

    run_id = trials.slow(susan.id, count=2, seconds=0)

    assert (fresh(run_id).state, fresh(run_id).done) == ("succeeded", 2)


def test_the_tutorials_own_lines(app, susan, worker):
    from app.tasks import example_long_task, queue

    job = queue.enqueue(example_long_task, susan.id)

    assert job.id
    assert job.func_name == "app.tasks.perform_plain"
    run_worker_in_thread_of_test(worker)
    run = db.session.scalars(select(Run)).one()
    assert (run.state, run.done) == ("succeeded", 10)


def run_worker_in_thread_of_test(worker):
    """The example sleeps ten seconds; nothing of it is shortened."""
    worker.work()


def test_a_foreign_loop_that_starts_over_says_so(susan, worker):
    run = outbox.request("foreign", by=susan, args={"break_at": 8})
    worker.work()
    assert fresh(run).percent >= 20
    mark = run.percent
    control_back_off(run)

    worker.work()

    assert fresh(run).state == "succeeded"
    shown = run.saved["shown in attempt 2"]
    assert shown[0] is None
    assert [percent for percent in shown if percent is not None][0] >= mark


def test_cancel_before_it_began(susan, worker):
    run = outbox.request("slow", by=susan)
    db.session.commit()

    control.cancel(run, by=susan)
    worker.work()

    assert fresh(run).state == "cancelled"
    assert posts_from("slow") == 0
    control.cancel(run, by=susan)
    assert fresh(run).state == "cancelled"


def test_what_is_over_cannot_be_cancelled(susan, worker):
    run = outbox.request("two_steps", by=susan)
    worker.work()

    with pytest.raises(Conflict):
        control.cancel(fresh(run), by=susan)
    with pytest.raises(Conflict):
        control.retry(run, by=susan)


def test_an_outcome_stays_until_it_is_acknowledged(susan, worker):
    run = outbox.request("two_steps", by=susan)
    worker.work()
    key = (susan.id, f"task_progress:{run.id}")
    before = db.session.get(Notification, key)
    assert (before.status, before.data["seen"]) == ("outcome", False)
    seq = before.seq

    control.acknowledge(fresh(run))
    control.acknowledge(run)
    db.session.commit()

    after = db.session.get(Notification, key, populate_existing=True)
    assert (after.status, after.data["seen"]) == ("seen", True) and after.seq > seq
    assert wait_for(run, lambda row: row.seen_at)


def test_a_loop_left_early_counts_what_it_had_in_hand(susan, worker):
    run = outbox.request("leaves_early", by=susan)

    worker.work()

    assert (fresh(run).state, run.done, run.ok_count) == ("succeeded", 4, 4)


def test_skipped_items_are_counted_as_such(susan, worker):
    run = outbox.request("skips", by=susan)

    worker.work()

    assert (fresh(run).state, run.done, run.ok_count, run.skipped_count) == ("succeeded", 10, 5, 5)


def test_the_time_line_tells_of_batches(susan, worker):
    run = outbox.request("slow", by=susan, args={"count": 30, "seconds": 0.02})
    worker.work()

    lines = db.session.scalars(select(RunEvent.text).where(RunEvent.run_id == run.id, RunEvent.kind == "batch")).all()

    assert 1 <= len(lines) <= 3
    assert lines[0].startswith("Saved with its cursor: ")


def test_a_generator_is_never_read_ahead_of_the_body(susan, worker):
    run = outbox.request("lazy", by=susan)

    worker.work()

    assert (fresh(run).state, run.done) == ("succeeded", 50)
