"""No memory left: refused, an attempt ends with a sentence; taken by force (the kernel's killer), the run goes on."""

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from app.engine import outbox
from app.extensions import db
from tests.engine_fixtures import end_back_off, timeline, wait_for
from tests.processes import PATIENCE_SECONDS

pytestmark = pytest.mark.faults

LIMIT_BYTES = 128 * 1024**2


def start(by):
    run = outbox.request("hoards", by=by)
    db.session.commit()
    return run


def test_memory_refused_ends_the_attempt_with_a_sentence(environment, request):
    """The process is at its RLIMIT_AS, and the task's hoard is still held by the error's own traceback."""
    environment["TASK_MODULES"] = "tests.trials,tests.little_memory,tests.impatient"
    worker = request.getfixturevalue("workers").ours()
    run = start(request.getfixturevalue("susan"))

    broken = wait_for(run, lambda row: row.state == "retrying" or not row.is_active)

    assert (broken.state, broken.error, broken.claim, broken.done) == (
        "retrying",
        "There is not enough memory.",
        1,
        2,
    ), worker.output
    assert "MemoryError" in broken.error_trace
    end_back_off(run)
    ended = wait_for(run, lambda row: not row.is_active)
    assert (ended.state, ended.attempt, ended.strikes, ended.done) == ("succeeded", 2, 0, 5)
    assert worker.process.poll() is None


class Cgroup:
    """A memory cgroup, of version 1 or 2: whoever takes more than its limit is killed by the kernel."""

    def __init__(self) -> None:
        one, two = Path("/sys/fs/cgroup/memory"), Path("/sys/fs/cgroup")
        is_one = (one / "memory.limit_in_bytes").exists()
        self.folder = (one if is_one else two) / f"microblog-test-{os.getpid()}"
        self.limit, self.events = (
            ("memory.limit_in_bytes", "memory.oom_control") if is_one else ("memory.max", "memory.events")
        )
        self.swap = "memory.memsw.limit_in_bytes" if is_one else "memory.swap.max"
        if not is_one:
            (two / "cgroup.subtree_control").write_text("+memory")
        self.folder.mkdir()
        (self.folder / self.limit).write_text(str(LIMIT_BYTES))
        with suppress(OSError):  # a kernel that does not count swap
            (self.folder / self.swap).write_text(str(LIMIT_BYTES if is_one else 0))

    def take(self, pid: int) -> None:
        (self.folder / "cgroup.procs").write_text(str(pid))

    @property
    def kills(self) -> int:
        lines = (self.folder / self.events).read_text().splitlines()
        return sum(int(line.split()[1]) for line in lines if line.startswith("oom_kill "))

    def remove(self) -> None:
        """It can go once the last process in it is gone."""
        until = time.monotonic() + PATIENCE_SECONDS
        while (self.folder / "cgroup.procs").read_text() and time.monotonic() < until:
            time.sleep(0.05)
        self.folder.rmdir()


@pytest.fixture
def cgroup(request) -> Iterator[Cgroup]:
    try:
        made = Cgroup()
    except OSError as error:
        pytest.skip(f"No memory cgroup may be made here ({error}), so no memory can be taken but the machine's.")
    yield made
    made.remove()


def test_a_horse_killed_by_the_kernel_for_its_memory_goes_on_at_its_cursor(cgroup, app, susan, workers):
    worker = workers.ours()
    cgroup.take(worker.pid)
    run = start(susan)

    ended = wait_for(run, lambda row: not row.is_active)

    assert cgroup.kills == 1
    assert (ended.state, ended.claim, ended.attempt, ended.strikes, ended.done) == ("succeeded", 2, 1, 0, 5)
    assert timeline(run.id) == ["queued", "claim", "queued", "claim", "succeeded"]
    assert worker.process.poll() is None
    worker.stop()
