import threading

import pytest
import rq
import uuid6
from sqlalchemy import event, insert, update

from app.adapters import redis
from app.engine import control, monitor, outbox, queues
from app.engine.signals import ArgumentsTooLarge
from app.errors import Invalid, NotAllowed, NotFound, TooMany
from app.extensions import db
from app.models import Notification, Run
from tests.engine_fixtures import fresh, timeline


def waiting_jobs(app):
    connection = redis.connect(app.config["REDIS_URL"])
    return [
        job for name in ("microblog-tasks", "microblog-high") for job in rq.Queue(name, connection=connection).job_ids
    ]


def test_a_run_is_sent_after_the_commit(app, susan):
    run = outbox.request("example_long_task", by=susan)
    assert waiting_jobs(app) == []

    db.session.commit()

    assert waiting_jobs(app) == [f"{run.id}-0-1"]
    assert (fresh(run).state, run.sent_to) == ("queued", "microblog-tasks")


def test_a_rolled_back_request_was_never_made(app, susan):
    outbox.request("example_long_task", by=susan)

    db.session.rollback()
    db.session.commit()

    assert waiting_jobs(app) == []
    assert db.session.query(Run).count() == 0
    assert db.session.query(Notification).count() == 0


def test_the_job_names_run_and_claim_and_no_more(app, susan):
    run = outbox.request("example_long_task", by=susan)
    db.session.commit()

    job = rq.job.Job.fetch(f"{run.id}-0-1", connection=redis.connect(app.config["REDIS_URL"]))

    assert (job.func_name, job.args, job.kwargs) == ("app.tasks.perform", (run.id, 0), {})
    assert job.timeout == -1


def test_an_active_unique_run_is_returned_instead(app, susan, john):
    first = outbox.request("example_long_task", by=susan)
    db.session.commit()

    assert outbox.request("example_long_task", by=susan).id == first.id
    assert outbox.request("example_long_task", by=john).id != first.id


def test_unique_by_arguments(app, susan):
    one = outbox.request("greedy", by=susan, args={"number": 1})
    two = outbox.request("greedy", by=susan, args={"number": 2})

    assert one.id != two.id
    assert outbox.request("greedy", by=susan, args={"number": 1}).id == one.id


def test_the_same_idempotency_key_is_the_same_run(app, susan, john):
    first = outbox.request("greedy", by=susan, args={"number": 1}, idempotency_key="k")
    db.session.commit()

    assert outbox.request("greedy", by=susan, args={"number": 1}, idempotency_key="k").id == first.id
    with pytest.raises(Invalid, match="Idempotency-Key"):
        outbox.request("greedy", by=susan, args={"number": 2}, idempotency_key="k")
    assert outbox.request("greedy", by=john, args={"number": 1}, idempotency_key="k").id != first.id


def test_every_idempotency_key_of_an_active_unique_run_is_kept(app, susan, worker):
    """The third key, sent again when the run is long over, still means that run, and not a new one."""
    unique = outbox.request("two_words", by=susan, args={"word": "one"}, idempotency_key="one")
    for key in ("two", "three"):
        assert outbox.request("two_words", by=susan, args={"word": "one"}, idempotency_key=key).id == unique.id
    assert outbox.request("two_words", by=susan, args={"word": "other"}, idempotency_key="other").id == unique.id
    worker.work()
    assert fresh(unique).state == "succeeded"

    for key in ("one", "two", "three"):
        assert outbox.request("two_words", by=susan, args={"word": "one"}, idempotency_key=key).id == unique.id
        with pytest.raises(Invalid, match="Idempotency-Key"):
            outbox.request("two_words", by=susan, args={"word": "another"}, idempotency_key=key)
        with pytest.raises(Invalid, match="Idempotency-Key"):
            outbox.request("greedy", by=susan, args={"number": 1}, idempotency_key=key)
    assert outbox.request("two_words", by=susan, args={"word": "other"}, idempotency_key="other").id == unique.id
    assert outbox.request("two_words", by=susan, args={"word": "one"}, idempotency_key="new").id != unique.id


def test_a_quota_says_when_to_come_back(app, susan):
    for number in range(3):
        outbox.request("greedy", by=susan, args={"number": number})

    with pytest.raises(TooMany, match="3 an hour") as refused:
        outbox.request("greedy", by=susan, args={"number": 9})

    assert 3500 < refused.value.retry_after_seconds <= 3601


def test_bad_requests_are_refused_by_name(app, susan):
    with pytest.raises(NotFound):
        outbox.request("nonsense", by=susan)
    with pytest.raises(NotAllowed, match="admin"):
        outbox.request("for_admins", by=susan)
    with pytest.raises(Invalid, match="number"):
        outbox.request("greedy", by=susan)
    with pytest.raises(Invalid):
        outbox.request("greedy", by=susan, args={"number": object()})
    with pytest.raises(ArgumentsTooLarge, match="pass ids"):
        outbox.request("greedy", by=susan, args={"number": "x" * 9000})


