"""Workers are killed, frozen and told to leave, for real: the run goes on at its cursor, and nothing is done twice."""

import hashlib
import os
import random
import signal
import sqlite3
import time
import zipfile
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta

import pytest
import rq
from sqlalchemy import func, select

from app.adapters.storage import open_storage
from app.engine import control, housekeeping, outbox, queues
from app.extensions import db
from app.models import Artifact, Post, Run, RunEvent, User
from tests.engine_fixtures import fresh, numbers_written, start, timeline, wait_for
from tests.processes import PATIENCE_SECONDS, is_alive
from tests.stopwatch import timed

pytestmark = pytest.mark.faults

LEASE_AND_SWEEP_SECONDS = 5 + 0.5 + 1
BUSY_MACHINE_SECONDS = 3.5  # on top, for a machine that has other things to do; a second lease would take longer
LONG = {"count": 500, "slow_claims": 1}  # ten seconds to come upon it in its first claim, and then it is soon over
ENDLESS = {"count": 100_000}


def write_posts(author, count):
    first = datetime(2020, 1, 1, tzinfo=UTC)
    rows = [
        {"author_id": author.id, "body": f"Post {number}, naïve café ☕", "created_at": first + timedelta(hours=number)}
        for number in range(count)
    ]
    db.session.execute(db.insert(Post), rows)
    db.session.commit()


def zip_digest(app, run):
    artifact = db.session.scalars(select(Artifact).where(Artifact.run_id == run.id)).one()
    with open_storage(app.config["STORAGE_URL"]).open(artifact.storage_key) as file:
        return hashlib.sha256(file.read()).hexdigest()


@pytest.mark.parametrize("victims", [("horse",), ("worker",), ("horse", "worker")])
@pytest.mark.parametrize("kind", ["ours", "stock"])
def test_a_killed_run_goes_on_at_its_cursor(susan, workers, kind, victims):
    worker = getattr(workers, kind)()
    is_left_alone = victims == ("worker",) and kind == "stock"  # RQ's horse works on without its worker
    count = 120 if is_left_alone else LONG["count"]
    run = start("slow", susan, **LONG | {"count": count})
    horse = wait_for(run, lambda row: row.done > 10).worker["pid"]

    done = fresh(run).done
    for victim in victims:
        os.kill(horse if victim == "horse" else worker.pid, signal.SIGKILL)
    if "worker" in victims or kind == "stock":
        workers.ours()
    if is_left_alone:
        wait_for(run, lambda row: row.state == "succeeded")
    else:
        again = wait_for(run, lambda row: row.claim == 2, LEASE_AND_SWEEP_SECONDS + BUSY_MACHINE_SECONDS)
        assert again.done >= done

    ended = wait_for(run, lambda row: not row.is_active)
    assert (ended.state, ended.done, numbers_written(ended)) == ("succeeded", count, count)
    assert ended.attempt == 1


@pytest.fixture
def long_lease(environment):
    """So long that who goes on at once has not waited for its end. Ask for it before `app`."""
    environment["LEASE_SECONDS"] = "600"


def test_a_run_taken_before_its_sender_wrote_that_it_was_sent(long_lease, susan, workers, monkeypatch):
    """A slow page: the next job's name must not be the dead one's, or it is thrown away with that."""
    workers.ours()
    send = queues.send

    def send_and_be_slow(run_id, *rest):
        send(run_id, *rest)
        until = time.monotonic() + PATIENCE_SECONDS
        while not done(run_id) and time.monotonic() < until:
            time.sleep(0.05)

    def done(run_id):
        with db.engine.connect() as connection:
            return connection.scalar(select(Run.done).where(Run.id == run_id))

    with monkeypatch.context() as slow:
        slow.setattr(queues, "send", send_and_be_slow)
        run = start("slow", susan, **LONG)
    os.kill(fresh(run).worker["pid"], signal.SIGKILL)

    again = wait_for(run, lambda row: row.claim == 2)
    assert (again.send, again.sent_to) == (2, "microblog-tasks")
    ended = wait_for(run, lambda row: not row.is_active)
    assert (ended.state, numbers_written(ended), ended.claim) == ("succeeded", 500, 2)


def test_sigterm_reaches_the_task_and_another_worker_goes_on(long_lease, susan, workers):
    first = workers.ours()
    run = start("slow", susan, **LONG | {"count": 2000})
    wait_for(run, lambda row: row.done > 10)
    workers.ours()

    first.signal(signal.SIGTERM)

    again = wait_for(run, lambda row: row.claim == 2)
    assert first.process.wait(PATIENCE_SECONDS) == 0
    assert "shutting down" in " ".join(texts(run))
    ended = wait_for(run, lambda row: not row.is_active)
    assert (ended.state, numbers_written(ended), ended.attempt, ended.strikes) == ("succeeded", 2000, 1, 0)
    assert again.id == run.id


