"""The heartbeat of a claim: a thread with a connection of its own that renews the lease and listens for a stop.

It also nudges the task's loop, so that the loop itself need not look at a clock for every item.
"""

import logging
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Engine, select, update
from sqlalchemy.exc import SQLAlchemyError

from app.engine.signals import Cancelled, LeaseLost, Stop, TimedOut, Yield
from app.models import Run, run_state

LeaseEnd = Callable[[float], Any]

log = logging.getLogger(__name__)

TICK_SECONDS = 0.25
ASK_SECONDS = 1.0
HANGING_CANCEL_SECONDS = 30.0


@dataclass
class Pulse:
    """What a claim's threads tell each other. Times are monotonic seconds.

    `overtime` writes that the attempt took too long, for a task that does not come back to do so.
    `chunk` holds the items the loop hands out before it next looks up; emptying it makes the loop look up at once.
    """

    run_id: str
    claim: int
    lease_seconds: float
    stall_after: float
    timeout: float | None
    may_exit: bool
    overtime: Callable[[], None]
    chunk: list[Any] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)
    advanced: float = field(default_factory=time.monotonic)
    renewed: float = field(default_factory=time.monotonic)
    asked: float = field(default_factory=time.monotonic)
    is_troubled: bool = False
    stop: type[Stop] | None = None
    stop_since: float | None = None
    woken: threading.Event = field(default_factory=threading.Event)
    over: threading.Event = field(default_factory=threading.Event)

    def start(self, engine: Engine, lease_end: LeaseEnd) -> None:
        """Begin to beat."""
        name = f"pulse-{self.run_id}"
        threading.Thread(target=self._beat, args=(engine, lease_end), name=name, daemon=True).start()

    def end(self) -> None:
        """Beat no more."""
        self.over.set()

    def interrupt(self, signal: type[Stop]) -> None:
        """Have the task stop at its next look. LeaseLost outranks everything, then Cancelled, TimedOut, Yield."""
        if self.stop is None or _RANK[signal] > _RANK[self.stop]:
            self.stop, self.stop_since = signal, time.monotonic()
        self.chunk.clear()
        self.woken.set()

    def check(self) -> None:
        """Raise what the task must stop for, if anything."""
        if self.stop is not None:
            raise self.stop

    def committed(self, state: str) -> None:
        """A batch of this claim was committed just now: the lease is fresh."""
        self.renewed = self.asked = time.monotonic()
        if state == run_state.CANCELLING:
            self.interrupt(Cancelled)

    def _beat(self, engine: Engine, lease_end: LeaseEnd) -> None:
        while not self.over.wait(TICK_SECONDS):
            self.chunk.clear()
            now = time.monotonic()
            if self.timeout is not None and now - self.began > self.timeout:
                self.interrupt(TimedOut)
            if self._is_hanging(now):
                self._give_up()
                return
            try:
                self._look(engine, lease_end, now)
            except Exception:  # whatever it is, a heart must not stop in silence
                log.exception("run %s: its heartbeat stumbled", self.run_id)

    def _look(self, engine: Engine, lease_end: LeaseEnd, now: float) -> None:
        if now - self.renewed >= self.lease_seconds / 3:
            self._ask(engine, lease_end, renew=True)
        elif now - self.asked >= ASK_SECONDS:
            self._ask(engine, lease_end, renew=False)

    def _is_hanging(self, now: float) -> bool:
        if now - self.advanced > 2 * self.stall_after:
            return True
        return self.stop is not None and self.stop_since is not None and now - self.stop_since > HANGING_CANCEL_SECONDS

    def _give_up(self) -> None:
        """The task does not come back: let go of the lease; housekeeping sees the run dead and queues it again.

        One that is over its time limit ends as that does, written from here.
        """
        log.error("run %s claim %s: no progress, giving up this attempt", self.run_id, self.claim)
        if self.stop is TimedOut:
            try:
                self.overtime()
            except SQLAlchemyError as error:
                log.warning("run %s: its time-out could not be written (%s)", self.run_id, type(error).__name__)
        self.interrupt(LeaseLost)
        if self.may_exit:
            os._exit(70)

    def _ask(self, engine: Engine, lease_end: LeaseEnd, renew: bool) -> None:
        mine = (Run.id == self.run_id, Run.claim == self.claim, Run.state.in_(run_state.CLAIMED))
        try:
            with engine.begin() as connection:
                if renew:
                    statement = update(Run).where(*mine).values(lease_until=lease_end(self.lease_seconds))
                    state = connection.scalar(statement.returning(Run.state))
                else:
                    state = connection.scalar(select(Run.state).where(*mine))
        except SQLAlchemyError as error:
            if not self.is_troubled:
                log.warning("run %s: the lease could not be renewed (%s)", self.run_id, type(error).__name__)
            self.is_troubled, self.asked = True, time.monotonic()
            return
        self.is_troubled = False
        self.asked = time.monotonic()
        if renew:
            self.renewed = self.asked
        if self.over.is_set():
            return
        if state is None:
            self.interrupt(LeaseLost)
        elif state == run_state.CANCELLING:
            self.interrupt(Cancelled)


_RANK: dict[type[Stop], int] = {Yield: 0, TimedOut: 1, Cancelled: 2, LeaseLost: 3}
