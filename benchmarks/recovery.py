"""A worker is killed or frozen in mid-run: seconds until the run's next batch is committed by another claim.

With the lease and the sweep as they are by default (LEASE_SECONDS, SWEEP_SECONDS), under our worker and under RQ's own
beside a web process. Each run is then cancelled and its items counted: as many rows as it says are done.
"""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import ExitStack

from sqlalchemy import func, insert, select

from app.engine import Run as Handle
from app.engine import control, outbox, task
from app.extensions import db
from app.models import Post, User, run_state
from benchmarks import house

OURS, STOCK = ("flask", "worker"), ("rq.cli", "worker", "microblog-tasks")


@task(title="Steady", unit="posts", unique=None, visible=False, quota=None)
def benchmark_items(run: Handle) -> None:
    """Write a post an item, five milliseconds each."""
    author_id, created_at = run.user.id, run.user.created_at
    for number in run.each(range(1_000_000)):
        time.sleep(0.005)
        row = {"author_id": author_id, "body": "item", "source_id": f"{run.id}:{number}", "created_at": created_at}
        db.session.execute(insert(Post).values(row))


def kill_horse(worker: int, horse: int) -> None:
    """The work horse alone."""
    os.kill(horse, signal.SIGKILL)


def kill_worker(worker: int, horse: int) -> None:
    """The worker alone; whether its horse lives on is its own affair."""
    os.kill(worker, signal.SIGKILL)


def kill_both(worker: int, horse: int) -> None:
    """As when the machine goes: nobody is left to tell."""
    os.kill(worker, signal.SIGSTOP)
    os.kill(horse, signal.SIGKILL)
    os.kill(worker, signal.SIGKILL)


def kill_group(worker: int, horse: int) -> None:
    """The whole process group, as a terminal or a supervisor does."""
    for group in {os.getpgid(worker), os.getpgid(horse)}:
        os.killpg(group, signal.SIGKILL)


def end_worker(worker: int, horse: int) -> None:
    """A deploy."""
    os.kill(worker, signal.SIGTERM)


def freeze_both(worker: int, horse: int) -> None:
    """They sleep past their lease, and wake when another has the run."""
    os.kill(worker, signal.SIGSTOP)
    os.kill(horse, signal.SIGSTOP)


FAULTS: list[tuple[str, tuple[str, ...], Callable[[int, int], None]]] = [
    ("our worker: SIGTERM", OURS, end_worker),
    ("our worker: kill -9 of the work horse", OURS, kill_horse),
    ("our worker: kill -9 of the worker", OURS, kill_worker),
    ("our worker: kill -9 of both at once", OURS, kill_both),
    ("our worker: kill -9 of its process groups", OURS, kill_group),
    ("our worker: SIGSTOP of both, later SIGCONT", OURS, freeze_both),
    ("rq worker and web: kill -9 of the work horse", STOCK, kill_horse),
    ("rq worker and web: kill -9 of both at once", STOCK, kill_both),
]


def main() -> None:
    """Measure and print."""
    with house.open_house() as app, house.served():
        bound = f"<= {app.config['LEASE_SECONDS'] + app.config['SWEEP_SECONDS'] + 1:.0f}"
        for (name, command, fault), member in zip(FAULTS, db.session.query(User).order_by(User.id).all(), strict=False):
            seconds, fell, doubled = _try(command, fault, member)
            house.say(f"{name}", seconds, bound, "s")
            assert (fell, doubled) == (0, 0), f"{name}: the bar fell {fell} times, {doubled} items were done twice"


def _try(command: tuple[str, ...], fault: Callable[[int, int], None], member: User) -> tuple[float, int, int]:
    """One run, one fault: (seconds until it went on, how often the bar fell, items whose effect was doubled)."""
    with ExitStack() as stack:
        workers = [_start(stack, command) for _ in range(2)]
        run = outbox.request("benchmark_items", by=member)
        run_id = run.id
        db.session.commit()
        house.wait_until(lambda: house.look(run_id).done > 50, 30)
        row = house.look(run_id)
        claim, mark, horse = row.claim, row.done, row.worker["pid"]
        holder, began = house.parent(horse), time.monotonic()
        fault(holder, horse)
        house.wait_until(lambda: house.look(run_id).claim > claim and house.look(run_id).done > mark, 120)
        seconds = time.monotonic() - began
        for pid in (horse, holder):
            _wake(pid)
        fell = _watch(run_id, mark, 1.0)
        control.cancel(house.look(run_id), by=db.session.merge(member))
        db.session.commit()
        house.wait_until(lambda: house.look(run_id).state == run_state.CANCELLED, 60)
        written = db.session.scalar(select(func.count()).where(Post.source_id.startswith(f"{run_id}:"))) or 0
        doubled = abs(written - house.look(run_id).done)
        for worker in workers:
            if worker.poll() is None:
                worker.kill()
        return seconds, fell, doubled


def _start(stack: ExitStack, command: tuple[str, ...]) -> subprocess.Popen[bytes]:
    worker = stack.enter_context(house.process(*command, TASK_MODULES="benchmarks.recovery"))
    house.wait_until(lambda: house.is_listening(worker.pid), 30)
    return worker


def _watch(run_id: str, mark: int, seconds: float) -> int:
    """How often fewer items are done than were before."""
    fell, until = 0, time.monotonic() + seconds
    while time.monotonic() < until:
        done = house.look(run_id).done
        fell += done < mark
        mark = done
        time.sleep(0.02)
    return fell


def _wake(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGCONT)
    except ProcessLookupError:
        return  # it was killed, not frozen


if __name__ == "__main__":
    main()
