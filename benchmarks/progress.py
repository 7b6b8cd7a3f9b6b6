"""What `run.each` costs: a loop of 100,000 items in a run against the bare loop. And how often it tells the member."""

import hashlib
import time

from app.engine import Run, outbox, runner, task
from app.extensions import db
from app.models import NotificationCounter
from benchmarks import house

ITEMS = 100_000
HASHES = 20_000
BLOCK = bytes(64 * 1024)
seconds: dict[str, float] = {}


def three_microseconds() -> None:
    """About three microseconds of plain work."""
    for _ in turns:
        pass


def calibrate() -> None:
    """Find how many turns three microseconds are on this machine, now."""
    global turns
    turns = range(20)
    for _ in range(4):
        began = time.perf_counter()
        for _ in range(20_000):
            three_microseconds()
        took = (time.perf_counter() - began) / 20_000
        turns = range(max(round(len(turns) * 3e-6 / took), 1))


turns = range(20)


@task(title="Loop", unit="items", unique=None, visible=False)
def benchmark_loop(run: Run, *, items: int) -> None:
    """Three microseconds an item."""
    began = time.perf_counter()
    for _ in run.each(range(items)):
        three_microseconds()
    seconds["loop"] = time.perf_counter() - began


@task(title="Hash", unit="blocks", unique=None, visible=False)
def benchmark_hash(run: Run, *, items: int) -> None:
    """A hash of 64 KiB an item."""
    began = time.perf_counter()
    for _ in run.each(range(items)):
        hashlib.sha256(BLOCK).digest()
    seconds["hash"] = time.perf_counter() - began


def main() -> None:
    """Measure and print."""
    calibrate()
    with house.open_house():
        _run("benchmark_loop", ITEMS)  # warms up what is built once
        for name, bare, items, bound in (
            ("loop", three_microseconds, ITEMS, "<= 1.10"),
            ("hash", lambda: hashlib.sha256(BLOCK).digest(), HASHES, "<= 1.02"),
        ):
            ratios, rates = [], []
            for _ in range(9):
                began = time.perf_counter()
                for _item in range(items):
                    bare()
                reference = time.perf_counter() - began
                rates.append(_run(f"benchmark_{name}", items) / seconds[name])
                ratios.append(seconds[name] / reference)
            house.say(f"{name}: bare, an item", reference / items * 1e6, unit="µs")
            house.say(f"{name}: in a run against the bare loop", house.percentile(ratios, 0.5), bound)
            house.say(
                f"{name}: notifications a second", house.percentile(rates, 0.5), "<= 4 and 3 for its states", "/s"
            )


def _run(name: str, items: int) -> int:
    """Do it in this process; returns how many notifications it wrote."""
    member = house.first_member()
    run = outbox.request(name, by=member, args={"items": items})
    outbox.keep_from_sending(run)
    run_id, before = run.id, _seq(member.id)
    db.session.commit()
    runner.perform(run_id, 0)
    return _seq(member.id) - before - 3


def _seq(user_id: int) -> int:
    counter = db.session.get(NotificationCounter, user_id, populate_existing=True)
    return counter.seq if counter else 0


if __name__ == "__main__":
    main()
