"""What the fault lab injects is real, and each run ends as its page promises; with real workers."""

import os
import signal

import pytest

from app.engine import faults, housekeeping
from app.extensions import db
from app.models import Post
from app.services import lab
from tests.engine_fixtures import fresh, timeline, wait_for

pytestmark = pytest.mark.faults

LEASE_AND_SWEEP_SECONDS = 5 + 0.5 + 1
BUSY_MACHINE_SECONDS = 3.5
ITEMS = {"count": 12, "seconds": 0.05}


@pytest.fixture(autouse=True)
def redis_switch(app):
    """Whatever a test cuts off is reachable again afterwards."""
    yield
    faults.cut_redis(0)


def begin(by, kind, task="rehearse", args=ITEMS, **values):
    experiment = lab.find_experiment(kind)
    run = lab.start(by, lab.find_task(by, task), args, lab.fault(experiment, **values), f"{kind} {task}")
    db.session.commit()
    return run


def end_of(run):
    """The run when it is over, and what its page then says of each promise."""
    ended = wait_for(run, lambda row: not row.is_active)
    return ended, [standing for _, standing in lab.lesson(ended).lines]


@pytest.mark.parametrize("kind", ["ours", "stock"])
def test_a_crash_once_goes_on_at_the_cursor(david, workers, kind):
    getattr(workers, kind)()
    if kind == "stock":
        workers.ours("microblog-high")
    run = begin(david, "crash", at=6)

    ended, standings = end_of(run)

    assert (ended.state, ended.ok_count, ended.claim, ended.attempt) == ("succeeded", 12, 2, 1)
    assert set(standings) == {"seen"}
    assert timeline(run.id) == ["queued", "claim", "fault", "queued", "claim", "succeeded"]


def test_a_crash_every_time_is_stopped_after_three(david, workers):
    workers.ours()

    each_a_batch = {"count": 12, "seconds": 0.3}
    ended, standings = end_of(begin(david, "crash", args=each_a_batch, at=6, often="always"))

    assert (ended.state, ended.reason, ended.attempt) == ("failed", "crashed_three_times", 1)
    assert ended.done == 5
    assert set(standings) == {"seen"}


def test_an_error_once_is_tried_again(david, workers):
    workers.ours()

    ended, standings = end_of(begin(david, "error", at=6))

    assert (ended.state, ended.ok_count, ended.attempt) == ("succeeded", 12, 2)
    assert set(standings) == {"seen"}


def test_an_error_every_time_ends_red(david, workers):
    workers.ours()

    ended, standings = end_of(begin(david, "error", "slow", {"count": 8, "seconds": 0}, at=4, often="always"))

    assert (ended.state, ended.done) == ("failed", 3)
    assert "The fault lab asked for an error" in ended.error_trace
    assert set(standings) == {"seen"}


def test_a_bad_item_leaves_the_rest_done(david, workers):
    workers.ours()

    ended, standings = end_of(begin(david, "item", at=6))

    assert (ended.state, ended.ok_count, ended.failed_count) == ("partial", 11, 1)
    assert set(standings) == {"seen"}


def test_a_hang_is_given_up_and_resumed(david, workers):
    workers.ours()

    ended, standings = end_of(begin(david, "hang", at=6, seconds=2))

    assert (ended.state, ended.ok_count, ended.claim) == ("succeeded", 12, 2)
    assert set(standings) == {"seen"}


def test_a_frozen_process_is_killed_and_another_goes_on(david, workers):
    workers.ours()
    run = begin(david, "freeze", at=6)
    wait_for(run, lambda row: "fault" in timeline(row.id))
    frozen = fresh(run).worker["pid"]

    wait_for(run, lambda row: row.claim == 2, LEASE_AND_SWEEP_SECONDS + BUSY_MACHINE_SECONDS)

    ended, standings = end_of(run)
    assert (ended.state, ended.ok_count, ended.attempt) == ("succeeded", 12, 1)
    assert set(standings) == {"seen"}
    with pytest.raises(ProcessLookupError):
        os.kill(frozen, 0)


def test_one_woken_by_hand_goes_on_itself(david, workers):
    workers.ours(LEASE_SECONDS="600")  # whoever wakes it may come late
    run = begin(david, "freeze", "slow", {"count": 12, "seconds": 0.01}, at=6)
    wait_for(run, lambda row: "fault" in timeline(row.id))

    os.kill(fresh(run).worker["pid"], signal.SIGCONT)

    ended, _ = end_of(run)
    assert (ended.state, ended.ok_count, ended.claim) == ("succeeded", 12, 1)


@pytest.mark.parametrize(("seconds", "lease", "claims"), [(1.5, "600", 1), (9, "5", 2)])
def test_a_database_that_is_away_costs_nothing(david, workers, seconds, lease, claims):
    workers.ours(LEASE_SECONDS=lease)

    ended, standings = end_of(begin(david, "database", at=6, seconds=seconds))

    assert (ended.state, ended.ok_count, ended.attempt, ended.claim) == ("succeeded", 12, 1, claims)
    assert set(standings) == {"seen"}


def test_redis_away_at_the_click_delays_the_run(david, workers):
    workers.ours()
    run = begin(david, "redis_at_start", seconds=300)
    housekeeping.sweep()
    assert (fresh(run).state, fresh(run).sent_to) == ("queued", None)
    faults.cut_redis(1)

    ended, standings = end_of(run)

    assert ended.state == "succeeded"
    assert set(standings) == {"seen"}


def test_redis_away_in_mid_run_is_not_noticed(david, workers):
    workers.ours()

    ended, standings = end_of(begin(david, "redis", at=6, seconds=3))

    assert (ended.state, ended.claim) == ("succeeded", 1)
    assert set(standings) == {"seen"}


def test_slowness_is_slow_and_true(david, workers):
    workers.ours()

    ended, standings = end_of(begin(david, "slow", args={"count": 5, "seconds": 0}, seconds=0.3))

    assert (ended.finished_at - ended.claimed_at).total_seconds() >= 1.5
    assert set(standings) == {"seen"}


@pytest.mark.parametrize("task", ["example_long_task", "export_posts", "make_samples", "recount"])
def test_the_real_tasks_survive_a_crash(david, workers, task):
    workers.ours()
    args = {"count": 3000} if task == "make_samples" else {}

    db.session.add_all(Post(author_id=david.id, body=f"Post {number}") for number in range(5))

    ended, standings = end_of(begin(david, "crash", task, args, at=2))

    assert (ended.state, ended.claim, ended.attempt) == ("succeeded", 2, 1)
    assert set(standings) == {"seen"}
