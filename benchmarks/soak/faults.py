"""What goes wrong: one thing every so often, chosen by dice. And how long the runs it hit took to go on."""

import os
import random
import signal
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import psycopg
from sqlalchemy import select

from app.adapters import redis
from app.extensions import db
from app.models import Run, run_state
from benchmarks.soak.site import Child, Site

Hit = set[int] | None  # the work horses that were hit; None: whoever has a run, and empty: nobody who has one


@dataclass
class Wounded:
    """A run that was in the hands of a process that was hit."""

    fault: str
    at: float
    claim: int
    advanced_at: object
    noticed: float | None = None
    recovered: float | None = None


@dataclass
class Watch:
    """What went wrong how often, and what became of the runs it hit."""

    counts: dict[str, int] = field(default_factory=dict)
    open: dict[str, Wounded] = field(default_factory=dict)
    closed: list[Wounded] = field(default_factory=list)

    def note(self, fault: str, hit: Hit) -> None:
        """Remember the fault and the runs it hit."""
        self.counts[fault] = self.counts.get(fault, 0) + 1
        if hit is not None and not hit:
            return
        for row in _rows(Run.state.in_(run_state.CLAIMED)):
            if row.id not in self.open and (hit is None or (row.worker or {}).get("pid") in hit):
                self.open[row.id] = Wounded(fault, time.monotonic(), row.claim, row.advanced_at)

    def look(self) -> None:
        """A run has recovered with its first batch under a new claim, or at its end, or (it was not dead) at its next
        batch; it was noticed when it was queued again.
        """
        if not self.open:
            return
        for row in _rows(Run.id.in_(self.open)):
            wounded, now = self.open[row.id], time.monotonic()
            is_other = row.claim > wounded.claim or row.state not in run_state.CLAIMED
            if wounded.noticed is None and is_other:
                wounded.noticed = now - wounded.at
            has_advanced = row.advanced_at != wounded.advanced_at and now - wounded.at > 1
            if row.state in run_state.FINISHED or (
                has_advanced and row.state in run_state.CLAIMED and row.advanced_at > row.claimed_at
            ):
                wounded.recovered = now - wounded.at
                self.closed.append(self.open.pop(row.id))

    def times(self, name: str) -> list[float]:
        """Seconds until the runs hit by `name` went on, or "" for all."""
        return [each.recovered for each in self.closed if each.recovered and name in ("", each.fault)]

    def report(self) -> None:
        """A line for each kind."""
        print(f"{'fault':<28} {'times':>5} {'runs hit':>9} {'median':>8} {'slowest':>8}")
        for name in sorted(self.counts):
            seconds = self.times(name)
            told = f"{statistics.median(seconds):>6.1f} s {max(seconds):>6.1f} s" if seconds else ""
            print(f"{name:<28} {self.counts[name]:>5} {len(seconds):>9} {told}")


class Faults:
    """The dice and the sledgehammer."""

    def __init__(self, site: Site, database_url: str, dice: random.Random) -> None:
        self.site, self.database_url, self.dice = site, database_url, dice
        self._frozen: list[tuple[float, int]] = []
        self._kinds: list[tuple[str, Callable[[], Hit]]] = [
            ("worker killed", lambda: self._hit_worker(signal.SIGKILL)),
            ("worker told to end", lambda: self._hit_worker(signal.SIGTERM)),
            ("worker frozen", lambda: self._hit_worker(signal.SIGSTOP)),
            ("work horse killed", lambda: self._hit_horse(signal.SIGKILL)),
            ("work horse told to end", lambda: self._hit_horse(signal.SIGTERM)),
            ("work horse frozen", lambda: self._hit_horse(signal.SIGSTOP)),
            ("worker and horse frozen", self._freeze_both),
            ("Redis flushed", self._flush),
            ("Redis killed", lambda: self._send(self.site.redis, signal.SIGKILL)),
            ("web killed", lambda: self._send(self.site.web, signal.SIGKILL)),
            ("web restarted", lambda: self._send(self.site.web, signal.SIGTERM)),
        ]
        if database_url:
            self._kinds += [("database connections cut", self._cut)] * 2

    def strike(self) -> tuple[str, Hit]:
        """One of them, now."""
        while True:
            name, act = self.dice.choice(self._kinds)
            try:
                return name, act()
            except (LookupError, ProcessLookupError):
                continue  # whom it would have hit is not there just now

    def thaw(self, everything: bool = False) -> None:
        """Frozen processes wake up after a while."""
        for due_at, pid in list(self._frozen):
            if everything or time.monotonic() > due_at:
                self._frozen.remove((due_at, pid))
                try:
                    os.kill(pid, signal.SIGCONT)
                except ProcessLookupError:
                    pass  # housekeeping was first

    def _hit_worker(self, number: int) -> Hit:
        worker = self._one([worker for worker in self.site.workers if worker.pid])
        horses = set(worker.children)
        self._send(worker, number)
        return horses if number != signal.SIGSTOP else set()

    def _hit_horse(self, number: int) -> Hit:
        horse = self._one([pid for worker in self.site.workers for pid in worker.children])
        self._signal(horse, number)
        return {horse}

    def _freeze_both(self) -> Hit:
        worker = self._one([worker for worker in self.site.workers if worker.children])
        horses = set(worker.children)
        self._send(worker, signal.SIGSTOP)
        for horse in horses:
            self._signal(horse, signal.SIGSTOP)
        return horses

    def _flush(self) -> Hit:
        client = redis.connect(self.site.redis_url)
        client.flushall()
        client.close()
        return set()

    def _cut(self) -> Hit:
        with psycopg.connect(self.database_url, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        db.session.remove()
        db.engine.dispose()
        return None

    def _send(self, child: Child, number: int) -> Hit:
        if child.pid is None:
            raise ProcessLookupError
        self._signal(child.pid, number)
        return set()

    def _signal(self, pid: int, number: int) -> None:
        os.kill(pid, number)
        if number == signal.SIGSTOP:
            self._frozen.append((time.monotonic() + self.dice.uniform(1, 12), pid))

    def _one(self, things: list) -> object:
        return self.dice.choice(things)


def _rows(condition: object) -> list[Run]:
    """As they are now."""
    db.session.rollback()
    rows = db.session.scalars(select(Run).where(condition).execution_options(populate_existing=True)).all()
    db.session.expunge_all()
    db.session.rollback()
    return list(rows)
