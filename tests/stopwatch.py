"""How long something makes its caller wait; that a busy machine does not let the caller run is no fault of it."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

Answer = TypeVar("Answer")


def timed(action: Callable[[], Answer]) -> tuple[Answer, float]:
    """The answer and the seconds it took, without those in which this thread could have run and had no processor."""
    began, queued = time.monotonic(), _queued_seconds()
    answer = action()
    return answer, time.monotonic() - began - (_queued_seconds() - queued)


def _queued_seconds() -> float:
    """How long this thread has stood in line for a processor so far; 0 where the kernel does not tell."""
    try:
        return int(Path("/proc/thread-self/schedstat").read_text().split()[1]) / 1e9
    except OSError:
        return 0.0
