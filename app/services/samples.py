"""A made-up archive to try an import with: the same posts for the same numbers, on any day."""

from datetime import UTC, datetime, timedelta
from random import Random

from app.services import exports, phrases

OPENING, CLOSING = exports.JSON_OPENING, exports.JSON_CLOSING
MOST = 1_000_000
_FIRST = datetime(2006, 3, 21, tzinfo=UTC)
_STEP = timedelta(minutes=10)  # a million of them end before today


def entry(number: int) -> str:
    """The post with this number, as it stands in an archive; each is ten minutes younger than the one before."""
    return exports.as_json(phrases.phrase(Random(number)), _FIRST + number * _STEP)


def summary(count: int) -> str:
    """What the member reads when the archive is ready."""
    return f"{count:,} made-up {'post' if count == 1 else 'posts'}, ready to import. No pictures yet."
