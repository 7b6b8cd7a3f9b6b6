"""Who is hit, how, and when: every pair of these at least once. One end, every effect once, no attempt used."""

import os
import signal
import time
from contextlib import suppress

import pytest
from sqlalchemy import func, select

from app.engine import outbox
from app.extensions import db
from app.models import Post
from tests.engine_fixtures import fresh, timeline, wait_for
from tests.processes import PATIENCE_SECONDS

pytestmark = pytest.mark.faults

ITEMS = 60
WHEN = {
    "queued": lambda row: row.state == "queued",
    "first": lambda row: row.done >= 1,
    "mid": lambda row: row.done >= ITEMS // 2,
    "last": lambda row: row.done >= ITEMS - 8,
    "after the last": lambda row: not row.is_active,
}
MATRIX = [
    ("worker", "KILL", "queued"),
    ("worker", "TERM", "queued"),
    ("worker", "STOP", "queued"),
    ("horse", "KILL", "first"),
    ("worker", "TERM", "first"),
    ("both", "STOP", "first"),
    ("both", "KILL", "mid"),
    ("groups", "KILL", "mid"),
    ("horse", "TERM", "mid"),
    ("worker", "STOP", "mid"),
    ("worker", "KILL", "last"),
    ("both", "TERM", "last"),
    ("horse", "STOP", "last"),
    ("both", "KILL", "after the last"),
    ("worker", "TERM", "after the last"),
    ("worker", "STOP", "after the last"),
]


@pytest.mark.parametrize(("victim", "how", "when"), MATRIX)
def test_hit(susan, workers, victim, how, when):
    worker = workers.ours()
    if when == "queued":
        worker.signal(signal.SIGSTOP)  # so that the run is still queued when the worker is hit
    run = outbox.request("slow", by=susan, args={"count": ITEMS})
    db.session.commit()
    row = wait_for(run, WHEN[when])
    horse = (row.worker or {}).get("pid")
    all_of_them = ("both", "groups")
    hit = [pid for pid, name in ((worker.pid, "worker"), (horse, "horse")) if pid and victim in (name, *all_of_them)]
    marks = [row.percent or 0]

    for pid in hit:
        send(pid, getattr(signal, f"SIG{how}"), os.killpg if victim == "groups" else os.kill)
    if when == "queued" and how != "STOP":
        send(worker.pid, signal.SIGCONT)
    workers.ours()
    if how == "STOP":
        wait_for(run, lambda row: row.claim >= 2 or not row.is_active)
        for pid in hit:
            send(pid, signal.SIGCONT)

    until = time.monotonic() + PATIENCE_SECONDS
    while (row := fresh(run)).is_active:
        marks.append(row.percent or 0)
        assert time.monotonic() < until, (row.state, row.reason, timeline(run.id))
        time.sleep(0.02)
    time.sleep(0.3)  # whoever woke up would write now, if anything let it
    row = fresh(run)
    written = db.session.scalar(select(func.count()).where(Post.source_id.startswith(run.id)))
    assert (row.state, row.done, written, row.attempt) == ("succeeded", ITEMS, ITEMS, 1), timeline(run.id)
    assert timeline(run.id).count("succeeded") == 1
    assert marks == sorted(marks), "the bar fell"


def send(pid, number, by=os.kill):
    """With `os.killpg`, to the process and all of its group, as a terminal or a supervisor does."""
    with suppress(ProcessLookupError):  # a work horse dies with its worker
        by(os.getpgid(pid) if by is os.killpg else pid, number)
