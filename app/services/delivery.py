"""Carrying letters out of the house: take one, hand it to its channel, write down what came of it.

Each is a short transaction of its own, so nothing is ever sent inside one, two postmen never have the same letter, and
a postman killed between the server's word and ours leaves one letter, not many, that may go out twice.
"""

import logging
import random
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from flask import current_app
from sqlalchemy import Row, Select, Update, bindparam, or_, select, update
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.sql.dml import ReturningUpdate

from app import clock
from app.adapters import channels
from app.adapters.channels import Away, Channel, ChannelTrouble, Later, Message, Refused, Unsure
from app.engine import lease
from app.extensions import db
from app.models import Letter
from app.models.base import UtcDateTime
from app.models.letter import DEAD, IS_SENDING, IS_WAITING, SENDING, SENT, WAITING

log = logging.getLogger(__name__)

HELD_SECONDS = 400.0  # longer than the slowest server may take for one letter
BACKOFF_SECONDS, BACKOFF_CAP_SECONDS = 30.0, 3600.0
MAX_ATTEMPTS = 54  # with the back-off about two days, as mail servers have it among themselves
MOST_COPIES = 5  # of a letter whose answer is lost each time: perhaps all of them arrive
REST_SECONDS = 30.0  # until a channel that is out of reach is tried again
PATIENCE_SECONDS = 10.0  # to write down what came of a letter, when the database is away just then
NO_LONGER = "It is too late: what this letter says no longer holds."
PERHAPS = "It may have arrived: the answer was lost. It is not sent again by itself."


@dataclass(frozen=True)
class InHand:
    """A letter that nobody else has; `claim` is its fence."""

    id: int
    claim: int
    channel: str
    message: Message
    is_bulk: bool
    attempts: int
    expires_at: datetime | None


class Postman:
    """Delivers for one run. `open_channel` opens a channel by its name; a drain keeps each open until its end."""

    def __init__(self, holder: str, open_channel: Callable[[str], Channel] | None = None) -> None:
        self.holder = holder
        self.sent = self.put_off = self.given_up = 0
        self._open_channel = open_channel or (lambda name: channels.open_channel(name, current_app.config))
        self._channels: dict[str, Channel] = {}
        self._resting: set[str] = set()
        self._untouched: InHand | None = None

    def __enter__(self) -> "Postman":
        return self

    def __exit__(self, *_error: object) -> None:
        """Close every connection, and put back a letter that was taken and not begun: the run was told to stop."""
        if self._untouched is not None:
            self._settle(self._untouched, state=WAITING)
        for channel in self._channels.values():
            channel.close()
        self._channels.clear()

    def letters(self) -> Iterator[InHand]:
        """What is due, the most urgent first, each taken only when it is asked for; ends when nothing is due."""
        self._take_back()
        while (letter := self._take()) is not None:
            self._untouched = letter
            yield letter

    def deliver(self, letter: InHand) -> None:
        """Send it, and write down what came of it. Whatever goes wrong is the letter's to bear, never the drain's."""
        self._untouched = None
        if letter.expires_at is not None and letter.expires_at < clock.now():
            self._give_up(letter, NO_LONGER)
            return
        try:
            channel = self._channel(letter.channel)
            channel.send(letter.message)
        except Away as trouble:
            self._rest(letter, _sentence(letter, trouble))
        except Refused as trouble:
            self._give_up(letter, _sentence(letter, trouble))
        except Unsure as trouble:
            if letter.is_bulk or letter.attempts + 1 >= MOST_COPIES:
                self._give_up(letter, f"{PERHAPS} {_sentence(letter, trouble)}")
            else:
                self._put_off(letter, _sentence(letter, trouble))
        except Later as trouble:
            self._put_off(letter, _sentence(letter, trouble))
        except Exception:
            log.exception("letter %s cannot be sent as it is", letter.id)
            self._give_up(letter, "Something went wrong in our code; the log has more.")
        else:
            forgotten = {"text": "", "html": None} if channel.is_lasting else {}
            self._settle(letter, state=SENT, sent_at=clock.now(), error=None, **forgotten)
            self.sent += 1

    def summary(self) -> str:
        """What was done, in a sentence."""
        counted = ((self.sent, "sent"), (self.put_off, "put off"), (self.given_up, "given up"))
        return ", ".join(f"{count:,} {word}" for count, word in counted if count) or "Nothing was due"

    def _take(self) -> InHand | None:
        """The most urgent letter that is due, taken in the same statement, so that nobody else has it."""
        values = {"now": clock.now(), "resting": sorted(self._resting), "by": self.holder}
        values |= lease.values(HELD_SECONDS)
        with db.engine.begin() as connection:
            row = connection.execute(_taking(connection.dialect.name), values).first()
        return _in_hand(row) if row is not None else None

    def _take_back(self) -> None:
        """Letters left in a dead hand: an earlier claim's of this run, or of anybody whose time is over.

        Nobody knows whether they went out. Most are rather sent twice than not at all.
        """
        is_left = or_(Letter.holder == self.holder, Letter.lease_until < lease.database_now())
        left = select(Letter.id).where(IS_SENDING, is_left)
        with db.engine.connect() as connection:
            if connection.scalar(left.limit(1)) is None:
                return
        outcomes: tuple[tuple[bool, dict[str, Any]], ...] = (
            (False, {"state": WAITING, "next_at": clock.now()}),
            (True, {"state": DEAD, "error": PERHAPS}),
        )
        with db.engine.begin() as connection:
            for is_bulk, values in outcomes:
                mine = (IS_SENDING, is_left, Letter.is_bulk.is_(is_bulk))
                connection.execute(update(Letter).where(*mine).values(holder=None, lease_until=None, **values))

    def _channel(self, name: str) -> Channel:
        if name not in self._channels:
            self._channels[name] = self._open_channel(name)
        return self._channels[name]

    def _rest(self, letter: InHand, sentence: str) -> None:
        """No letter gets through: all that are due wait a little, and none of them is blamed.

        This one waits longest. Should it be what the server stumbles over, the others pass it the next time.
        """
        log.warning("%s is out of reach: %s", letter.channel, sentence)
        self._resting.add(letter.channel)
        until = clock.now() + timedelta(seconds=REST_SECONDS * random.uniform(1, 2))
        self._settle(letter, state=WAITING, next_at=until + timedelta(seconds=REST_SECONDS), error=sentence)
        others = (IS_WAITING, Letter.channel == letter.channel, Letter.next_at < until)
        with db.engine.begin() as connection:
            connection.execute(update(Letter).where(*others).values(next_at=until, error=sentence))
        self.put_off += 1

    def _put_off(self, letter: InHand, sentence: str) -> None:
        attempts = letter.attempts + 1
        if attempts >= MAX_ATTEMPTS:
            self._give_up(letter, f"{sentence} Tried {attempts} times.")
            return
        until = clock.now() + timedelta(seconds=backoff_seconds(attempts))
        self._settle(letter, state=WAITING, next_at=until, attempts=attempts, error=sentence)
        self.put_off += 1

    def _give_up(self, letter: InHand, sentence: str) -> None:
        log.warning("letter %s is dead: %s", letter.id, sentence)
        self._settle(letter, state=DEAD, attempts=letter.attempts + 1, error=sentence)
        self.given_up += 1

    def _settle(self, letter: InHand, **values: Any) -> None:
        """Write down what came of it, if it is still ours. A database that is away just now is waited for a little."""
        statement = _settling(tuple(sorted(values)))
        values |= {"letter_id": letter.id, "own_claim": letter.claim}
        until = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                with db.engine.begin() as connection:
                    connection.execute(statement, values)
                return
            except (OperationalError, InterfaceError):
                if time.monotonic() > until:
                    raise
                time.sleep(0.5)


