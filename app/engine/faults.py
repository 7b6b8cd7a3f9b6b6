"""The fault lab's hand in a run: what the run's column `fault` asks for goes wrong, at an item, in earnest.

The runner asks `handle` once per call of a task's body and gets the plain handle where no fault is set, so an
undisturbed loop pays nothing; in production the column is ignored. What was injected stands in the time-line (kind
`fault`), and from there a later claim knows that "once" is over.
"""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import redis
from flask import current_app
from sqlalchemy import event, insert, select
from sqlalchemy.exc import OperationalError

from app.engine import notices
from app.engine.book import Book
from app.engine.run_handle import Run as Handle
from app.errors import Invalid
from app.extensions import db
from app.models import Run, RunEvent

KIND = "fault"
SLOW, ITEM, ERROR, CRASH, HANG, FREEZE = "slow", "item", "error", "crash", "hang", "freeze"
DATABASE, REDIS, REDIS_AT_START = "database", "redis", "redis_at_start"
# These take the whole process with them, so they wait for a worker's own (never a thread of the web).
NEEDS_A_PROCESS = frozenset({CRASH, HANG, FREEZE, DATABASE})
_SWITCH = "redis-away"


@dataclass(frozen=True)
class Fault:
    """What shall go wrong: at item `at` (1 is the first), for or with so many `seconds`, once or every time."""

    kind: str
    at: int = 1
    seconds: float = 0.0
    is_always: bool = False

    def as_column(self) -> dict[str, Any]:
        """As the run's row keeps it."""
        return asdict(self)


def of(column: dict[str, Any] | None) -> Fault | None:
    """The fault that a run's row asks for; None where it asks for none, and always in production."""
    return Fault(**column) if column is not None and is_possible() else None


def is_possible() -> bool:
    """False in production: nothing is ever injected there."""
    return bool(current_app.config["MICROBLOG_ENV"] != "production")


def handle(book: Book) -> Handle:
    """What the task is handed: the plain handle, or one that brings the fault about."""
    fault = of(book.row.fault)
    if fault is None or (fault.kind in NEEDS_A_PROCESS and not book.pulse.may_exit):
        return Handle(book)
    return TroubledRun(book, fault)


def foretell(row: Run) -> None:
    """When a run is asked for: what goes wrong from its beginning on."""
    fault = of(row.fault)
    if fault is None:
        return
    if fault.kind == SLOW:
        notices.record(row, KIND, f"Fault lab: every item takes {fault.seconds:g} s longer")
    elif fault.kind == REDIS_AT_START:
        notices.record(row, KIND, f"Fault lab: Redis is away for {fault.seconds:g} s")
        cut_redis(fault.seconds)


def cut_redis(seconds: float) -> None:
    """From now on Redis refuses every process of ours that shares this instance folder, for so long."""
    _switch().write_text(str(time.time() + seconds))


def refuse_redis() -> None:
    """Raises redis.ConnectionError while the lab has cut Redis off."""
    if is_possible():
        try:
            is_cut = time.time() < float(_switch().read_text())
        except (OSError, ValueError):
            return
        if is_cut:
            raise redis.ConnectionError("Cut off by the fault lab.")


class TroubledRun(Handle):
    """The handle on a run in which something shall go wrong; tasks cannot tell the difference."""

    def __init__(self, book: Book, fault: Fault) -> None:
        super().__init__(book)
        self._fault = fault
        self._number = 0
        self._reports = 0
        self._struck: frozenset[int] | None = None

    def each(self, *arguments: Any, **options: Any) -> Iterator[Any]:
        """As ever, but trouble may come before an item is handed out."""
        is_first = True
        for item in super().each(*arguments, **options):
            self._number = self._walk.here["done"] + 1 if is_first and self._walk else self._number + 1
            is_first = False
            self._meet(self._number)
            yield item

    @contextmanager
    def item(self, key: Any) -> Iterator[None]:
        """As ever, but the item may fail after its work was done."""
        is_bad = self._fault.kind == ITEM and self._number == self._fault.at
        if is_bad:
            notices.record(self._book.row, KIND, f"Fault lab: item {self._number} fails")
        with super().item(key):
            yield
            if is_bad:
                raise Invalid("The fault lab made this item fail.")

    def report(self, done: int, total: int | None = None) -> None:
        """As ever; in a foreign loop each report counts as an item."""
        self._reports += 1
        self._meet(self._reports)
        super().report(done, total)

    def _meet(self, number: int) -> None:
        if self._fault.kind == SLOW:
            self.sleep(self._fault.seconds)
        elif number == self._fault.at and self._fault.kind in _TROUBLES and self._is_due():
            _TROUBLES[self._fault.kind](self)

    def _is_due(self) -> bool:
        """Once, or once in every claim. An error comes again while its batch is done again item by item."""
        if self._struck is None:
            query = select(RunEvent.claim).where(RunEvent.run_id == self.id, RunEvent.kind == KIND, RunEvent.claim > 0)
            self._struck = frozenset(db.session.scalars(query))
        claim = self._book.row.claim
        if claim in self._struck:
            return self._fault.kind == ERROR
        return self._fault.is_always or not self._struck

    def _tell(self, text: str) -> None:
        """Give up what is not committed, as the fault itself would, and write down what comes next."""
        self._book.session.rollback()
        if self._book.row.claim not in (self._struck or ()):
            values = {"run_id": self.id, "claim": self._book.row.claim, "kind": KIND, "text": f"Fault lab: {text}"}
            with db.engine.begin() as connection:
                connection.execute(insert(RunEvent).values(values))

    def _break(self) -> None:
        self._tell(f"an error in the code at item {self._fault.at}")
        raise RuntimeError(f"The fault lab asked for an error at item {self._fault.at}.")

    def _crash(self) -> None:
        self._tell(f"the process dies at item {self._fault.at}")
        os._exit(9)

    def _hang(self) -> None:
        pulse = self._book.pulse
        patience = f"{self._fault.seconds:g} s instead of {2 * pulse.stall_after:g}"
        self._tell(f"item {self._fault.at} hangs; here patience lasts {patience}")
        pulse.stall_after, pulse.advanced = self._fault.seconds / 2, time.monotonic()
        while True:
            time.sleep(60)

    def _freeze(self) -> None:
        self._tell(f"process {os.getpid()} is stopped at item {self._fault.at}")
        os.kill(os.getpid(), signal.SIGSTOP)
        raise _away("woken by hand; what was not committed is gone")

    def _lose_database(self) -> None:
        self._tell(f"the database is away for {self._fault.seconds:g} s, at item {self._fault.at}")
        until = time.monotonic() + self._fault.seconds

        def refuse(*_statement: object) -> None:
            if time.monotonic() < until:
                raise _away("cut off by the fault lab")

        event.listen(db.engine, "before_cursor_execute", refuse)
        raise _away("cut off by the fault lab")

    def _lose_redis(self) -> None:
        text = f"Fault lab: Redis is away for {self._fault.seconds:g} s, at item {self._fault.at}"
        notices.record(self._book.row, KIND, text)
        cut_redis(self._fault.seconds)


_TROUBLES: dict[str, Callable[[TroubledRun], None]] = {
    ERROR: TroubledRun._break,
    CRASH: TroubledRun._crash,
    HANG: TroubledRun._hang,
    FREEZE: TroubledRun._freeze,
    DATABASE: TroubledRun._lose_database,
    REDIS: TroubledRun._lose_redis,
}


def _away(why: str) -> OperationalError:
    return OperationalError("", {}, Exception(why))


def _switch() -> Path:
    return Path(current_app.instance_path) / _SWITCH
