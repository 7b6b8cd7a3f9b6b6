"""Letters while workers are killed, Redis is away and the mail server comes and goes."""

import os
import signal
import threading
import time
from collections import Counter

import pytest
from sqlalchemy import select

from app import clock
from app.engine import outbox
from app.extensions import db
from app.models import Letter, Run
from app.services import letters
from tests.crowd import gather
from tests.engine_fixtures import wait_for
from tests.processes import PATIENCE_SECONDS

pytestmark = pytest.mark.faults


def write(member, count, **changes):
    letters.post([letters.draft("trial", member, f"k{number}") | changes for number in range(count)])
    db.session.commit()
    return db.session.scalar(select(Run.id).where(Run.task == "deliver_letters"))


def wait_until_all_are(states):
    until = time.monotonic() + PATIENCE_SECONDS
    while (found := set(db.session.scalars(select(Letter.state)))) - states:
        assert time.monotonic() < until, found
        db.session.rollback()
        time.sleep(0.05)
    db.session.rollback()


def copies(mail_server):
    return Counter(letter["Message-ID"] for letter in mail_server.letters)


@pytest.mark.parametrize("is_bulk", [False, True])
def test_killed_postman_leaves_one_letter_at_most_in_doubt(mail_server, susan, workers, is_bulk):
    is_hit = threading.Event()
    mail_server.meanwhile = lambda: len(mail_server.letters) < 10 or is_hit.wait(PATIENCE_SECONDS)
    run_id = write(susan, 60, is_bulk=is_bulk)
    workers.ours()
    mail_server.wait_for(10)
    horse = wait_for(run_id, lambda run: run.worker).worker["pid"]

    os.kill(horse, signal.SIGKILL)
    is_hit.set()
    wait_until_all_are({"sent", "dead"})

    dead = db.session.scalar(select(db.func.count()).where(Letter.state == "dead"))
    arrived = copies(mail_server)
    if is_bulk:
        assert set(arrived.values()) == {1}
        assert dead <= 1 and len(arrived) >= 59
    else:
        assert len(arrived) == 60 and dead == 0
        assert sum(arrived.values()) <= 61


def test_deploy_sends_no_letter_twice(mail_server, susan, workers):
    mail_server.meanwhile = lambda: time.sleep(0.01)
    write(susan, 60, is_bulk=True)
    first = workers.ours()
    mail_server.wait_for(10)

    first.stop(PATIENCE_SECONDS)
    workers.ours()
    wait_until_all_are({"sent"})

    assert set(copies(mail_server).values()) == {1} and len(mail_server.letters) == 60


def test_killed_round_of_digests_goes_on_and_writes_nobody_twice(mail_server, john, workers):
    gather(60, john)
    fault = {"kind": "crash", "at": 40, "seconds": 0.0, "is_always": False}
    run = outbox.request("send_digests", by=None, fault=fault)
    db.session.commit()
    workers.ours()

    ended = wait_for(run, lambda row: row.finished_at)
    wait_until_all_are({"sent"})

    assert (ended.state, ended.done, ended.claim) == ("succeeded", 60, 2)
    assert sorted(Counter(letter["To"] for letter in mail_server.letters).values()) == [1] * 60


def test_lone_stock_worker_delivers(mail_server, susan, workers):
    workers.stock()

    write(susan, 3)

    wait_until_all_are({"sent"})
    assert len(mail_server.letters) == 3


def test_letter_written_while_redis_is_away_waits_for_it(own_redis, mail_server, susan, workers):
    own_redis.kill()
    write(susan, 1)

    own_redis.start()
    workers.ours()

    wait_until_all_are({"sent"})
    assert len(mail_server.letters) == 1


def test_short_work_goes_out_from_the_request_itself_where_that_is_wanted(environment, own_redis, mail_server, request):
    environment["TASK_FALLBACK"] = "inline"
    susan = request.getfixturevalue("susan")
    own_redis.kill()

    write(susan, 1)

    assert len(mail_server.letters) == 1


def test_letters_outlast_a_mail_server_that_is_away(mail_server, susan, workers):
    mail_server.stop()
    write(susan, 5)
    workers.ours()
    until = time.monotonic() + PATIENCE_SECONDS
    while not (found := db.session.scalar(select(Letter.error).limit(1))):
        assert time.monotonic() < until
        db.session.rollback()
        time.sleep(0.05)
    assert "does not let us in" in found

    mail_server.start()
    db.session.execute(db.update(Letter).values(next_at=clock.now()))
    db.session.commit()

    wait_until_all_are({"sent"})
    assert set(copies(mail_server).values()) == {1} and len(mail_server.letters) == 5
