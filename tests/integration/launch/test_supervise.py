"""The supervisor with real processes: what dies comes back, and nothing outlives it."""

import os
import signal
import sys
import time
from pathlib import Path

import pytest

from tests.processes import PATIENCE_SECONDS, Process, is_alive

# writes its own pid and its child's to a file named for the moment, then waits
PARENT_OF_ONE = """
import os, subprocess, sys, time
child = subprocess.Popen(["sleep", "300"])
open(sys.argv[1], "a").write(f"{os.getpid()} {child.pid}\\n")
time.sleep(300)
"""


@pytest.fixture
def supervise(tmp_path):
    """Start the supervisor over programs that each note their pids in a file of that name."""
    program = tmp_path / "parent_of_one.py"
    program.write_text(PARENT_OF_ONE)
    started: list[Process] = []

    def start(*names: str) -> Process:
        commands = [f"{sys.executable} {program} {tmp_path / name}" for name in names]
        started.append(Process([sys.executable, "-m", "launch.supervise", *commands], {}, tmp_path / "supervise.log"))
        return started[-1]

    yield start
    for process in started:
        process.stop(3)


def pids(file: Path, line: int = 1) -> list[int]:
    """The pids on that line of the file, waiting until it is written."""
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        lines = file.read_text().splitlines(keepends=True) if file.exists() else []
        if len(lines) >= line and lines[line - 1].endswith("\n"):
            return [int(word) for word in lines[line - 1].split()]
        time.sleep(0.02)
    raise AssertionError(f"{file} has no line {line}")


def wait_until_gone(*numbers: int) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while any(is_alive(pid) for pid in numbers):
        assert time.monotonic() < until, f"still alive: {[pid for pid in numbers if is_alive(pid)]}"
        time.sleep(0.02)


def test_what_dies_is_started_again_and_what_it_left_is_cleared_away(supervise, tmp_path):
    supervise("one", "two")
    parent, child = pids(tmp_path / "one")
    others = pids(tmp_path / "two")

    os.kill(parent, signal.SIGKILL)

    new_parent, new_child = pids(tmp_path / "one", line=2)
    wait_until_gone(child)
    assert new_parent != parent and is_alive(new_child)
    assert all(is_alive(pid) for pid in others)


def test_each_death_in_a_row_waits_twice_as_long(supervise, tmp_path):
    process = supervise("one")
    for line in (1, 2):
        os.kill(pids(tmp_path / "one", line)[0], signal.SIGKILL)

    process.wait_until(lambda: "again in 2 s" in process.output, "second wait")
    assert "again in 1 s" in process.output


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_stops_everything_it_started(supervise, tmp_path, number):
    process = supervise("one", "two")
    started = pids(tmp_path / "one") + pids(tmp_path / "two")

    process.signal(number)

    assert process.process.wait(PATIENCE_SECONDS) == 0
    wait_until_gone(*started)


def test_killed_supervisor_leaves_no_child(supervise, tmp_path):
    process = supervise("one", "two")
    children = [pids(tmp_path / name)[0] for name in ("one", "two")]

    process.kill()

    wait_until_gone(*children)


def test_where_the_kernel_cannot_help_a_watcher_ends_the_whole_group(tmp_path):
    """The way of macOS, tried wherever this runs: `launch.lifeline <parent> command…`."""
    program = tmp_path / "parent_of_one.py"
    program.write_text(PARENT_OF_ONE)
    starter = (
        "import os, subprocess, sys, time\n"
        "tied = [sys.executable, '-m', 'launch.lifeline', str(os.getpid()), *sys.argv[1:]]\n"
        "subprocess.Popen(tied, start_new_session=True)\n"
        "time.sleep(300)"
    )
    command = [sys.executable, "-c", starter, sys.executable, str(program), str(tmp_path / "one")]
    process = Process(command, {}, tmp_path / "starter.log")
    started = pids(tmp_path / "one")
    assert all(is_alive(pid) for pid in started)

    process.kill()

    wait_until_gone(*started)
