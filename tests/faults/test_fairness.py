"""Nobody is held up by somebody else's heap of work, and limits hold also when everybody asks at once."""

import io
import json
from itertools import accumulate

import pytest
import uuid6
from sqlalchemy import func, select

from app.engine import control, monitor, outbox
from app.extensions import db
from app.models import Run
from app.services.imports import uploads
from tests.engine_fixtures import fresh, wait_for
from tests.signed_in import SignedIn

pytestmark = pytest.mark.faults

ENDLESS = {"count": 100_000}


def start(name, by, **args):
    run = outbox.request(name, by=by, args=args)
    db.session.commit()
    return run.id


def is_over(row):
    return not row.is_active


def test_a_hundred_runs_of_one_member_do_not_hold_up_anothers_one(susan, john, workers):
    heap = [start("slow", susan, count=2, seconds=0.01) for _ in range(100)]
    one = start("slow", john, count=2, seconds=0.01)
    workers.ours()

    ended = wait_for(one, is_over)

    before = select(func.count()).where(Run.id.in_(heap), Run.finished_at < ended.finished_at)
    assert db.session.scalar(before) == outbox.SENT_PER_MEMBER
    assert wait_for(heap[4], is_over).state == "succeeded", "the heap goes on, one after the other"


def test_never_more_than_two_of_a_member_at_once(susan, workers):
    for _ in range(3):
        workers.ours()
    runs = [start("slow", susan, count=20, seconds=0.01) for _ in range(5)]

    ended = [wait_for(run, is_over) for run in runs]

    begun = {row.claimed_at: 1 for row in ended} | {row.finished_at: -1 for row in ended}
    assert len(begun) == 10
    assert max(accumulate(begun[moment] for moment in sorted(begun))) == 2


def test_a_letter_does_not_wait_for_imports(susan, john, mary, workers):
    """Beside long work where a worker is left for letters, and before the next import where there is only one."""
    workers.ours()
    monitor.refresh()
    posts = [{"body": f"Post {number}", "timestamp": "2020-01-01T00:00:00Z"} for number in range(1_000)]
    upload = uploads.receive(john, io.BytesIO(json.dumps({"posts": posts}).encode()), "posts.json")
    db.session.commit()
    wait_for(upload.run_id, is_over)
    long = start("slow", susan, **ENDLESS)
    wait_for(long, lambda row: row.done > 0)
    second = uploads.confirm(john, db.session.merge(upload)).id
    db.session.commit()

    behind = start("short_one", mary)
    control.cancel(fresh(long), by=susan)
    db.session.commit()

    ended = wait_for(behind, is_over)
    assert ended.sent_to == "microblog-high"
    assert wait_for(second, is_over).claimed_at > ended.finished_at

    long = start("slow", susan, **ENDLESS)
    wait_for(long, lambda row: row.done > 0)
    workers.ours("microblog-high")
    monitor.refresh()
    wait_for(start("short_one", mary), is_over)
    assert fresh(long).state == "running"


def test_fifty_starts_at_once_keep_the_quota(susan, live_server):
    answers = SignedIn(live_server.url, "susan").clicks("/tasks/rationed", 50)

    assert answers == [(202, False)] * 5 + [(429, True)] * 45
    assert db.session.scalar(select(func.count()).select_from(Run)) == 5


def test_fifty_starts_at_once_keep_the_limit_and_send_two(susan, live_server):
    here = SignedIn(live_server.url, "susan")
    waiting = {"task": "slow", "title": "Slow", "queue": "microblog-tasks", "state": "queued"}
    db.session.add_all(Run(id=str(uuid6.uuid7()), user_id=susan.id, **waiting) for _ in range(180))
    db.session.commit()

    answers = here.clicks("/tasks/slow", 50)

    assert answers == [(202, False)] * 20 + [(429, True)] * 30
    assert db.session.scalar(select(func.count()).where(Run.sent_at.is_not(None))) == 2
