"""`flask worker` with its options, as real processes: limits, a pool that follows the work, a reload in mid-run."""

import os
import signal
import sys
import time
from pathlib import Path

import pytest

from tests.engine_fixtures import fresh, numbers_written, start, timeline, wait_for
from tests.processes import PATIENCE_SECONDS, Process, is_alive

pytestmark = [
    pytest.mark.faults,
    pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at processes in /proc"),
]


ENDLESS = {"count": 100_000}


@pytest.fixture
def own(workers):
    """`flask worker` with options: own("--max-jobs", "2")."""

    def start(*options, **environment):
        return workers._start([sys.executable, "-m", "flask", "worker", *options], environment)

    return start


def children_of(pid):
    """The living children, oldest first, resource trackers and the like left out."""
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split() if is_alive(int(word))]


def wait_until(is_so, what):
    until = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < until, what
        time.sleep(0.02)


def test_a_worker_replaces_itself_after_so_many_jobs(susan, own):
    worker = own("--max-jobs", "2")

    for _ in range(5):
        assert wait_for(start("two_steps", susan), lambda row: not row.is_active).state == "succeeded"

    # a job that is sent twice, which does nothing, counts as one too
    worker.wait_until(lambda: worker.output.count("The worker replaces itself: 2 jobs are done") >= 2, "replacement")
    assert worker.process.poll() is None


def test_a_worker_replaces_itself_when_it_holds_too_much(susan, own):
    worker = own("--max-memory", "1")

    for _ in range(2):
        assert wait_for(start("two_steps", susan), lambda row: not row.is_active).state == "succeeded"

    worker.wait_until(lambda: "The worker replaces itself: it holds" in worker.output, "replacement")
    assert worker.process.poll() is None


def test_a_worker_below_its_limits_stays(susan, own):
    worker = own("--max-jobs", "100", "--max-memory", "10000")

    wait_for(start("two_steps", susan), lambda row: not row.is_active)

    assert "replaces" not in worker.output


def test_burst_ends_when_the_queues_are_empty_whatever_its_limits(susan, john, environment, tmp_path):
    runs = [start("two_steps", member) for member in (susan, john)]

    command = [sys.executable, "-m", "flask", "worker", "--burst", "--max-jobs", "1"]
    worker = Process(command, environment, tmp_path / "burst.log")  # it may be gone before anybody sees it

    assert worker.process.wait(PATIENCE_SECONDS) == 0
    assert [fresh(run).state for run in runs] == ["succeeded", "succeeded"]


def test_sigterm_ends_a_worker_that_replaced_itself(susan, own):
    worker = own("--max-jobs", "1")
    wait_for(start("two_steps", susan), lambda row: not row.is_active)
    run = start("slow", susan, **ENDLESS)
    wait_for(run, lambda row: row.done > 5)

    worker.signal(signal.SIGTERM)

    assert worker.process.wait(PATIENCE_SECONDS) == 0
    assert (fresh(run).state, fresh(run).reason) == ("queued", "deploy")


def test_a_pool_grows_with_the_work_and_shrinks_when_it_is_quiet(susan, john, mary, david, own):
    pool = own("--pool", "1-3")
    assert len(children_of(pool.pid)) == 1
    runs = [start("slow", member, count=200, seconds=0.02) for member in (susan, john, mary, david)]

    wait_until(lambda: len(children_of(pool.pid)) == 3, "the pool does not grow")
    ended = [wait_for(run, lambda row: not row.is_active) for run in runs]

    assert [row.state for row in ended] == ["succeeded"] * 4
    wait_until(lambda: len(children_of(pool.pid)) == 1, "the pool does not shrink")
    assert "it is quiet: 1 workers" in pool.output


def test_sigterm_reaches_every_worker_of_a_pool(susan, john, own):
    pool = own("--pool", "2")
    runs = [start("slow", member, **ENDLESS) for member in (susan, john)]
    for run in runs:
        wait_for(run, lambda row: row.done > 5)
    below = processes_below(pool.pid)

    pool.signal(signal.SIGTERM)

    assert pool.process.wait(PATIENCE_SECONDS) == 0
    assert [(fresh(run).state, fresh(run).reason) for run in runs] == [("queued", "deploy")] * 2
    assert [pid for pid in below if is_alive(pid)] == []


