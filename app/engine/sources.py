"""What `run.each` can walk over, page by page, from a position that fits in a cursor.

A select is paged by primary key, a file by byte offset, anything else by index (or, with `key=`, by an ascending key).
"""

from collections.abc import Callable, Iterable, Iterator, Sequence, Set, Sized
from dataclasses import dataclass
from itertools import islice
from typing import IO, Any, Protocol

from sqlalchemy import Column, Join, Select, func, inspect, select, tuple_

from app.extensions import db

PAGE = 1000
SLICE = 10_000


class UnsuitableSource(TypeError):
    """`run.each` cannot go on from a cursor in this source; the message says what to give it."""


@dataclass(frozen=True)
class Page:
    """Some items; `position(index)` is where to go on after the item at `index`, asked while that one is the newest."""

    items: Iterable[Any]
    position: Callable[[int], Any]


class Source(Protocol):
    """A way to go through items. Positions are JSON."""

    def measure(self) -> tuple[int | None, Any]:
        """(how many items, a limit to keep to on resume); either may be None."""

    def pages(self, after: Any, limit: Any) -> Iterator[Page]:
        """The pages after a position (None: from the start), up to the limit."""

    def only(self, positions: list[Any]) -> Iterator[Page]:
        """Just the items at these positions, for a retry of what failed."""


def open_source(source: Any, key: Callable[[Any], Any] | None) -> Source:
    """The way to walk `source`. Raises UnsuitableSource."""
    if isinstance(source, Select):
        return SelectSource(source)
    if hasattr(source, "readline") and hasattr(source, "seek"):
        return FileSource(source)
    if isinstance(source, Set) and key is None:
        raise UnsuitableSource("A set has no order to go on in: give run.each() a sorted list, or key=.")
    if isinstance(source, Iterable):
        return KeyedSource(source, key) if key else IndexSource(source)
    raise UnsuitableSource(f"run.each() cannot walk a {type(source).__name__}: give a select, a file or an iterable.")


class SelectSource:
    """Rows of a select by ascending primary key: never OFFSET, never all in memory."""

    def __init__(self, statement: Select[Any]) -> None:
        shaped = (statement._limit_clause, statement._offset_clause, statement._group_by_clauses)
        if statement._distinct or any(part is not None and part != () for part in shaped):
            raise UnsuitableSource(
                "run.each() pages by primary key: put LIMIT, OFFSET, DISTINCT or GROUP BY into a subquery, "
                "select(Post).where(Post.id.in_(…))."
            )
        self.statement = statement.order_by(None)
        entity = statement.column_descriptions[0]["entity"]
        if entity is None:
            raise UnsuitableSource("run.each() needs a select of a model or of its columns, primary key included.")
        self.is_entity = statement.column_descriptions[0]["expr"] is entity
        self.is_single = self.is_entity and len(statement.column_descriptions) == 1
        self.keys: list[Column[Any]] = [getattr(entity, attribute.key) for attribute in _key_attributes(entity)]
        names = [column["name"] for column in statement.column_descriptions]
        self.places = None if self.is_entity else [_place(names, key.key) for key in self.keys]

    def measure(self) -> tuple[int | None, Any]:
        """Exact, with the highest key there is now: rows added later are not part of the run."""
        count = db.session.scalar(select(func.count()).select_from(self.statement.subquery()))
        keys = self.statement.with_only_columns(*self.keys).distinct().subquery()
        if self._is_joined() and count != db.session.scalar(select(func.count()).select_from(keys)):
            raise UnsuitableSource("run.each() needs one row per primary key of the first model: this join gives more.")
        top = self.statement.with_only_columns(*self.keys).order_by(*(key.desc() for key in self.keys)).limit(1)
        highest = db.session.execute(top).first()
        return count or 0, list(highest) if highest else None

    def _is_joined(self) -> bool:
        froms = self.statement.get_final_froms()
        return len(froms) > 1 or any(isinstance(one, Join) for one in froms)

    def pages(self, after: Any, limit: Any) -> Iterator[Page]:
        """Pages of up to a thousand rows."""
        if limit is None:
            return
        bounded = self.statement.where(self._compare(limit, upper=True)).order_by(*self.keys).limit(PAGE)
        while True:
            statement = bounded if after is None else bounded.where(self._compare(after, upper=False))
            rows = self._rows(statement)
            if rows:
                after = self._position(rows[-1])
                yield self._page(rows)
            if len(rows) < PAGE:
                return

    def only(self, positions: list[Any]) -> Iterator[Page]:
        """The rows with these keys."""
        for start in range(0, len(positions), PAGE):
            chosen = positions[start : start + PAGE]
            if len(self.keys) == 1:
                match = self.keys[0].in_([position[0] for position in chosen])
            else:
                match = tuple_(*self.keys).in_([tuple(position) for position in chosen])
            yield self._page(self._rows(self.statement.where(match).order_by(*self.keys)))

    def _rows(self, statement: Select[Any]) -> Sequence[Any]:
        result = db.session.execute(statement)
        return result.scalars().all() if self.is_single else result.all()

    def _page(self, rows: Sequence[Any]) -> Page:
        return Page(rows, lambda index: self._position(rows[index]))

    def _position(self, item: Any) -> list[Any]:
        if self.places is not None:
            return [item[place] for place in self.places]
        row = item if self.is_single else item[0]
        return list(inspect(row).identity)

    def _compare(self, bound: list[Any], upper: bool) -> Any:
        if len(self.keys) == 1:
            return self.keys[0] <= bound[0] if upper else self.keys[0] > bound[0]
        left = tuple_(*self.keys)
        return left <= tuple(bound) if upper else left > tuple(bound)


