"""A deploy: from SIGTERM to a worker until its run is queued again, and until another worker has it.

One long run is handed on from worker to worker; each is told to end at some moment of its work.
"""

import os
import random
import signal
import subprocess
import time
from contextlib import ExitStack

from sqlalchemy import select

from app.engine import Run as Handle
from app.engine import outbox, task
from app.extensions import db
from app.models import Post, run_state
from benchmarks import house

ROUNDS = 40
POSTS = 200_000


@task(title="Steady", unit="posts", unique=None, visible=False)
def benchmark_steady(run: Handle) -> None:
    """Write every post, two milliseconds each: about a hundred a batch."""
    for post in run.each(select(Post)):
        time.sleep(0.002)
        post.body += "."


def main() -> None:
    """Measure and print."""
    random.seed(1)
    with house.open_house(posts=POSTS) as app, ExitStack() as stack:
        app.config["SWEEP_SECONDS"] = 0.1
        workers = {}
        for _ in range(2):
            _start(stack, workers)
        run = outbox.request("benchmark_steady", by=house.first_member())
        db.session.commit()
        queued, taken = zip(*(_hand_on(run.id, stack, workers) for _ in range(ROUNDS)), strict=True)
        row = house.look(run.id)
        assert (row.attempt, row.strikes, row.claim) == (1, 0, ROUNDS + 1), "a deploy used an attempt"
        for name, times, bound in (("queued again", queued, "<= 1000"), ("running elsewhere", taken, "")):
            house.say(f"SIGTERM to {name}, p50", house.percentile(list(times), 0.5) * 1000, unit="ms")
            house.say(f"SIGTERM to {name}, p95", house.percentile(list(times), 0.95) * 1000, bound, "ms")
            house.say(f"SIGTERM to {name}, worst", max(times) * 1000, unit="ms")


def _start(stack: ExitStack, workers: dict[int, subprocess.Popen[bytes]]) -> None:
    """One more worker that listens."""
    process = stack.enter_context(house.process("flask", "worker", TASK_MODULES="benchmarks.shutdown"))
    workers[process.pid] = process
    house.wait_until(lambda: house.is_listening(process.pid), 30)


def _hand_on(run_id: str, stack: ExitStack, workers: dict[int, subprocess.Popen[bytes]]) -> tuple[float, float]:
    """End the worker that has the run; seconds until it was queued again and until another one has it."""
    house.wait_until(lambda: house.look(run_id).state == run_state.RUNNING, 30)
    time.sleep(random.uniform(0.1, 0.6))
    before = house.look(run_id)
    holder = house.parent(before.worker["pid"])
    claim, began = before.claim, time.perf_counter()
    os.kill(holder, signal.SIGTERM)
    house.wait_until(lambda: house.look(run_id).state == run_state.QUEUED or house.look(run_id).claim > claim, 60)
    queued = time.perf_counter() - began
    house.wait_until(lambda: house.look(run_id).claim > claim, 60)
    taken = time.perf_counter() - began
    workers.pop(holder).wait(30)
    _start(stack, workers)
    return queued, taken


if __name__ == "__main__":
    main()
