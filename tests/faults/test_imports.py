"""An import whose worker is killed again and again brings in every post once, and an undo takes each back once."""

import io
import os
import random
import signal
import time
from contextlib import suppress

import pytest
from sqlalchemy import func, select

from app.extensions import db
from app.models import Post, Run, User
from app.services.imports import uploads
from tests.archives import as_json, many
from tests.engine_fixtures import fresh, wait_for
from tests.importing import post_count

pytestmark = pytest.mark.faults
COUNT = 30_000


def kill_until_over(workers, run, dice, most=12):
    """Kill the run's work horse a moment after it has advanced, over and over; returns how often."""
    kills, killed_claim, killed_at = 0, 0, -1
    while (row := fresh(run)).is_active and kills < most:
        if row.state == "running" and row.claim > killed_claim and row.done > killed_at:
            claim, done, horse = row.claim, row.done, row.worker["pid"]
            time.sleep(dice.random() * 0.1)
            with suppress(ProcessLookupError):
                os.kill(horse, signal.SIGKILL)
                kills, killed_claim, killed_at = kills + 1, claim, done
        time.sleep(0.01)
    return kills


@pytest.mark.timeout(600)
def test_killed_import_and_undo_have_each_effect_once(susan, workers):
    dice = random.Random(3)
    posts = [*many(COUNT), {"body": "", "timestamp": "2021-01-01T00:00:00Z"}]
    for _ in range(2):
        workers.ours()
    upload = uploads.receive(susan, io.BytesIO(as_json(*posts)), "posts.json")
    db.session.commit()
    scan = db.session.get(Run, upload.run_id)
    scan_kills = kill_until_over(workers, scan, dice, most=2)
    assert wait_for(scan, lambda row: not row.is_active).state == "succeeded"
    assert uploads.standing(uploads.find(susan, upload.id)).findings.new == COUNT

    run = uploads.confirm(susan, uploads.find(susan, upload.id))
    db.session.commit()
    kills = kill_until_over(workers, run, dice)
    ended = wait_for(run, lambda row: not row.is_active)

    assert (ended.state, ended.ok_count, ended.failed_count, ended.skipped_count) == ("partial", COUNT, 1, 0)
    assert post_count(susan) == (COUNT, COUNT)
    assert db.session.scalar(select(func.count(Post.source_id.distinct()))) == COUNT
    assert ended.saved["written"] == COUNT

    undo = uploads.undo(susan, uploads.find(susan, upload.id))
    db.session.commit()
    undo_kills = kill_until_over(workers, undo, dice)
    assert wait_for(undo, lambda row: not row.is_active).state == "succeeded"
    assert post_count(susan) == (0, 0)
    assert db.session.scalar(select(User.post_count).where(User.id == susan.id)) == 0
    assert kills >= 1, (scan_kills, kills, undo_kills)
