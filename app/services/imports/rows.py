"""A post in a file: what it must be to be imported, and the key by which it is known again."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from app.errors import Invalid
from app.models.post import FOLLOWERS, ONLY_AUTHOR, PUBLIC
from app.services import texts
from app.services.imports import limits

NOT_A_POST = "This entry is no post: it has no body and no timestamp."
NO_WORDS = "It has no words."
TOO_LONG = f"It is longer than {limits.POST_CHARACTERS:,} characters, and we cut nothing."
NO_DATE = "It has no date."
NO_KNOWN_DATE = "Its date cannot be read."
TOO_OLD = "Its date is before 1970."
IN_THE_FUTURE = "Its date lies in the future."
_FIRST = datetime(1970, 1, 1, tzinfo=UTC)
_TOMORROW = timedelta(days=1)  # clocks differ, and so do zones that nobody wrote down
_NEVER = _FIRST
_EVERYBODY = {"https://www.w3.org/ns/activitystreams#Public", "as:Public", "Public"}


class BadRow(Invalid):
    """One entry of the file cannot be imported; the others can."""


@dataclass(slots=True)
class Row:
    """An entry; `number` counts from 1. With a `problem` it has no words, date or key to speak of.

    `key` is a hash of words and second; `ordinal` tells identical posts of one second apart, in the file's order.
    """

    number: int
    body: str = ""
    created_at: datetime = _NEVER
    key: str = ""
    ordinal: int = 0
    problem: str | None = None
    is_here: bool = False
    visibility: str = PUBLIC

    @property
    def name(self) -> str:
        """How it is listed when it fails."""
        return f"row {self.number}"

    @property
    def source_id(self) -> str:
        """What makes it unique among its author's imported posts."""
        return f"{self.key}:{self.ordinal}" if self.ordinal else self.key


def read(entries: Iterable[dict[str, Any] | None], now: datetime) -> Iterator[Row]:
    """The entries as rows, in the same order. Raises Invalid above the number of posts a file may hold."""
    known: set[int] = set()
    again: dict[int, int] = {}
    for number, entry in enumerate(entries, start=1):
        if number > limits.POSTS:
            raise Invalid(f"There are more than {limits.POSTS:,} posts in this file. Split it, and import the parts.")
        row = _row(number, entry, now)
        if row.problem is None:
            short = int(row.key[:16], 16)
            if short in known:
                again[short] = row.ordinal = again.get(short, 0) + 1
            else:
                known.add(short)
        yield row


def check(row: Row) -> None:
    """Raises BadRow when it cannot be imported."""
    if row.problem is not None:
        raise BadRow(row.problem)


def key_of(body: str, created_at: datetime) -> str:
    """The same for the same words in the same second: an export may have rounded the rest away."""
    return hashlib.sha256(f"{int(created_at.timestamp())}\n{body}".encode()).hexdigest()[:40]


def _row(number: int, entry: dict[str, Any] | None, now: datetime) -> Row:
    try:
        if not entry:
            raise BadRow(NOT_A_POST)
        body = _words(entry.get("body"))
        created_at = moment(entry.get("timestamp"), now)
    except BadRow as bad:
        return Row(number, problem=bad.message)
    return Row(number, body, created_at, key_of(body, created_at), visibility=visibility(entry))


def _words(given: Any) -> str:
    if not isinstance(given, str):
        raise BadRow(NO_WORDS)
    body: str = given.strip() if given.isascii() and given.isprintable() else texts.clean(given)
    if not body:
        raise BadRow(NO_WORDS)
    if len(body) > limits.POST_CHARACTERS and texts.length(body) > limits.POST_CHARACTERS:
        raise BadRow(TOO_LONG)
    return body


def visibility(entry: dict[str, Any]) -> str:
    """Who may see the post here: never more people than it was addressed to, where the file says so at all."""
    to, cc = (_addresses(entry.get(field)) for field in ("to", "cc"))
    if to is None and cc is None:
        return PUBLIC
    if _EVERYBODY.intersection((to or []) + (cc or [])):
        return PUBLIC
    return FOLLOWERS if any(address.endswith("/followers") for address in to or []) else ONLY_AUTHOR


def _addresses(given: Any) -> list[str] | None:
    if given is None:
        return None
    return [each for each in (given if isinstance(given, list) else [given]) if isinstance(each, str)]


def moment(stamp: Any, now: datetime) -> datetime:
    """An ISO 8601 date and time in UTC; without a zone it is taken as UTC. Raises BadRow."""
    if stamp is None or stamp == "":
        raise BadRow(NO_DATE)
    if not isinstance(stamp, str) or len(stamp) > 40:
        raise BadRow(NO_KNOWN_DATE)
    try:
        found = datetime.fromisoformat(_without_second_zone(stamp.strip()))
        found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise BadRow(NO_KNOWN_DATE) from error
    if found < _FIRST:
        raise BadRow(TOO_OLD)
    if found > now + _TOMORROW:
        raise BadRow(IN_THE_FUTURE)
    return found


def _without_second_zone(stamp: str) -> str:
    """`…+00:00Z`: the tutorial puts a Z behind whatever it has."""
    has_two = stamp.endswith("Z") and ("+" in stamp or stamp.count("-") > 2)
    return stamp.removesuffix("Z") if has_two else stamp