def test_sigterm_to_rqs_simple_worker_hands_the_run_over_and_ends_it(susan, workers):
    """It has no work horse: the signal reaches the task alone, and then the worker must hear of it."""
    simple = workers.stock("-w", "rq.worker.SimpleWorker", "microblog-tasks")
    run = start("slow", susan, **LONG)
    wait_for(run, lambda row: row.done > 10)

    simple.signal(signal.SIGTERM)

    assert simple.process.wait(PATIENCE_SECONDS) == 0
    assert (fresh(run).state, run.claim, run.attempt) == ("queued", 1, 1)
    workers.ours()
    ended = wait_for(run, lambda row: not row.is_active)
    assert (ended.state, ended.claim, numbers_written(ended), ended.strikes) == ("succeeded", 2, 500, 0)


def texts(run):
    return db.session.scalars(select(RunEvent.text).where(RunEvent.run_id == run.id))


def test_a_horse_dies_with_its_worker(susan, workers):
    worker = workers.ours()
    run = start("slow", susan, **ENDLESS)
    horse = wait_for(run, lambda row: row.done > 2).worker["pid"]

    worker.kill()

    wait_until_dead(horse)


def wait_until_dead(pid):
    until = time.monotonic() + PATIENCE_SECONDS
    while is_alive(pid):
        assert time.monotonic() < until, f"process {pid} lives on"
        time.sleep(0.01)


def test_a_zombie_that_wakes_writes_nothing(app, susan, workers):
    workers.ours()
    run = start("slow", susan, **LONG)
    row = wait_for(run, lambda row: row.done > 10)
    frozen = row.worker["pid"]
    # To housekeeping the zombie is on another machine: it cannot be killed, so only the fence is left.
    row.worker = {**row.worker, "host": "elsewhere"}
    db.session.commit()
    freeze(frozen)
    workers.ours()
    wait_for(run, lambda row: row.claim == 2, LEASE_AND_SWEEP_SECONDS + BUSY_MACHINE_SECONDS)

    os.kill(frozen, signal.SIGCONT)

    ended = wait_for(run, lambda row: not row.is_active)
    wait_until_dead(frozen)
    assert (ended.state, numbers_written(ended), fresh(run).done) == ("succeeded", 500, 500)


def freeze(pid):
    """Outside a write: on SQLite it would keep everybody else from writing, and here nobody may kill it for that."""
    os.kill(pid, signal.SIGSTOP)
    while is_written_to():
        os.kill(pid, signal.SIGCONT)
        time.sleep(0.05)
        os.kill(pid, signal.SIGSTOP)


def is_written_to():
    if db.engine.dialect.name != "sqlite":
        return False  # it cuts off who is idle in a transaction
    with closing(sqlite3.connect(db.engine.url.database, timeout=0.5, isolation_level=None)) as other:
        try:
            other.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return True
    return False


def test_an_export_killed_again_and_again_is_byte_identical(app, susan, workers):
    write_posts(susan, 60_000)
    undisturbed = start("export_posts", susan)
    workers.ours()
    wait_for(undisturbed, lambda row: row.state == "succeeded")
    expected = zip_digest(app, undisturbed)

    for _try in range(5):  # an export is quick, and who kills it may come late
        run = start("export_posts", susan)
        percents, kills = [], 0
        while (row := fresh(run)).is_active:
            percents.append(row.percent or 0)
            is_advancing = row.state == "running" and row.claim == kills + 1 and row.advanced_at > row.claimed_at
            if is_advancing and kills < 8:
                with suppress(ProcessLookupError):  # it was done in this moment
                    os.kill(row.worker["pid"], signal.SIGKILL)
                kills += 1
        if kills >= 2:
            break
    assert kills >= 2
    assert (row.state, row.attempt) == ("succeeded", 1)
    assert percents == sorted(percents)
    assert zip_digest(app, row) == expected
    artifact = db.session.scalars(select(Artifact).where(Artifact.run_id == run.id)).one()
    with open_storage(app.config["STORAGE_URL"]).open(artifact.storage_key) as file, zipfile.ZipFile(file) as archive:
        assert archive.namelist() == ["posts.txt", "posts.json"]
        assert archive.read("posts.json").count(b'"body"') == 60_000


def test_three_strikes_and_it_is_stopped(susan, david, workers):
    workers.ours()

    run = wait_for(start("poison", susan), lambda row: not row.is_active)

    assert (run.state, run.reason, run.done) == ("failed", "crashed_three_times", 3)
    assert run.attempt == 1
    with pytest.raises(Exception, match="admin"):
        control.retry(run, by=susan)
    assert control.retry(fresh(run), by=david).state == "queued"


