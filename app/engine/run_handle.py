"""What a task is handed: `run`. It counts, stops, saves the cursor and goes on; the task says what to do with an item."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event, select
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.orm import ORMExecuteState, Session, SessionTransaction

from app.engine import artifacts, sources
from app.engine.book import Book
from app.engine.registry import DeclarationError
from app.errors import ProductError
from app.extensions import db
from app.models import RunFailure, RunOnce, User, notification

BATCH_SECONDS = 0.25
WRITING_SECONDS = 0.025
LONG_ITEM_SECONDS = 0.010
LOOK_SECONDS = 0.005
LOOK_ITEMS = 1000


class Run:
    """The handle on a run. Everything a task needs; nothing of it commits by itself outside a batch."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._orders: dict[int, int] = {}
        self._step = 0
        self._place = ""
        self._position: Callable[[], Any] = lambda: None
        self._item: _Item | None = None
        self._had_failure = False
        self._is_skipped = False

    @property
    def id(self) -> str:
        """The run's id."""
        return self._book.row.id

    @property
    def user(self) -> User:
        """The owner. Raises LookupError in a run of the house's own."""
        owner = db.session.get(User, self._book.row.user_id) if self._book.row.user_id else None
        if owner is None:
            raise LookupError("This run has no owner.")
        return owner

    @property
    def saved(self) -> dict[str, Any]:
        """A small dict of JSON values kept with the cursor: what a resumed body must remember (its locals start anew)."""
        return self._book.row.saved

    @property
    def done(self) -> int:
        """Items finished in the present step."""
        return self._book.row.done

    def each(
        self, source: Any, total: int | None = None, atomic: int | None = None, key: Callable[[Any], Any] | None = None
    ) -> Iterator[Any]:
        """Walk `source` item by item, going on after the last finished one when the run is resumed.

        `source` is a select (paged by primary key), a file (by lines), or an iterable that gives the same items again;
        with `key`, one in ascending order of that key. `atomic` commits after that many items; otherwise the engine
        finds the rhythm. Raises sources.UnsuitableSource.
        """
        book, row = self._book, self._book.row
        order = self._orders.get(self._step, 0)
        self._orders[self._step] = order + 1
        place = f"{self._step}.{order}"
        here = row.cursor.setdefault("each", {}).setdefault(place, {"done": 0})
        if here.get("finished"):
            return
        walk = sources.open_source(source, key)
        if "limit" not in here:
            here["base"] = row.done
            measured, here["limit"] = walk.measure()
            self._restrict(here, place)
            known = len(here["only"]) if here.get("only") is not None else (total if total is not None else measured)
            row.total = None if known is None else here["base"] + known
            book.end_transaction()
        self._place = place
        book.reached()
        book.tell_soon()
        yield from self._walk(walk, here, atomic)
        here["finished"] = True
        if row.total is None or row.total > row.done:
            row.total = row.done
        book.reached()
        book.tell_soon()
        book.commit()
        book.pulse.check()

    def step(self, name: str) -> "Step":
        """Enter a declared step; use its `each`, or go on with `run`. Raises DeclarationError for an unknown name."""
        names = [declared for declared, _ in self._book.names]
        if name not in names:
            raise DeclarationError(f"{self._book.task.name} declares no step {name!r}: steps={names}.")
        self._enter(names.index(name))
        return Step(self)

    @contextmanager
    def item(self, key: Any) -> Iterator[None]:
        """Do one item in a SAVEPOINT: an exception inside is kept as a failed item and the run goes on.

        The SAVEPOINT opens at the item's first write. Trouble that is not the item's (the database or the disk is
        gone) still ends the attempt.
        """
        book = self._book
        if book.session.new or book.session.dirty or book.session.deleted:
            book.session.flush()
        item = _Item(book)
        self._item = item
        try:
            with item.watching():
                yield
                item.keep()
        except Exception as error:
            if is_environment(error):
                raise
            item.undo()
            self._fail(str(key), error)
        finally:
            self._item = None

    def skip(self) -> None:
        """Count the present item as skipped instead of done."""
        self._is_skipped = True

    def say(self, text: str) -> None:
        """What the task is doing now, beside the bar; at most 255 characters are kept."""
        self._book.row.message = text[:255]

    def once(self, key: str, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Call `function` in the batch's transaction unless this run already did under `key`; its (JSON) result is kept.

        Its effect on the database is exactly once. What leaves the house belongs in the letters' outbox.
        """
        session = self._book.session
        session.flush()
        known = session.get(RunOnce, (self.id, key))
        if known is not None:
            return known.result
        result = function(*args, **kwargs)
        kept = result if _is_json(result) else None
        session.add(RunOnce(run_id=self.id, key=key, result=kept))
        session.flush()
        return result

    @contextmanager
    def artifact(self, name: str, keep: bool = True) -> Iterator[artifacts.PartFile]:
        """A file to write text or bytes to, going on where the last claim's valid bytes end.

        Closed without an exception it is finished: with `keep`, handed to the owner as the run's file; without, kept
        for a later step of this run only (`archive`).
        """
        with artifacts.part(self._book, name, keep) as file:
            yield file

    def archive(self, name: str, *members: artifacts.PartFile) -> None:
        """Hand the owner a zip of finished files, in the order given and with fixed dates; reports in KB."""
        artifacts.pack(self._book, name, members, self.report)

    def report(self, done: int, total: int | None = None) -> None:
        """Say how far a foreign loop is (ffmpeg, a copy): it cannot be resumed, so a later claim starts it over."""
        book, row = self._book, self._book.row
        is_restarted = done < row.done and bool(row.cursor.get("reported"))
        row.cursor["reported"] = True
        row.done, row.total = done, total
        book.advance()
        book.reached(is_restarted)
        book.pulse.check()
        if time.monotonic() - book.last_commit >= BATCH_SECONDS:
            self._commit()
        elif not book.has_writes:
            book.end_transaction()

    def sleep(self, seconds: float) -> None:
        """Wait; a stop ends it at once."""
        if not self._book.has_writes:
            self._book.end_transaction()
        self._book.pulse.check()
        self._book.pulse.woken.wait(seconds)
        self._book.pulse.check()

    def result(self, url_or_text: str) -> None:
        """What the member gets: a sentence, or the address of the thing made (`/…` or `http…`)."""
        if url_or_text.startswith(("/", "http://", "https://")):
            self._book.row.result_url = url_or_text
        else:
            self._book.row.result_text = url_or_text

    def _walk(self, walk: sources.Source, here: dict[str, Any], atomic: int | None) -> Iterator[Any]:
        """The loop every item goes through: cheap per item, and every few milliseconds a look at the clock."""
        book, row, pulse, gate = self._book, self._book.row, self._book.pulse, self._book.pulse.gate
        base, seen = here["base"], here["done"]
        failed_before, skipped_before = row.failed_count, row.skipped_count
        ok_before = row.ok_count - (seen - here.get("failed", 0) - here.get("skipped", 0))
        failed_base, skipped_base = failed_before - here.get("failed", 0), skipped_before - here.get("skipped", 0)
        stride, since, looked = 1, seen, time.monotonic()
        gate.at = seen + 1
        pages = walk.only(here["only"]) if here.get("only") is not None else walk.pages(here.get("at"), here.get("limit"))
        for page in pages:
            if not book.has_writes:
                book.end_transaction()
            index = 0
            self._position = lambda page=page: page.position(index)  # noqa: B023  (the newest index is meant)
            for index, item in enumerate(page.items):  # noqa: B007
                yield item
                seen += 1
                if self._is_skipped:
                    self._is_skipped = False
                    row.skipped_count += 1
                if seen >= gate.at:
                    now = time.monotonic()
                    spent = now - looked
                    is_due = self._is_due(now, spent / max(seen - since, 1), seen - here["done"], atomic)
                    if is_due or pulse.stop is not None:
                        here["done"], here["at"] = seen, page.position(index)
                        here["failed"], here["skipped"] = row.failed_count - failed_base, row.skipped_count - skipped_base
                        row.done = base + seen
                        row.ok_count = ok_before + seen - here["failed"] - here["skipped"]
                        book.advance()
                        book.reached()
                        self._commit()
                        now = time.monotonic()
                    stride = _next_stride(stride, seen - since, spent, atomic)
                    since, looked = seen, now
                    gate.at = seen + stride
        here["done"] = seen
        here["failed"], here["skipped"] = row.failed_count - failed_base, row.skipped_count - skipped_base
        row.done = base + seen
        row.ok_count = ok_before + seen - here["failed"] - here["skipped"]
        book.advance()

    def _is_due(self, now: float, item_seconds: float, waiting: int, atomic: int | None) -> bool:
        """Is the batch to be committed now? After `atomic` items, 25 ms of writing, a long item, or 250 ms."""
        book = self._book
        if atomic is not None:
            return waiting >= atomic
        if now - book.last_commit >= BATCH_SECONDS:
            return True
        if not book.has_writes:
            return False
        if book.wrote_since is None:
            book.wrote_since = now
        return now - book.wrote_since >= WRITING_SECONDS or item_seconds >= LONG_ITEM_SECONDS

    def _commit(self) -> None:
        self._book.commit()
        self._book.pulse.check()

    def _enter(self, index: int) -> None:
        """The body's present step; the row only ever moves forward (a resumed body passes finished steps again)."""
        row = self._book.row
        self._step = index
        if index > row.step_index:
            row.done, row.total = 0, None
            row.cursor.pop("reported", None)
            self._book.pace.forget()
        if index >= row.step_index:
            row.step_index, row.step_name, row.unit = index, *self._book.names[index]
            self._book.tell_soon()

    def _restrict(self, here: dict[str, Any], place: str) -> None:
        """A retry of what failed walks only those items."""
        original = self._book.row.retry_of
        if original is None:
            return
        here["only"] = list(
            db.session.scalars(
                select(RunFailure.position)
                .where(RunFailure.run_id == original, RunFailure.place == place)
                .order_by(RunFailure.at, RunFailure.key)
            )
        )

    def _fail(self, key: str, error: Exception) -> None:
        book, row = self._book, self._book.row
        position = self._position()
        reason = error.message if isinstance(error, ProductError) else f"{type(error).__name__}: {error}"
        book.session.merge(
            RunFailure(
                run_id=row.id,
                key=key[:255],
                step_index=row.step_index,
                place=self._place,
                position=position,
                reason=reason[:1000],
            )
        )
        row.failed_count += 1


class Step:
    """A declared step, entered."""

    def __init__(self, run: Run) -> None:
        self._run = run

    def each(self, source: Any, total: int | None = None, **options: Any) -> Iterator[Any]:
        """As `Run.each`, counted in this step."""
        return self._run.each(source, total, **options)

    def report(self, done: int, total: int | None = None) -> None:
        """As `Run.report`, counted in this step."""
        self._run.report(done, total)

    def __enter__(self) -> "Step":
        return self

    def __exit__(self, *_error: object) -> None:
        """Nothing to close: the next step begins when it is entered."""


class _Item:
    """The SAVEPOINT around one item, opened by the item's first write."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self.session = book.session
        self.savepoint: SessionTransaction | None = None
        self.collected = notification.waiting_count(self.session)
        self.is_open = False

    @contextmanager
    def watching(self) -> Iterator[None]:
        self.is_open = True
        self.session.info["run_item"] = self
        try:
            yield
        finally:
            self.is_open = False
            self.session.info.pop("run_item", None)

    def first_write(self) -> None:
        if not self.is_open or self.savepoint is not None:
            return
        self.is_open = False
        self.savepoint = self.session.begin_nested()

    def keep(self) -> None:
        self.session.flush()
        if self.savepoint is not None:
            self.savepoint.commit()

    def undo(self) -> None:
        if self.savepoint is not None:
            self.savepoint.rollback()
        for new in list(self.session.new):
            self.session.expunge(new)
        for gone in list(self.session.deleted):
            self.session.add(gone)
        for changed in list(self.session.dirty):
            self.session.expire(changed)
        notification.forget_after(self.session, self.collected)


@event.listens_for(Session, "before_flush")
def _open_before_flush(session: Session, _context: Any, _instances: Any) -> None:
    item = session.info.get("run_item")
    if item is not None:
        item.first_write()


@event.listens_for(Session, "do_orm_execute")
def _open_before_statement(state: ORMExecuteState) -> None:
    """An item's own INSERT, UPDATE or DELETE: what it changed on objects goes first, both inside the SAVEPOINT."""
    item = state.session.info.get("run_item")
    if item is not None and not state.is_select:
        state.session.flush()
        item.first_write()


def is_environment(error: BaseException) -> bool:
    """True for trouble that is not one item's: the database is away, the disk is full or gone, no memory is left."""
    if isinstance(error, (OperationalError, InterfaceError, MemoryError)):
        return True
    return isinstance(error, OSError) and error.errno in artifacts.DISK_ERRORS


def _is_json(value: Any) -> bool:
    try:
        json.dumps(value)
    except (TypeError, ValueError):
        return False
    return True


def _next_stride(stride: int, items: int, spent: float, atomic: int | None) -> int:
    """How many items until the next look: about five milliseconds' worth, growing at most twofold."""
    if atomic is not None:
        return 1
    fitting = int(LOOK_SECONDS * items / spent) if spent > 0 else LOOK_ITEMS
    return max(1, min(fitting, stride * 2, LOOK_ITEMS))