def is_wanted() -> bool:
    """True if a letter is due, or lies in a dead hand: then somebody should deliver."""
    left = select(Letter.id).where(IS_SENDING, Letter.lease_until < lease.database_now()).limit(1)
    return db.session.scalar(_due(), {"now": clock.now()}) is not None or db.session.scalar(left) is not None


def backoff_seconds(attempts: int) -> float:
    """How long to wait after so many refusals: 30 s doubled each time, at most an hour, at random above half of it."""
    longest = min(BACKOFF_SECONDS * 2 ** min(attempts - 1, 20), BACKOFF_CAP_SECONDS)
    return random.uniform(longest / 2, longest)


def _sentence(letter: InHand, trouble: ChannelTrouble) -> str:
    """What the other side said, without the address: it stands beside the letter, and in production only in part.

    Servers repeat all of it, or what is before the @; providers a number with or without its plus.
    """
    address = letter.message.to
    short = address.rpartition("@")[0] or address.removeprefix("+")
    pattern = "|".join(rf"(?<![\w.-]){re.escape(part)}(?![\w-]|\.\w)" for part in (address, short) if part)
    return re.sub(pattern, "…", str(trouble), flags=re.IGNORECASE) if pattern else str(trouble)


def _due() -> Select[int]:
    urgent_first = (Letter.is_bulk, Letter.next_at, Letter.id)
    is_due = Letter.next_at <= bindparam("now", type_=UtcDateTime)
    return select(Letter.id).where(IS_WAITING, is_due).order_by(*urgent_first).limit(1)


@cache
def _taking(dialect: str) -> ReturningUpdate[Any]:
    """Built once, as is the next: they run with every letter, and building them took longer than running them."""
    is_up = Letter.channel.not_in(bindparam("resting", expanding=True))
    due = _due().where(is_up).with_for_update(skip_locked=True)
    taken = {"state": SENDING, "claim": Letter.claim + 1, "holder": bindparam("by")}
    return (
        update(Letter)
        .where(Letter.id == due.scalar_subquery(), IS_WAITING)
        .values(lease_until=lease.expression(dialect), **taken)
        .returning(*Letter.__table__.c)
    )


@cache
def _settling(names: tuple[str, ...]) -> Update:
    mine = (Letter.id == bindparam("letter_id"), Letter.claim == bindparam("own_claim"), IS_SENDING)
    changed: dict[str, Any] = {name: bindparam(name) for name in names}
    return update(Letter).where(*mine).values(holder=None, lease_until=None, **changed)


def _in_hand(row: Row[Any]) -> InHand:
    message = Message(
        key=row.key,
        to=row.address,
        subject=row.subject,
        text=row.text,
        html=row.html,
        headers=row.headers,
        written_at=row.created_at,
    )
    return InHand(
        id=row.id,
        claim=row.claim,
        channel=row.channel,
        message=message,
        is_bulk=row.is_bulk,
        attempts=row.attempts,
        expires_at=row.expires_at,
    )