def test_a_hanging_task_is_stopped_and_resumed(susan, workers):
    workers.ours()
    run = start("hangs", susan)

    ended = wait_for(run, lambda row: not row.is_active)

    assert (ended.state, ended.done, ended.claim) == ("succeeded", 5, 2)


def test_cancel_really_stops(susan, workers):
    worker = workers.ours()
    run = start("slow", susan, **ENDLESS)
    wait_for(run, lambda row: row.done > 5)

    control.cancel(fresh(run), by=susan)
    db.session.commit()

    ended = wait_for(run, lambda row: not row.is_active, seconds=housekeeping.HANGING_CANCEL_SECONDS - 5)
    assert ended.state == "cancelled"
    assert 0 < ended.done < ENDLESS["count"]
    assert numbers_written(ended) == ended.done
    assert worker.process.poll() is None
    assert timeline(run.id)[-2:] == ["cancelling", "cancelled"]


@pytest.mark.parametrize("task", ["slow", "faithful"])
def test_a_member_deleted_in_mid_run_takes_the_run_and_its_files_along(app, susan, workers, task):
    worker = workers.ours()
    run = start(task, susan, **ENDLESS)
    wait_for(run, lambda row: row.done > 5)
    folder = open_storage(app.config["STORAGE_URL"]).parts(run.id)

    db.session.execute(db.delete(User).where(User.id == susan.id))
    db.session.commit()

    ended = wait_for(run, lambda row: not row.is_active)
    assert (ended.state, ended.user_id, ended.error, ended.claim) == ("cancelled", None, None, 1), ended.error_trace
    assert numbers_written(ended) == 0
    wait_for(run, lambda _row: not folder.exists())
    assert worker.process.poll() is None


def test_redis_flushed_in_mid_run_is_not_noticed(app, susan, john, workers):
    workers.ours()
    run = start("slow", susan, count=100, seconds=0.02)
    wait_for(run, lambda row: row.done > 5)

    workers.connection.flushall()

    assert wait_for(run, lambda row: not row.is_active).state == "succeeded"
    wait_for(run, lambda _row: len(workers._names()) == 1)  # the worker registered again
    assert wait_for(start("two_steps", john), lambda row: not row.is_active).state == "succeeded"


def test_a_queued_run_that_redis_forgot_is_sent_again(app, susan, workers):
    run = start("two_steps", susan)
    workers.connection.flushall()
    workers.ours()

    def swept(row):
        housekeeping.sweep()
        return not row.is_active

    assert wait_for(run, swept).state == "succeeded"
    assert fresh(run).send == 2


def test_a_redis_that_came_back_empty_is_filled_by_the_next_sweep(app, susan, john, workers):
    housekeeping.sweep()
    runs = [start("slow", member, count=1) for member in (susan, susan, john)]
    running_elsewhere = start("slow", john, count=1)
    fresh(running_elsewhere).state = "running"
    db.session.commit()
    workers.connection.flushall()

    housekeeping.sweep()
    housekeeping.sweep()

    assert [fresh(run).send for run in runs] == [2, 2, 2]
    assert fresh(running_elsewhere).send == 1
    workers.ours()
    for run in runs:
        assert wait_for(run, lambda row: not row.is_active).state == "succeeded"


def test_more_runs_than_one_sweep_sends_do_not_wait_for_long(app, susan, john, workers, monkeypatch):
    """A Redis that came back empty is new for one sweep only."""
    monkeypatch.setattr(housekeeping, "PER_SWEEP", 2)
    housekeeping.sweep()
    runs = [start("slow", member, count=1) for member in (susan, susan, john, john)]
    workers.connection.flushall()

    housekeeping.sweep()
    assert sorted(fresh(run).send for run in runs) == [1, 1, 2, 2]
    housekeeping.sweep()
    housekeeping.sweep()

    assert [fresh(run).send for run in runs] == [2, 2, 2, 2]


@pytest.mark.parametrize("fate", ["gone", "failed"])
def test_a_job_that_is_over_is_missed_by_the_next_sweep(app, susan, workers, fate):
    """Redis came back with what it had saved before; or the work horse of a stock worker was killed before it began."""
    housekeeping.sweep()
    run, other = start("slow", susan, count=1), start("slow", susan, count=1)
    queue = rq.Queue("microblog-tasks", connection=workers.connection)
    job, waiting = queue.jobs
    job.delete()
    if fate == "failed":
        job.save()
        job.set_status("failed")
        queue.failed_job_registry.add(job, ttl=60)

    housekeeping.sweep()
    housekeeping.sweep()

    assert (fresh(run).send, fresh(other).send) == (2, 1)
    assert queue.job_ids == [waiting.id, f"{run.id}-0-2"]
    assert queue.failed_job_registry.get_job_ids(cleanup=False) == []


