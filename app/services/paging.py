"""Reading a long list a page at a time by where the last page ended, never by counting: page 1,000 costs as page 1."""

import base64
import binascii
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Select, tuple_

from app.errors import Invalid
from app.extensions import db

PAGE_SIZE = 25
Item = TypeVar("Item")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_FORM = struct.Struct(">?qi")


@dataclass(frozen=True)
class Cursor:
    """A place between two items of a list, newest first, and which way to read on from it."""

    moment: datetime
    id: int
    is_upward: bool = False

    @classmethod
    def parse(cls, text: str | None) -> "Cursor | None":
        """The cursor an address carries; None, the top of the list, for nothing. Raises Invalid for a damaged one."""
        if not text:
            return None
        try:
            is_upward, microseconds, row_id = _FORM.unpack(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
            return cls(_EPOCH + microseconds * _MICROSECOND, row_id, is_upward)
        except (binascii.Error, struct.error, OverflowError, ValueError):
            raise Invalid("That page's address is damaged. Start again from the newest.") from None

    def __str__(self) -> str:
        packed = _FORM.pack(self.is_upward, (self.moment - _EPOCH) // _MICROSECOND, self.id)
        return base64.urlsafe_b64encode(packed).rstrip(b"=").decode()


@dataclass(frozen=True)
class Page(Generic[Item]):
    """Some items, newest first, and the cursors of the pages beside it (None: there is none)."""

    items: Sequence[Item]
    newer: str | None
    older: str | None


def beyond(at: Cursor | None, moment: Any, row_id: Any) -> tuple[ColumnElement[bool], ...]:
    """The conditions that hold for rows past the cursor; none at the top of the list."""
    if at is None:
        return ()
    here, there = tuple_(moment, row_id), tuple_(at.moment, at.id)
    return (here > there if at.is_upward else here < there,)


def order(at: Cursor | None, moment: Any, row_id: Any) -> tuple[Any, ...]:
    """Nearest to the cursor first."""
    if at is not None and at.is_upward:
        return moment.asc(), row_id.asc()
    return moment.desc(), row_id.desc()


def read(
    question: Select[Item],
    model: Any,
    at: Cursor | None,
    size: int = PAGE_SIZE,
    row_id: Any = None,
    columns: tuple[Any, Any] | None = None,
) -> Page[Item]:
    """The page past the cursor of a list of `model`, newest first by (created_at, `row_id`: the model's id).

    `columns` are the same two where they stand in the index of another table.
    """
    row_id = model.id if row_id is None else row_id
    columns = columns or (model.created_at, row_id)
    nearest = question.where(*beyond(at, *columns)).order_by(*order(at, *columns)).limit(size + 1)
    rows: list[Any] = list(db.session.scalars(nearest))
    items, has_more = rows[:size], len(rows) > size
    if at is not None and at.is_upward:
        items.reverse()
        return Page(items, _mark(items, 0, row_id, True) if has_more else None, _mark(items, -1, row_id, False))
    return Page(
        items, _mark(items, 0, row_id, True) if at else None, _mark(items, -1, row_id, False) if has_more else None
    )


def _mark(items: Sequence[Any], place: int, row_id: Any, is_upward: bool) -> str | None:
    return str(Cursor(items[place].created_at, getattr(items[place], row_id.key), is_upward)) if items else None
