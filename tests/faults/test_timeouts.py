"""A task over its `timeout`: every attempt ends with that reason, also one that never comes back to hear of it."""

import pytest
from sqlalchemy import select

from app.engine import outbox
from app.extensions import db
from app.models import RunEvent
from tests.engine_fixtures import end_back_off, timeline, wait_for

pytestmark = pytest.mark.faults


@pytest.fixture
def worker(environment, request):
    """Ours, with less patience: half a minute is what a task told to stop is given. Who broke waits for the test."""
    environment["TASK_MODULES"] = "tests.trials,tests.impatient"
    return request.getfixturevalue("workers").ours()


@pytest.mark.parametrize("silently", [False, True])
def test_a_task_over_its_timeout_ends_as_declared(app, susan, worker, silently):
    run = outbox.request("lingers", by=susan, args={"silently": silently})
    db.session.commit()

    between = wait_for(run, lambda row: row.state == "retrying" or not row.is_active)
    assert (between.state, between.reason, between.attempt) == ("retrying", "timeout", 2)
    reached = between.done
    end_back_off(run)
    ended = wait_for(run, lambda row: not row.is_active)

    assert (ended.state, ended.reason, ended.error) == ("failed", "timeout", "It took longer than 2.5 seconds.")
    assert (ended.attempt, ended.claim, ended.strikes, ended.error_reference) == (2, 2, 0, None)
    assert ended.done == reached == 2 if silently else ended.done > reached > 2
    assert timeline(run.id) == ["queued", "claim", "retrying", "queued", "claim", "failed"]
    texts = db.session.scalars(select(RunEvent.text).where(RunEvent.run_id == run.id, RunEvent.kind == "retrying"))
    assert texts.one().startswith("It took longer than 2.5 seconds. Trying again in ")
    assert worker.process.poll() is None
