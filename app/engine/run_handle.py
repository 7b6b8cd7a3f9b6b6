"""What a task is handed: `run`. It counts, stops, saves the cursor and goes on; the task says what an item needs."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import chain
from typing import Any

from sqlalchemy import select

from app.engine import artifacts, sources, walking
from app.engine.book import Book
from app.engine.gathering import Gathering
from app.engine.items import Item, is_environment
from app.engine.registry import DeclarationError
from app.engine.signals import Cancelled
from app.engine.walking import Walk
from app.engine.words import printable
from app.errors import ProductError
from app.extensions import db
from app.models import RunFailure, RunOnce, User


class Run:
    """The handle on a run. Everything a task needs; nothing of it commits by itself outside a batch."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._orders: dict[int, int] = {}
        self._step = 0
        self._walk: Walk | None = None

    @property
    def id(self) -> str:
        """The run's id."""
        return self._book.row.id

    @property
    def user(self) -> User:
        """The owner. Raises LookupError in a run of the house's own."""
        owner_id = self._book.row.user_id
        owner = db.session.get(User, owner_id) if owner_id else None
        if owner is None and (owner_id is not None or self._book.row.is_orphaned):
            raise Cancelled  # the member is gone, and the run with them
        if owner is None:
            raise LookupError("This run has no owner.")
        return owner

    @property
    def saved(self) -> dict[str, Any]:
        """A small dict of JSON values kept with the cursor: what a resumed body must remember (locals start anew)."""
        return self._book.row.saved

    @property
    def attempt(self) -> int:
        """1, and one more after every error (a lost worker or a deploy uses none)."""
        return self._book.row.attempt

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
        return chain.from_iterable(self._chunks(source, total, atomic, key))

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
        item = Item(book.session)
        try:
            with item.watching():
                yield
                item.keep()
        except Exception as error:
            if is_environment(error):
                raise
            item.undo()
            self._fail(str(key), error)

    def skip(self) -> None:
        """Count the present item as skipped instead of done."""
        if self._walk is None or self._walk.is_first_failure():
            self._book.row.skipped_count += 1

    def say(self, text: str) -> None:
        """What the task is doing now, beside the bar; at most 255 characters are kept."""
        self._book.row.message = printable(text, 255)

    def once(self, key: str, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Call `function` in the batch's transaction unless this run did already under `key`; its JSON result is kept.

        Its effect on the database is exactly once. What leaves the house belongs in the letters' outbox.
        """
        session = self._book.session
        session.flush()
        known = session.get(RunOnce, (self.id, key))
        if known is not None:
            return known.result
        self._book.begin_writing()
        with session.begin_nested():
            result = function(*args, **kwargs)
            session.add(RunOnce(run_id=self.id, key=key, result=result if _is_json(result) else None))
        return result

    def gather(self, write: Callable[[list[Any]], object]) -> Callable[[Any], None]:
        """A function to hand things to: `write` gets them as a list, once a batch, in its transaction.

        For items that each write one row: hand it in as the item's last act, and many become one statement.
        """
        gathering = Gathering(write)
        self._book.gatherings.append(gathering)
        return gathering.things.append

    @contextmanager
    def artifact(self, name: str, keep: bool = True) -> Iterator[artifacts.PartFile]:
        """A file to write text or bytes to, going on where the last claim's valid bytes end.

        Closed without an exception it is finished: with `keep`, handed to the owner as the run's file; without, kept
        for a later step of this run only (`archive`).
        """
        with artifacts.part(self._book, name, keep) as file:
            yield file

    def archive(self, name: str, *members: artifacts.PartFile, items: int) -> None:
        """Hand the owner a zip of finished files, in the order given and with fixed dates; `items` are counted."""
        artifacts.pack(self._book, name, members, items, self.report)

    def report(self, done: int, total: int | None = None) -> None:
        """Say how far a foreign loop is (ffmpeg, a copy): it cannot be resumed, so a later claim starts it over."""
        book, row = self._book, self._book.row
        is_restarted = done < row.done and bool(row.cursor.get("reported"))
        row.cursor["reported"] = True
        row.done, row.total = done, total
        book.advance()
        book.reached(is_restarted)
        book.pulse.check()
        if time.monotonic() - book.last_commit >= walking.BATCH_SECONDS and not book.is_walking:
            book.commit()
            book.pulse.check()
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
            self._book.row.result_text = printable(url_or_text)

    def settle(self) -> None:
        """The body is done: count what a loop it left early had in hand."""
        self._leave_loop()

    def _leave_loop(self) -> None:
        """A loop the body broke out of ends with the item in hand, and is over for later claims too."""
        if self._walk is not None:
            self._walk.settle()
            self._walk.here["finished"] = True
            self._walk = None

    def _chunks(
        self, source: Any, total: int | None, atomic: int | None, key: Callable[[Any], Any] | None
    ) -> Iterator[Iterator[Any]]:
        book, row = self._book, self._book.row
        if book.is_walking:
            raise DeclarationError("run.each() inside run.each(): make it one loop, or two runs.")
        self._leave_loop()
        order = self._orders.get(self._step, 0)
        self._orders[self._step] = order + 1
        place = f"{self._step}.{order}"
        here = row.cursor.setdefault("each", {}).setdefault(place, {"done": 0})
        if here.get("finished"):
            return
        walked = sources.open_source(source, key)
        if "limit" not in here:
            self._measure(walked, here, place, total)
        book.reached()
        book.tell_soon()
        self._walk = Walk(book, place, here, atomic)
        book.is_walking = True
        try:
            yield from self._walk.chunks(walked)
        finally:
            book.is_walking = False
        self._walk = None
        here["finished"] = True
        if row.total is None or row.total > row.done:
            row.total = row.done
        book.reached()
        book.tell_soon()
        book.commit()
        book.pulse.check()

    def _measure(self, source: sources.Source, here: dict[str, Any], place: str, total: int | None) -> None:
        """Before the first item: how many there are, and up to where the run goes."""
        row = self._book.row
        here["base"] = row.done
        measured, here["limit"] = source.measure()
        self._restrict(here, place)
        known = len(here["only"]) if here.get("only") is not None else (total if total is not None else measured)
        row.total = None if known is None else here["base"] + known
        self._book.end_transaction()

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

    def where(self) -> tuple[str, Any] | None:
        """After an error: the item it happened at, if finished items of the same batch may be lost with it."""
        return self._walk.where() if self._walk is not None else None

    def _restrict(self, here: dict[str, Any], place: str) -> None:
        """A retry of what failed walks only those items."""
        original = self._book.row.retry_of
        if original is None:
            return
        failed = select(RunFailure.position).where(RunFailure.run_id == original, RunFailure.place == place)
        here["only"] = sorted(position for position in db.session.scalars(failed) if position is not None)

    def _fail(self, key: str, error: Exception) -> None:
        book, row = self._book, self._book.row
        place, position = (self._walk.place, self._walk.position()) if self._walk else ("", None)
        reason = error.message if isinstance(error, ProductError) else f"{type(error).__name__}: {error}"
        if self._walk is None or self._walk.is_first_failure():
            row.failed_count += 1
        book.session.merge(
            RunFailure(
                run_id=row.id,
                key=printable(key, 255),
                step_index=row.step_index,
                place=place,
                position=position,
                reason=printable(reason, 1000),
            )
        )


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


def _is_json(value: Any) -> bool:
    try:
        json.dumps(value)
    except (TypeError, ValueError):
        return False
    return True
