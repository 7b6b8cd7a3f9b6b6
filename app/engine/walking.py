"""The loop every item goes through: cheap per item, and every few milliseconds a look at the clock.

A batch is committed after `atomic` items, 25 ms of writing, one long item, or 250 ms, whichever comes first.
"""

import time
from collections.abc import Callable, Iterator
from typing import Any

from app.engine.book import Book
from app.engine.gathering import ENOUGH
from app.engine.sources import Page, Source

BATCH_SECONDS = 0.25
WRITING_SECONDS = 0.025
LONG_ITEM_SECONDS = 0.010
LOOK_SECONDS = 0.005
LOOK_ITEMS = 1000


class Walk:
    """One loop of a run. `here` is its part of the cursor: done, failed and skipped items, and where to go on (at)."""

    def __init__(self, book: Book, place: str, here: dict[str, Any], atomic: int | None) -> None:
        row = book.row
        self.book, self.place, self.here, self.atomic = book, place, here, atomic
        self.is_skipped = False
        self.position: Callable[[], Any] = lambda: None
        self.failed_before = row.failed_count - here.get("failed", 0)
        self.skipped_before = row.skipped_count - here.get("skipped", 0)
        self.ok_before = row.ok_count - (here["done"] - here.get("failed", 0) - here.get("skipped", 0))
        self.uncommitted: int | None = 0
        careful = book.careful_until
        self.careful_until = careful[1] if careful and careful[0] == place else None

    def items(self, source: Source) -> Iterator[Any]:
        """Hand out the items that are not done yet; commit between them."""
        gate, seen = self.book.pulse.gate, self.here["done"]
        stride, since, looked = 1, seen, time.monotonic()
        gate.at = seen + 1
        for page in self._pages(source):
            if not self.book.has_writes:
                self.book.end_transaction()
            index = 0
            self.position = lambda page=page: page.position(index)  # type: ignore[misc]  # noqa: B023  (the newest one)
            for index, item in enumerate(page.items):  # noqa: B007  (`position` reads it)
                yield item
                seen += 1
                if self.is_skipped:
                    self._count_skipped()
                if seen >= gate.at:
                    now = time.monotonic()
                    self._look(seen, now, (now - looked) / max(seen - since, 1))
                    stride = self._next_stride(stride, seen - since, now - looked)
                    self.uncommitted = seen - self.here["done"] if stride == 1 else None
                    since, looked = seen, time.monotonic()
                    gate.at = seen + stride
        self._count(seen)

    def where(self) -> tuple[str, Any] | None:
        """The item in hand, if finished ones before it may not be committed yet."""
        return (self.place, self.position()) if self.uncommitted != 0 else None

    def _pages(self, source: Source) -> Iterator[Page]:
        if self.here.get("only") is not None:
            return source.only(self.here["only"])
        return source.pages(self.here.get("at"), self.here.get("limit"))

    def _look(self, seen: int, now: float, item_seconds: float) -> None:
        """Between two items: commit if it is time, and stop if asked to."""
        pulse = self.book.pulse
        if not (self._is_due(now, item_seconds, seen - self.here["done"]) or pulse.stop is not None):
            return
        self.here["at"] = self.position()
        self._count(seen)
        self.book.reached()
        self.book.commit()
        pulse.check()
        if self.careful_until is not None and self.careful_until == self.here["at"]:
            self.careful_until = self.book.careful_until = None

    def _is_due(self, now: float, item_seconds: float, waiting: int) -> bool:
        book = self.book
        if self.careful_until is not None:
            return True
        if self.atomic is not None:
            return waiting >= self.atomic
        if now - book.last_commit >= BATCH_SECONDS or any(len(one.things) >= ENOUGH for one in book.gatherings):
            return True
        if not book.has_writes:
            return False
        if book.wrote_since is None:
            book.wrote_since = now
        return now - book.wrote_since >= WRITING_SECONDS or item_seconds >= LONG_ITEM_SECONDS

    def _next_stride(self, stride: int, items: int, spent: float) -> int:
        """How many items until the next look: about five milliseconds' worth, growing at most twofold."""
        if self.atomic is not None or self.careful_until is not None:
            return 1
        fitting = int(LOOK_SECONDS * items / spent) if spent > 0 else LOOK_ITEMS
        return max(1, min(fitting, stride * 2, LOOK_ITEMS))

    def _count(self, seen: int) -> None:
        """Bring the cursor and the counts up to `seen` items of this loop."""
        row, here = self.book.row, self.here
        here["done"] = seen
        here["failed"] = row.failed_count - self.failed_before
        here["skipped"] = row.skipped_count - self.skipped_before
        row.done = here["base"] + seen
        row.ok_count = self.ok_before + seen - here["failed"] - here["skipped"]
        self.book.advance()

    def _count_skipped(self) -> None:
        self.is_skipped = False
        self.book.row.skipped_count += 1
