"""The loop every item goes through: nothing but C per item, and every few milliseconds a look at the clock.

A batch is committed after `atomic` items, 25 ms of writing, one long item, or 250 ms, whichever comes first. The items
come in chunks of about five milliseconds' work (25 while nothing is written), counted as they are handed out; the pulse
empties the present chunk now and then, so that an item which suddenly takes long does not keep the loop from looking
up.
"""

import time
from collections.abc import Iterator, Sequence
from itertools import compress, islice, repeat
from operator import length_hint
from typing import Any

from app.engine.book import Book
from app.engine.gathering import ENOUGH
from app.engine.sources import Page, Source

BATCH_SECONDS = 0.25
WRITING_SECONDS = 0.025
LONG_ITEM_SECONDS = 0.010
LOOK_SECONDS = 0.025
WRITING_LOOK_SECONDS = 0.005
LOOK_ITEMS = 8000


class _Chunk:
    """Hands out `items` one by one and knows how many, exactly, even if they are emptied meanwhile: all in C."""

    def __init__(self, items: list[Any]) -> None:
        self.size = len(items)
        self.tickets = repeat(True, self.size)
        self.items = compress(items, self.tickets)

    def handed_out(self) -> int:
        """How many so far: each took a ticket."""
        return self.size - length_hint(self.tickets)


class Walk:
    """One loop of a run. `here` is its part of the cursor: done, failed and skipped items, and where to go on (at)."""

    def __init__(self, book: Book, place: str, here: dict[str, Any], atomic: int | None) -> None:
        row = book.row
        self.book, self.place, self.here, self.atomic = book, place, here, atomic
        self.failed_before = row.failed_count - here.get("failed", 0)
        self.skipped_before = row.skipped_count - here.get("skipped", 0)
        self.ok_before = row.ok_count - (here["done"] - here.get("failed", 0) - here.get("skipped", 0))
        careful = book.careful_until
        self.careful_until = careful[1] if careful and careful[0] == place else None
        self.seen: int = here["done"]
        self.told = -1
        self.page, self.start, self.chunk = Page([], lambda _index: None), 0, _Chunk([])

    def chunks(self, source: Source) -> Iterator[Iterator[Any]]:
        """Hand out the items that are not done yet, in chunks; commit between them."""
        stride, looked = 1, time.monotonic()
        for page in self._pages(source):
            self.book.end_reading()
            self.page = page
            for items, first in _buffers(page):
                place = 0
                while place < len(items):
                    chunk = list(items[place : place + stride])
                    self.start, self.chunk = first + place, _Chunk(chunk)
                    self.book.pulse.chunk = chunk
                    yield self.chunk.items
                    handed_out = self.chunk.handed_out()
                    place += handed_out
                    self.seen += handed_out
                    now = time.monotonic()
                    self._look(now, (now - looked) / max(handed_out, 1))
                    stride = self._next_stride(stride, handed_out, now - looked)
                    looked = time.monotonic()
        self._count()

    def settle(self) -> None:
        """The body left the loop early: the item in hand is the last that counts."""
        handed_out = self.chunk.handed_out()
        if handed_out:
            self.here["at"] = self.position()
            self.seen += handed_out
            self._count()

    def position(self) -> Any:
        """Where the item in hand lies in the source."""
        return self.page.position(self.start + self.chunk.handed_out() - 1)

    def is_first_failure(self) -> bool:
        """True the first time the item in hand is told to have failed or been skipped: it counts once."""
        item = self.seen + self.chunk.handed_out()
        if item == self.told:
            return False
        self.told = item
        return True

    def where(self) -> tuple[str, Any] | None:
        """The item in hand, if finished ones before it are not committed yet."""
        handed_out = self.chunk.handed_out()
        if not handed_out or self.seen + handed_out - 1 == self.here["done"]:
            return None
        return self.place, self.position()

    def _pages(self, source: Source) -> Iterator[Page]:
        at = self.here.get("at")
        if self.here.get("only") is not None:
            return source.only([position for position in self.here["only"] if at is None or position > at])
        return source.pages(at, self.here.get("limit"))

    def _look(self, now: float, item_seconds: float) -> None:
        """Between two items: commit if it is time, and stop if asked to."""
        pulse = self.book.pulse
        if self.seen == self.here["done"]:
            pulse.check()
            return
        if not (self._is_due(now, item_seconds, self.seen - self.here["done"]) or pulse.stop is not None):
            return
        self.here["at"] = self._last_position()
        self._count()
        self.book.reached()
        self.book.commit()
        pulse.check()
        if self.careful_until is not None and self.careful_until == self.here["at"]:
            self.careful_until = self.book.careful_until = None

    def _last_position(self) -> Any:
        """Of the newest finished item: the chunk is used up, so it is the one in hand, unless none was handed out."""
        return self.position() if self.chunk.handed_out() else self.here.get("at")

    def _is_due(self, now: float, item_seconds: float, waiting: int) -> bool:
        book = self.book
        if self.careful_until is not None:
            return True
        if self.atomic is not None and waiting >= self.atomic:
            return True
        if now - book.last_commit >= BATCH_SECONDS or any(len(one.things) >= ENOUGH for one in book.gatherings):
            return True
        if not book.has_writes:
            return False
        if book.wrote_since is None:
            book.wrote_since = now
        return now - book.wrote_since >= WRITING_SECONDS or item_seconds >= LONG_ITEM_SECONDS

    def _next_stride(self, stride: int, items: int, spent: float) -> int:
        """How many items until the next look: a few milliseconds' worth, growing at most twofold."""
        if self.atomic is not None or self.careful_until is not None:
            return 1
        pace = LOOK_SECONDS if self.book.wrote_since is None else WRITING_LOOK_SECONDS
        fitting = int(pace * items / spent) if spent > 0 else LOOK_ITEMS
        return max(1, min(fitting, stride * 2, LOOK_ITEMS))

    def _count(self) -> None:
        """Bring the cursor and the counts up to what was seen of this loop."""
        row, here = self.book.row, self.here
        here["done"] = self.seen
        here["failed"] = row.failed_count - self.failed_before
        here["skipped"] = row.skipped_count - self.skipped_before
        row.done = here["base"] + self.seen
        row.ok_count = self.ok_before + self.seen - here["failed"] - here["skipped"]
        self.book.advance()


def _buffers(page: Page) -> Iterator[tuple[Sequence[Any], int]]:
    """(items, index of the first): a sequence whole, anything lazy one by one, never ahead of the body."""
    if isinstance(page.items, Sequence):
        yield page.items, 0
        return
    lazy = iter(page.items)
    index = 0
    while items := list(islice(lazy, 1)):
        yield items, index
        index += 1
