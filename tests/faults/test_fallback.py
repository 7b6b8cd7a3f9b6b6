"""Without Redis a thread of the web does the runs: whoever comes back or goes meanwhile, nothing is done twice."""

import signal

import pytest
from sqlalchemy import select

from app.engine import queues
from app.extensions import db
from app.models import RunEvent
from tests.engine_fixtures import fresh, numbers_written, start, wait_for
from tests.processes import PATIENCE_SECONDS, LiveServer

pytestmark = pytest.mark.faults


@pytest.fixture
def in_a_thread(environment):
    """Ask for it before `app`."""
    environment["TASK_FALLBACK"] = "thread"


def is_over(row):
    return not row.is_active


def claims(run):
    """The time-line's line of each claim."""
    is_claim = (RunEvent.run_id == run.id) & (RunEvent.kind == "claim")
    return db.session.scalars(select(RunEvent.text).where(is_claim).order_by(RunEvent.id)).all()


def test_a_worker_that_comes_back_takes_what_waits_and_doubles_nothing(own_redis, in_a_thread, app, susan, workers):
    own_redis.kill()
    here, waiting = (start("slow", susan, count=200, seconds=0.02) for _ in range(2))
    wait_for(here, lambda row: row.done > 5)
    own_redis.start()
    worker = workers.ours()

    ended = [wait_for(run, is_over, seconds=90) for run in (here, waiting)]

    assert [(row.state, row.claim, row.attempt) for row in ended] == [("succeeded", 1, 1)] * 2
    assert [numbers_written(row) for row in ended] == [200, 200]
    assert worker.process.poll() is None


def test_an_envelope_that_reached_redis_unheard_meets_a_claim_that_is_taken(
    in_a_thread, app, susan, workers, monkeypatch
):
    """Redis took it and went away before it said so: the thread has the run, and a worker is offered the same claim."""
    send = queues.send

    def send_and_hear_nothing(*arguments):
        send(*arguments)
        raise queues.RedisAway("It took the job, and was gone.")

    with monkeypatch.context() as deaf:
        deaf.setattr(queues, "send", send_and_hear_nothing)
        run = start("slow", susan, count=500, seconds=0.02)
    wait_for(run, lambda row: row.done > 5)

    worker = workers.ours()

    worker.wait_until(lambda: "claim 0 is not to be had any more" in worker.output, "refusal")
    ended = wait_for(run, is_over, seconds=90)
    assert (ended.state, ended.claim, numbers_written(ended)) == ("succeeded", 1, 500)


def test_a_web_server_that_is_told_to_end_hands_its_run_on(own_redis, app, environment, susan, workers, tmp_path):
    own_redis.kill()
    web = LiveServer({**environment, "TASK_FALLBACK": "thread"}, tmp_path / "web.log")
    try:
        run = start("slow", susan, count=500, slow_claims=1)
        wait_for(run, lambda row: row.done > 5)

        web.signal(signal.SIGTERM)

        assert web.process.wait(PATIENCE_SECONDS) == 0
    finally:
        web.stop()
    row = fresh(run)
    assert (row.state, row.reason, row.claim, row.strikes) == ("queued", "deploy", 1, 0), web.output
    own_redis.start()
    workers.ours()
    ended = wait_for(run, is_over, seconds=90)
    assert (ended.state, ended.claim, ended.attempt, numbers_written(ended)) == ("succeeded", 2, 1, 500)
    assert len(claims(run)) == 2
