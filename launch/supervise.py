"""Keeps commands running: starts again what dies, after 1, 2, 4 … 30 s. `python -m launch.supervise "this" "that"`."""

import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable

from launch import lifeline

LONGEST_WAIT_SECONDS, STEADY_SECONDS, GRACE_SECONDS = 30, 60, 30


class Child:
    """A command kept running. `is_base` marks what the others stand on: it is stopped after them."""

    def __init__(self, name: str, command: list[str], is_base: bool = False) -> None:
        self.name, self.command, self.is_base = name, command, is_base
        self.wait_seconds, self.due_at, self.started_at = 1.0, 0.0, 0.0
        self.process: subprocess.Popen[bytes] | None = None

    def tend(self) -> None:
        """Start it if it is due; if it has died, clear up what it left and say when it starts again."""
        now = time.monotonic()
        if self.process is None:
            if now >= self.due_at:
                self.process, self.started_at = lifeline.start(self.command), now
        elif self.process.poll() is not None:
            self.send(signal.SIGKILL)
            if now - self.started_at > STEADY_SECONDS:
                self.wait_seconds = 1.0
            print(f"{self.name} ended ({self.process.returncode}); again in {self.wait_seconds:.0f} s", flush=True)
            self.process, self.due_at = None, now + self.wait_seconds
            self.wait_seconds = min(2 * self.wait_seconds, LONGEST_WAIT_SECONDS)

    def send(self, number: int) -> None:
        """Send the signal: SIGKILL to the child and all it started, another to the child alone, if it lives."""
        if self.process is not None and (number == signal.SIGKILL or self.process.poll() is None):
            try:
                (os.killpg if number == signal.SIGKILL else os.kill)(self.process.pid, number)
            except (ProcessLookupError, PermissionError):
                pass  # the group is empty, or (macOS) holds only the dead


def keep_up(children: list[Child], meanwhile: Callable[[], None] = lambda: None) -> None:
    """Keep the children running until SIGINT, SIGTERM or SIGHUP; then stop them politely, the bases last."""
    asked: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _frame: asked.append(number))
    while not asked:
        for child in children:
            child.tend()
        meanwhile()
        time.sleep(0.1)
    for is_base in (False, True):
        stop([child for child in children if child.is_base == is_base], asked)


def stop(children: list[Child], asked: list[int]) -> None:
    """Ask the children to end and wait; after GRACE_SECONDS, or when asked a second time, kill them."""
    until = time.monotonic() + GRACE_SECONDS
    for child in children:
        child.send(signal.SIGTERM)
    while any(child.process and child.process.poll() is None for child in children):
        if time.monotonic() > until or len(asked) > 1:
            break
        time.sleep(0.05)
    for child in children:
        child.send(signal.SIGKILL)
        if child.process:
            child.process.wait()


if __name__ == "__main__":
    keep_up([Child(line, shlex.split(line)) for line in sys.argv[1:]])
