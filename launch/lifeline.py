"""Ties a process to its parent's life, so that even `kill -9` of the parent leaves no orphan."""

import ctypes
import os
import signal
import subprocess
import sys
import time

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


def die_with(parent: int) -> None:
    """Have Linux kill this process the moment its parent is gone; elsewhere `command` sees to it."""
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def start(command: list[str]) -> subprocess.Popen[bytes]:
    """The command as a child in a session of its own (Ctrl-C does not reach it) that dies with this process."""
    parent = os.getpid()
    if _libc is not None:
        return subprocess.Popen(command, start_new_session=True, preexec_fn=lambda: die_with(parent))
    return subprocess.Popen([sys.executable, "-m", "launch.lifeline", str(parent), *command], start_new_session=True)


def _watch(parent: int, command: list[str]) -> None:
    """Where the kernel cannot do it: run the command, and end the whole group when the parent is gone."""
    process = subprocess.Popen(command)
    signal.signal(signal.SIGTERM, lambda number, _frame: process.send_signal(number))
    while process.poll() is None:
        if os.getppid() != parent:
            os.killpg(0, signal.SIGKILL)
        time.sleep(0.5)
    sys.exit(process.returncode)


if __name__ == "__main__":
    _watch(int(sys.argv[1]), sys.argv[2:])