def test_only_two_runs_of_a_member_are_sent(app, susan, john):
    runs = [outbox.request("slow", by=susan) for _ in range(4)]
    db.session.commit()
    other = outbox.request("slow", by=john)
    db.session.commit()

    assert waiting_jobs(app) == [f"{run.id}-0-1" for run in (runs[0], runs[1], other)]


def test_the_run_that_ends_sends_the_next(app, susan, worker):
    runs = [outbox.request("slow", by=susan, args={"count": 1}) for _ in range(4)]

    worker.work()

    assert [fresh(run).state for run in runs] == ["succeeded"] * 4


def test_a_run_that_waited_for_its_members_others_stands_behind_those_who_came_meanwhile(app, susan, john):
    first, _second, third = [outbox.request("slow", by=susan) for _ in range(3)]
    other = outbox.request("slow", by=john)
    db.session.commit()

    control.cancel(first, susan)
    db.session.commit()
    outbox.send_waiting(susan.id)

    assert waiting_jobs(app)[-2:] == [f"{other.id}-0-1", f"{third.id}-0-1"]
    assert [monitor.live(fresh(run))["queue"]["ahead"] for run in (other, third)] == [1, 2]


def test_two_starts_at_one_instant_are_one_run(app, susan):
    user_id, found, barrier = susan.id, set(), threading.Barrier(8)

    def start():
        with app.app_context():
            from app.models import User

            user = db.session.get(User, user_id)
            barrier.wait()
            run = outbox.request("example_long_task", by=user)
            db.session.commit()
            found.add(run.id)

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(found) == 1
    assert len(waiting_jobs(app)) == 1


def test_a_run_that_ends_while_the_same_is_asked_for_is_no_conflict(app):
    """Two letters at once: the first one's postman is through before the second has looked again."""
    if db.engine.dialect.name == "sqlite":
        pytest.skip("SQLite has one writer at a time")
    first = {"id": str(uuid6.uuid7()), "task": "deliver_letters", "title": "Deliver letters", "queue": "microblog-high"}

    def another_asks(_connection, _name):
        with db.engine.begin() as other:
            other.execute(insert(Run).values(**first, state="queued", active_key="deliver_letters::house"))

    def and_is_through(_connection, _name, _context):
        with db.engine.begin() as other:
            other.execute(update(Run).where(Run.id == first["id"]).values(state="succeeded", active_key=None))

    event.listen(db.engine, "savepoint", another_asks, once=True)
    event.listen(db.engine, "rollback_savepoint", and_is_through, once=True)
    run = outbox.request("deliver_letters", by=None)
    db.session.commit()

    assert fresh(first["id"]).state == "succeeded", "they met"
    assert run.id != first["id"]
    assert (fresh(run).state, timeline(run.id)) == ("queued", ["queued"])


def test_a_queue_nobody_listens_on_goes_to_the_default(app, susan):
    run = outbox.request("short_one", by=susan)
    db.session.commit()

    assert fresh(run).sent_to == "microblog-tasks"


def test_asking_is_told_at_once(app, susan):
    run = outbox.request("example_long_task", by=susan)
    db.session.commit()

    notice = db.session.get(Notification, (susan.id, f"task_progress:{run.id}"))
    assert notice.data["state"] == "queued"
    assert notice.data["can"] == ["cancel"]
    assert timeline(run.id) == ["queued"]


def test_a_job_lost_before_its_sender_wrote_that_it_was_sent(app, susan, monkeypatch):
    """Redis fills up in the moment a worker takes it: the sender's word comes last, and must not undo the worker's."""
    send = queues.send

    def send_and_lose(run_id, claim, number, *rest):
        send(run_id, claim, number, *rest)
        outbox.take_back(run_id, claim, number)

    with monkeypatch.context() as faulty:
        faulty.setattr(queues, "send", send_and_lose)
        run = outbox.request("example_long_task", by=susan)
        db.session.commit()
    assert (fresh(run).send, fresh(run).sent_to) == (1, None)

    outbox.dispatch([run.id])
    assert (fresh(run).send, fresh(run).sent_to) == (2, "microblog-tasks")


def test_a_job_lost_long_ago_takes_nothing_back(app, susan):
    run = outbox.request("example_long_task", by=susan)
    db.session.commit()
    outbox.take_back(run.id, 0, 1)
    outbox.dispatch([run.id])

    outbox.take_back(run.id, 0, 1)

    assert (fresh(run).send, fresh(run).sent_to) == (2, "microblog-tasks")