class FileSource:
    """Lines of a file by byte offset; a text file is read by its binary buffer's lines and decoded as UTF-8."""

    def __init__(self, file: IO[Any]) -> None:
        self.raw: IO[bytes] = getattr(file, "buffer", file)
        self.is_text = self.raw is not file

    def measure(self) -> tuple[int | None, Any]:
        """The number of lines, and the size in bytes as the limit."""
        self.raw.seek(0)
        lines = sum(1 for _ in self.raw)
        return lines, self.raw.tell()

    def pages(self, after: Any, limit: Any) -> Iterator[Page]:
        """Pages of up to a thousand lines."""
        self.raw.seek(after or 0)
        while self.raw.tell() < limit:
            lines, ends = [], []
            for _ in range(PAGE):
                line = self.raw.readline()
                if not line:
                    break
                lines.append(line.decode("utf-8", "replace") if self.is_text else line)
                ends.append(self.raw.tell())
            if not lines:
                return
            yield Page(lines, ends.__getitem__)

    def only(self, positions: list[Any]) -> Iterator[Page]:
        """The lines that end at these offsets."""
        wanted = set(positions)
        for page in self.pages(None, max(wanted, default=0)):
            lines = [(line, page.position(index)) for index, line in enumerate(page.items)]
            chosen = [(line, end) for line, end in lines if end in wanted]
            yield Page([line for line, _ in chosen], [end for _, end in chosen].__getitem__)


class IndexSource:
    """Items by their index: the source must give the same items in the same order again."""

    def __init__(self, items: Iterable[Any]) -> None:
        self.items = items

    def measure(self) -> tuple[int | None, Any]:
        """The length where the source has one."""
        return _length(self.items), None

    def pages(self, after: Any, limit: Any) -> Iterator[Page]:
        """Slices of a sequence; a generator is one lazy page."""
        start = 0 if after is None else after + 1
        if isinstance(self.items, Sequence):
            for begin in range(start, len(self.items), SLICE):
                yield _indexed(self.items[begin : begin + SLICE], begin)
            return
        yield _indexed(islice(self.items, start, None), start)

    def only(self, positions: list[Any]) -> Iterator[Page]:
        """The items at these indexes."""
        wanted = set(positions)
        for index, item in enumerate(self.items):
            if index in wanted:
                yield _indexed([item], index)


class KeyedSource:
    """Items in ascending order of a key: what lies at or below the last key is behind us."""

    def __init__(self, items: Iterable[Any], key: Callable[[Any], Any]) -> None:
        self.items, self.key = items, key

    def measure(self) -> tuple[int | None, Any]:
        """The length where the source has one."""
        return _length(self.items), None

    def pages(self, after: Any, limit: Any) -> Iterator[Page]:
        """One lazy page."""
        yield self._those(lambda place: after is None or place > after)

    def only(self, positions: list[Any]) -> Iterator[Page]:
        """The items with these keys."""
        wanted = set(positions)
        yield self._those(wanted.__contains__)

    def _those(self, is_wanted: Callable[[Any], bool]) -> Page:
        newest: list[Any] = [None]

        def walk() -> Iterator[Any]:
            for item in self.items:
                newest[0] = self.key(item)
                if is_wanted(newest[0]):
                    yield item

        return Page(walk(), lambda _index: newest[0])


def _length(items: Iterable[Any]) -> int | None:
    return len(items) if isinstance(items, Sized) else None


def _indexed(items: Iterable[Any], begin: int) -> Page:
    return Page(items, lambda index: begin + index)


def _key_attributes(entity: Any) -> list[Any]:
    mapper = inspect(entity).mapper
    return [mapper.get_property_by_column(column) for column in mapper.primary_key]


def _place(names: list[str], key: str) -> int:
    if key not in names:
        raise UnsuitableSource(f"run.each() pages by primary key: select {key} too.")
    return names.index(key)
