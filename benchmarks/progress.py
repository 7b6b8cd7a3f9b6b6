"""What `run.each` costs: a loop of 100,000 items in a run against the bare loop. And how often a run of
ten seconds tells the member.

The two loops take turns, each run is compared with the bare loops just before and after it, and the median of many
rounds counts: on a shared machine the same bare loop takes between half and twice its usual time.
"""

import hashlib
import time
from collections.abc import Callable, Iterable

from app.engine import Run, outbox, runner, task
from app.extensions import db
from app.models import NotificationCounter
from benchmarks import house

ITEMS = 100_000
HASHES = 20_000
LONG_SECONDS = 10
BLOCK = bytes(64 * 1024)
seconds: dict[str, float] = {}


def three_microseconds() -> None:
    """About three microseconds of plain work."""
    for _ in turns:
        pass


def calibrate() -> None:
    """Find how many turns three microseconds are on this machine: the median of many tries, as its speed varies.

    Twice, as what does not depend on the turns (the call, the loop) is scaled with them at first.
    """
    global turns
    for _ in range(2):
        times = [walk(range(ITEMS), three_microseconds) / ITEMS for _ in range(15)]
        turns = range(max(round(len(turns) * 3e-6 / house.percentile(times, 0.5)), 1))


turns = range(80)


def walk(items: Iterable[int], work: Callable[[], object]) -> float:
    """Seconds of a loop over the items: one piece of code for both, as the same loop written twice differs by 10 %."""
    began = time.perf_counter()
    for _ in items:
        work()
    return time.perf_counter() - began


def hash_of_a_block() -> None:
    """About 45 microseconds, without the interpreter's lock."""
    hashlib.sha256(BLOCK).digest()


@task(title="Loop", unit="items", unique=None, visible=False)
def benchmark_loop(run: Run, *, items: int) -> None:
    """Three microseconds an item."""
    seconds["loop"] = walk(run.each(range(items)), three_microseconds)


@task(title="Hash", unit="blocks", unique=None, visible=False)
def benchmark_hash(run: Run, *, items: int) -> None:
    """A hash of 64 KiB an item."""
    seconds["hash"] = walk(run.each(range(items)), hash_of_a_block)


def main() -> None:
    """Measure and print."""
    with house.open_house():
        _run("benchmark_loop", ITEMS)  # warms up what is built once
        calibrate()
        for name, bare, items, rounds, bound in (
            ("loop", three_microseconds, ITEMS, 80, "<= 1.10"),
            ("hash", hash_of_a_block, HASHES, 20, "<= 1.02"),
        ):
            references, runs = [walk(range(items), bare)], []
            for _ in range(rounds):
                _run(f"benchmark_{name}", items)
                references.append(walk(range(items), bare))
                runs.append(seconds[name])
            reference = house.percentile(references, 0.5)
            house.say(f"{name}: bare, an item", reference / items * 1e6, unit="µs")
            ratios = [
                2 * one / (before + after) for one, before, after in zip(runs, references, references[1:], strict=False)
            ]
            house.say(f"{name}: in a run against the bare loop", house.percentile(ratios, 0.5), bound)
            told = _run(f"benchmark_{name}", round(items * LONG_SECONDS / reference))
            house.say(f"{name}: notifications a second", told / seconds[name], "<= 4", "/s")


def _run(name: str, items: int) -> int:
    """Do it in this process; returns how many notifications it wrote beside its states and its last count."""
    member = house.first_member()
    run = outbox.request(name, by=member, args={"items": items})
    outbox.keep_from_sending(run)
    run_id, before = run.id, _seq(member.id)
    db.session.commit()
    runner.perform(run_id, 0)
    return _seq(member.id) - before - 4


def _seq(user_id: int) -> int:
    counter = db.session.get(NotificationCounter, user_id, populate_existing=True)
    return counter.seq if counter else 0


if __name__ == "__main__":
    main()