def test_redis_away_at_the_click_and_back_later(own_redis, app, susan, workers):
    own_redis.kill()
    run, seconds = timed(lambda: start("two_steps", susan))
    assert seconds < 1
    assert (fresh(run).state, run.sent_to) == ("queued", None)

    own_redis.start()
    workers.ours()

    assert wait_for(run, lambda row: not row.is_active).state == "succeeded"


def test_redis_stopped_in_mid_run(own_redis, app, susan, workers):
    worker = workers.ours()
    run = start("slow", susan, count=200, seconds=0.02)
    wait_for(run, lambda row: row.done > 5)

    own_redis.kill()

    ended = wait_for(run, lambda row: not row.is_active)
    assert (ended.state, ended.claim, numbers_written(ended)) == ("succeeded", 1, 200)
    own_redis.start()
    assert wait_for(start("two_steps", susan), lambda row: not row.is_active).state == "succeeded"
    assert worker.process.poll() is None


def test_what_was_sent_to_a_queue_whose_last_worker_leaves_is_done_by_others(susan, john, workers):
    high = workers.ours("microblog-high")
    busy = outbox.request("slow", by=john, args=LONG | {"count": 2000})
    busy.queue = "microblog-high"
    db.session.commit()
    wait_for(busy, lambda row: row.done > 2)
    waiting = start("short_one", susan)
    assert fresh(waiting).sent_to == "microblog-high"
    workers.ours("microblog-tasks")

    high.signal(signal.SIGTERM)

    ended = wait_for(waiting, lambda row: not row.is_active, seconds=25)  # 35, had it not taken its leave
    assert (ended.state, ended.sent_to, ended.send) == ("succeeded", "microblog-tasks", 2)
    assert rq.Queue("microblog-high", connection=workers.connection).job_ids == []


@pytest.mark.parametrize("mode", ["thread", "hold"])
def test_without_redis_a_thread_does_it_under_the_same_claim(environment, own_redis, mode, request):
    environment["TASK_FALLBACK"] = mode
    app = request.getfixturevalue("app")
    susan = request.getfixturevalue("susan")
    own_redis.kill()

    run = start("slow", susan, count=20, seconds=0.01)

    if mode == "hold":
        housekeeping.sweep()
        assert fresh(run).state == "queued"
    else:
        assert wait_for(run, lambda row: not row.is_active).state == "succeeded"
        assert (numbers_written(fresh(run)), fresh(run).claim) == (20, 1)
    assert app.config["TASK_FALLBACK"] == mode


def test_web_and_one_stock_worker_recover_too(app, susan, workers, live_server):
    workers.stock()
    run = start("slow", susan, **LONG)
    horse = wait_for(run, lambda row: row.done > 5).worker["pid"]

    os.kill(horse, signal.SIGKILL)

    wait_for(run, lambda row: row.claim == 2, LEASE_AND_SWEEP_SECONDS + BUSY_MACHINE_SECONDS)
    ended = wait_for(run, lambda row: not row.is_active)
    assert (ended.state, ended.claim, numbers_written(ended)) == ("succeeded", 2, 500)


@pytest.mark.timeout(600)
def test_thirty_kills_in_one_run(susan, workers):
    """At any moment after the claim got somewhere: between two batches, in the middle of one, in its commit."""
    dice = random.Random(2)
    workers.ours()
    run = start("slow", susan, count=4000, seconds=0.005, slow_claims=30)
    kills = 0
    while kills < 30 and (row := fresh(run)).is_active:
        if row.state == "running" and row.claim == kills + 1 and row.done > 0 and row.advanced_at > row.claimed_at:
            time.sleep(dice.random() * 0.1)
            os.kill(row.worker["pid"], signal.SIGKILL)
            kills += 1
        time.sleep(0.005)

    ended = wait_for(run, lambda row: not row.is_active, seconds=200)
    assert (ended.state, ended.done, numbers_written(ended), ended.attempt) == ("succeeded", 4000, 4000, 1)
    assert kills == 30
    assert db.session.scalar(select(func.count()).where(Run.id == run.id)) == 1


@pytest.mark.parametrize("kind", ["ours", "stock"])
def test_an_item_longer_than_the_lease_keeps_its_claim(susan, workers, live_server, kind):
    getattr(workers, kind)()
    run = start("long_item", susan, seconds=7)

    ended = wait_for(run, lambda row: not row.is_active)

    assert (ended.state, ended.claim, ended.strikes) == ("succeeded", 1, 0), timeline(run.id)
