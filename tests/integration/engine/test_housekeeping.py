import threading
from datetime import timedelta

import rq

from app import clock
from app.adapters import redis
from app.adapters.storage import open_storage
from app.engine import control, housekeeping, lease, monitor, outbox
from app.extensions import db
from app.models import Notification
from tests.engine_fixtures import fresh, timeline


def claimed(run, **changes):
    """As a worker on another machine left it."""
    values = {
        "state": "running",
        "claim": 1,
        "worker": {"host": "elsewhere", "pid": 1, "started": "1"},
        "claimed_at": clock.now() - timedelta(minutes=1),
        "advanced_at": clock.now() - timedelta(seconds=40),
        "lease_until": clock.now() - timedelta(seconds=1),
        "percent": 40,
        **changes,
    }
    for name, value in values.items():
        setattr(run, name, value)
    db.session.commit()


def request(susan, name="slow", **args):
    run = outbox.request(name, by=susan, args=args)
    db.session.commit()
    return run


def test_a_sweep_that_finds_nothing_writes_nothing(app, susan):
    from sqlalchemy import event

    written = []
    event.listen(
        db.engine,
        "before_cursor_execute",
        lambda *arguments: written.append(arguments[2]) if not arguments[2].lstrip().startswith("SELECT") else None,
    )

    assert housekeeping.sweep() == 0
    assert written == []


def test_an_expired_lease_goes_on_at_its_cursor(susan):
    run = request(susan)
    claimed(run, done=40, cursor={"each": {"0.0": {"done": 40, "at": 39, "base": 0, "limit": None}}})

    assert housekeeping.sweep() >= 1

    assert (fresh(run).state, run.reason, run.strikes, run.attempt, run.percent) == ("queued", "worker_lost", 0, 1, 40)
    assert run.sent_to == "microblog-tasks" and run.send == 2
    notice = db.session.get(Notification, (susan.id, f"task_progress:{run.id}"))
    assert notice.data["text"] == "Continuing after a restart, from 40 %"


def test_who_lost_its_worker_or_waited_after_an_error_goes_on_before_others_begin(app, susan, john, mary):
    lost, tried, hung = request(susan), request(susan), request(mary)
    connection = redis.connect(app.config["REDIS_URL"])
    connection.flushall()
    others = [request(john) for _ in range(2)]
    claimed(lost)
    claimed(tried, state="retrying", attempt=2, lease_until=None, worker=None, due_at=clock.now())
    claimed(hung, lease_until=clock.now() + timedelta(minutes=5), advanced_at=clock.now() - timedelta(minutes=11))

    housekeeping.sweep()

    assert fresh(hung).reason == "hung"
    assert [monitor.live(fresh(run))["queue"]["ahead"] for run in (lost, tried, *others, hung)] == [0, 1, 2, 3, 4]
    assert monitor.describe(fresh(tried))["text"] == "Waiting to try again"
    order = rq.Queue("microblog-tasks", connection=connection).job_ids
    first = [f"{run.id}-1-2" for run in (tried, lost)]  # who comes to the front stands before who came before
    assert order == [*first, *(f"{run.id}-0-1" for run in others), f"{hung.id}-1-2"]


def test_a_lease_that_holds_is_left_alone(susan):
    run = request(susan)
    claimed(run, lease_until=clock.now() + timedelta(minutes=5))

    housekeeping.sweep()

    assert fresh(run).state == "running"


def test_no_advance_is_a_strike_and_three_are_the_end(susan):
    run = request(susan)
    for strike in (1, 2, 3):
        now = clock.now()
        claimed(run, claim=strike, claimed_at=now, advanced_at=now, state="running")
        housekeeping.sweep()
        assert fresh(run).strikes == strike

    assert (run.state, run.reason) == ("failed", "crashed_three_times")


def test_a_lost_worker_while_cancelling_ends_cancelled(susan):
    run = request(susan)
    claimed(run, state="cancelling", cancel_asked_at=clock.now())

    housekeeping.sweep()

    assert fresh(run).state == "cancelled"


def test_a_cancel_that_is_not_heard_is_enforced(susan):
    run = request(susan)
    ask = clock.now() - timedelta(seconds=31)
    claimed(run, state="cancelling", cancel_asked_at=ask, lease_until=clock.now() + timedelta(minutes=5))

    housekeeping.sweep()

    assert fresh(run).state == "cancelled"


def test_a_run_that_holds_its_lease_but_does_not_advance_is_stopped(susan):
    run = request(susan)
    claimed(run, lease_until=clock.now() + timedelta(minutes=5), advanced_at=clock.now() - timedelta(minutes=11))

    housekeeping.sweep()

    assert (fresh(run).state, run.reason) == ("queued", "hung")


def test_a_back_off_ends(susan):
    run = request(susan)
    claimed(run, state="retrying", attempt=2, due_at=clock.now() - timedelta(seconds=1), lease_until=None)

    housekeeping.sweep()

    assert (fresh(run).state, run.sent_to) == ("queued", "microblog-tasks")


def test_many_sweepers_at_once_send_once(app, susan):
    run = request(susan)
    claimed(run)
    barrier = threading.Barrier(4)

    def sweep():
        with app.app_context():
            barrier.wait()
            housekeeping.sweep()
            db.session.remove()

    threads = [threading.Thread(target=sweep) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert fresh(run).state == "queued"
    assert timeline(run.id).count("queued") == 2


def test_a_run_that_was_asked_for_but_never_sent_is_sent(susan, monkeypatch):
    monkeypatch.setattr(outbox, "dispatch", lambda run_ids: None)
    run = request(susan)
    monkeypatch.undo()
    monkeypatch.setattr(housekeeping, "SEND_GRACE_SECONDS", -1)
    assert fresh(run).sent_to is None

    housekeeping.sweep()

    assert fresh(run).sent_to == "microblog-tasks"


def test_a_job_that_died_in_the_hands_of_its_worker_is_missed_within_a_lease(app, susan):
    """Killed between taking it from its queue and beginning: in no queue, and not begun."""
    app.config["LEASE_SECONDS"] = lease = 300
    housekeeping.sweep()
    runs = [request(susan) for _ in range(2)]
    queue = rq.Queue("microblog-tasks", connection=redis.connect(app.config["REDIS_URL"]))
    for run, seconds in zip(runs, (lease + 1, lease / 2), strict=True):
        queue.remove(f"{run.id}-0-1")
        run.sent_at = clock.now() - timedelta(seconds=seconds)
    db.session.commit()

    housekeeping.sweep()

    assert [fresh(run).send for run in runs] == [2, 1]
    assert queue.job_ids == [f"{runs[0].id}-0-2"]


def test_a_cancelled_export_leaves_no_file(app, susan):
    run = request(susan, "export_posts")
    claimed(run, state="running", lease_until=clock.now() + timedelta(minutes=5))
    folder = open_storage(app.config["STORAGE_URL"]).parts(run.id)
    (folder / "posts.txt.1.0").write_text("half")
    control.cancel(fresh(run), by=susan)
    run.lease_until = clock.now() - timedelta(seconds=1)
    db.session.commit()

    housekeeping.sweep()

    assert fresh(run).state == "cancelled"
    assert not folder.exists()


def test_the_holder_of_a_lease_is_known_by_its_start_time():
    me = lease.holder()

    assert lease.is_alive(me)
    assert not lease.is_alive({**me, "started": "1"})
    assert not lease.is_alive({**me, "host": "elsewhere"})
    assert not lease.is_alive(None)
    assert not lease.end(me), "a process must not end itself"