def processes_below(pid):
    below = children_of(pid)
    return below + [lower for child in below for lower in processes_below(child)]


def test_a_killed_pool_leaves_no_orphan(susan, john, own):
    pool = own("--pool", "2")
    for run in [start("slow", member, **ENDLESS) for member in (susan, john)]:
        wait_for(run, lambda row: row.done > 2)
    below = processes_below(pool.pid)
    assert len(below) == 4  # two workers, two work horses

    pool.kill()

    wait_until(lambda: not any(map(is_alive, below)), "orphans")


def test_a_dead_worker_of_a_pool_is_replaced_and_its_run_goes_on(susan, own):
    pool = own("--pool", "1")
    run = start("slow", susan, count=500, slow_claims=1)
    wait_for(run, lambda row: row.done > 5)
    before = children_of(pool.pid)[0]

    os.kill(before, signal.SIGKILL)

    ended = wait_for(run, lambda row: not row.is_active)
    assert (ended.state, ended.claim, numbers_written(ended)) == ("succeeded", 2, 500)
    assert children_of(pool.pid) != [before]
    assert "worker 1 ended (-9); again in 1 s" in pool.output


def test_where_the_kernel_cannot_help_a_horse_sees_itself_that_it_is_alone(susan, own):
    worker = own(TASK_MODULES="tests.trials,tests.elsewhere")
    run = start("slow", susan, **ENDLESS)
    horse = wait_for(run, lambda row: row.done > 2).worker["pid"]

    worker.kill()

    wait_until(lambda: not is_alive(horse), "an orphan")


@pytest.mark.parametrize("size", ["0", "3-1", "many"])
def test_an_impossible_pool_is_refused(app, size):
    result = app.test_cli_runner().invoke(args=["worker", "--pool", size])

    assert result.exit_code == 2
    assert "is no size of a pool" in result.output


def test_a_pool_does_not_burst(app):
    result = app.test_cli_runner().invoke(args=["worker", "--pool", "2", "--burst"])

    assert result.exit_code == 2
    assert "exclude each other" in result.output


CODE = '''
import time
from app.engine import Run, task

@task(title="Edited", unit="items", unique=None)
def edited(run: Run) -> None:
    """Say which code this is, again and again."""
    for number in run.each(range(100_000)):
        time.sleep(0.02)
        run.say("{word}")
'''


def save(file, text):
    """In one piece, as an editor does: nobody reads the half of it."""
    new = file.with_suffix(".new")
    new.write_text(text)
    new.replace(file)


@pytest.fixture
def module(tmp_path, environment, monkeypatch):
    """A file with a task, known to the app and its workers by TASK_MODULES; ask for it before `app`."""
    monkeypatch.syspath_prepend(tmp_path)
    environment["TASK_MODULES"] = "tests.trials,edited_task"
    environment["PYTHONPATH"] = str(tmp_path)
    file = tmp_path / "edited_task.py"
    save(file, CODE.format(word="old"))
    yield file
    sys.modules.pop("edited_task", None)


def test_changed_code_is_loaded_and_the_run_in_hand_goes_on_with_it(module, app, susan, own):
    worker = own("--reload")
    run = start("edited", susan)
    wait_for(run, lambda row: row.message == "old")

    save(module, "def broken(:")
    worker.wait_until(lambda: "is not Python yet" in worker.output, "word about the broken file")
    assert fresh(run).claim == 1
    save(module, CODE.format(word="the new one"))

    again = wait_for(run, lambda row: row.message == "the new one")
    assert again.claim == 2 and again.done > 0
    assert "deploy" not in timeline(run.id)
    assert worker.process.poll() is None
    assert "edited_task.py changed: the worker starts again" in worker.output


def test_a_replaced_worker_holds_its_place_by_signal(susan, own):
    """SIGUSR1: what --reload sends, for who deploys without a supervisor."""
    worker = own()
    run = start("slow", susan, count=500, slow_claims=1)
    wait_for(run, lambda row: row.done > 5)

    worker.signal(signal.SIGUSR1)

    ended = wait_for(run, lambda row: not row.is_active)
    assert (ended.state, ended.claim, numbers_written(ended), ended.strikes) == ("succeeded", 2, 500, 0)
    assert worker.process.poll() is None
