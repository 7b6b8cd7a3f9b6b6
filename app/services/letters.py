"""Letters: what we write to whom. Each is a row written in the transaction that causes it; nothing is sent here.

`delivery` carries them out of the house; the templates lie in `templates/email/<letter>/`.
"""

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import current_app
from sqlalchemy import Select, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError

from app import clock, languages, links
from app.adapters import channels
from app.engine import outbox
from app.errors import Conflict, NotFound
from app.extensions import db
from app.models import Letter, User
from app.models.letter import DEAD, IS_WAITING, STATES, WAITING
from app.services import delivery, letter_choices

log = logging.getLogger(__name__)

DELIVERY = "deliver_letters"
SUBJECT_LENGTH = 255
WELCOMES_A_DAY = 5  # for an address: a squatter must not use up its owner's
UNWRITTEN = "Its words could not be made: there is a mistake in its templates. The log has more."
Row = dict[str, Any]
_INSERT: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


@dataclass(frozen=True)
class Kind:
    """A letter there is. `is_bulk`: rather lost than sent twice, and after all others. `hours`: too late afterwards."""

    title: str
    is_bulk: bool = False
    hours: float | None = None


KINDS: dict[str, Kind] = {
    "welcome": Kind("Welcome, and please confirm your address", hours=7 * 24),
    "confirm_address": Kind("Please confirm your address", hours=7 * 24),
    "new_address": Kind("A link to change the address", hours=24),
    "address_changed": Kind("Your address was changed: to the old one"),
    "password_reset": Kind("A link for a new password", hours=1),
    "password_changed": Kind("Your password was changed"),
    "address_taken": Kind("Somebody gave the member's address for another account", hours=24),
    "new_sign_in": Kind("A sign-in from a browser that is new", hours=24),
    "run_ended": Kind("A long run has ended", hours=24),
    "new_follower": Kind("Somebody follows the member", hours=48),
    "mention": Kind("Somebody mentions the member", hours=48),
    "reply": Kind("Somebody answers a post", hours=48),
    "message": Kind("Somebody writes to the member", hours=48),
    "invitation": Kind("An invitation", hours=7 * 24),
    "account_ends": Kind("An account is about to end", hours=24),
    "digest": Kind("What was written since the last digest", is_bulk=True, hours=12),
    "trial": Kind("A letter to try the mail server with", hours=1),
    "files_go": Kind("Files are about to be removed", hours=24),
    "long_away": Kind("What happened while a member was away", is_bulk=True, hours=24),
}


def welcome(member: User, token: str) -> None:
    """To a new member; five a day for an address at most, whoever registers with it."""
    db.session.flush()
    key = f"welcome:{_mark(member.email)}:{_day()}:{member.id % WELCOMES_A_DAY}"
    _tell("welcome", member, key=key, token=token)


def confirm_address(member: User, token: str) -> None:
    """The link again, because the member asked for it."""
    _write("confirm_address", member, key=f"confirm_address:{member.id}:{_moment()}", token=token)


def address_taken(owner: User) -> None:
    """Somebody gave the owner's address for another account, perhaps the owner themselves: told once a day."""
    _tell("address_taken", owner, key=f"address_taken:{owner.id}:{_day()}")


def new_address(member: User, address: str, token: str) -> None:
    """To the address that the member wants letters to come to."""
    post([draft("new_address", member, f"new_address:{member.id}:{_moment()}", token=token) | {"address": address}])


def address_changed(member: User, old: str) -> None:
    """To the address that was the member's until now, so that nobody's is changed unnoticed."""
    key = f"address_changed:{member.id}:{_moment()}"
    post([_news("address_changed", member, key, at=clock.now()) | {"address": old}])


def password_reset(member: User, token: str, asking: str) -> None:
    """The link to a new password, once for each asking."""
    _write("password_reset", member, key=f"password_reset:{asking}:{member.id}", token=token)


def password_changed(member: User) -> None:
    """So that nobody's password is changed unnoticed."""
    _tell("password_changed", member, key=f"password_changed:{member.id}:{_moment()}", at=clock.now())


def new_sign_in(member: User, browser: str, address: str) -> None:
    """Somebody signed in with a browser that the member never used: told once an hour for the same one."""
    now = clock.now()
    key = f"new_sign_in:{member.id}:{browser}:{address}:{now:%Y-%m-%dT%H}"[:255]
    _tell("new_sign_in", member, key=key, browser=browser, address=address, at=now)


def invitation(address: str, by: User, token: str) -> None:
    """To somebody who is no member yet, in the inviter's language. One a week for an address and inviter, however often
    they press.
    """
    language = language_of(by)
    words = render("invitation", language, by=by, token=token)
    week = clock.now().timestamp() // (7 * 86400)  # as long as its link is good
    post([_row("invitation", address, f"invitation:{by.id}:{week:.0f}:{address.lower()}"[:255], words, language)])


def trial(admin: User) -> None:
    """To the admin who wants to know whether letters arrive."""
    _write("trial", admin, key=f"trial:{admin.id}:{_moment()}")


def draft(kind: str, to: User, key: str, headers: Row | None = None, **facts: Any) -> Row:
    """A letter as a row, for `post`. `key` makes it go out once at most; `facts` are what its templates tell."""
    language = language_of(to)
    words = render(kind, language, letter_choices.of(to).time_zone, member=to, **facts)
    row = _row(kind, to.email, key, words, language)
    return row | {"user_id": to.id, "headers": row["headers"] | (headers or {})}


def post(rows: Sequence[Row]) -> None:
    """Put letters into the outbox; those whose key is known are there already. They leave once the caller commits.

    Who gave another member's address gets none: its owner has nothing to do with that account.
    """
    rows = _not_astray(rows)
    if rows:
        insert = _INSERT[db.engine.dialect.name](Letter.__table__)
        db.session.execute(insert.on_conflict_do_nothing(index_elements=["key"]), rows)
        outbox.request(DELIVERY, by=None)


@dataclass(frozen=True)
class Words:
    """A letter's three parts."""

    subject: str
    text: str
    html: str


def render(kind: str, language: str, time_zone: str = "UTC", **facts: Any) -> Words:
    """The letter's words, from its templates and the language's catalogue; moments by a clock in `time_zone`."""

    def part(name: str) -> str:
        template = current_app.jinja_env.get_template(f"email/{kind}/{name}")
        return template.render(links=links, language=language, time_zone=time_zone, **facts)

    return Words(" ".join(part("subject.txt").split())[:SUBJECT_LENGTH], part("body.txt"), part("body.html"))


def language_of(member: User) -> str:
    """The language we write to the member in: their own, English where it is one we know no more."""
    return languages.or_english(member.language)


def of_state(state: str | None) -> Select[Letter]:
    """The letters in the outbox, or those in one state; any order. Raises NotFound for a word that is no state."""
    if state is not None and state not in STATES:
        raise NotFound("Letters are waiting, sending, sent or dead.")
    return select(Letter).where(Letter.state == state) if state else select(Letter)


def counts() -> dict[str, int]:
    """How many letters there are in each state."""
    found = db.session.execute(select(Letter.state, func.count()).group_by(Letter.state)).all()
    return {**dict.fromkeys(STATES, 0), **{row[0]: row[1] for row in found}}


def find(letter_id: int) -> Letter:
    """The letter of that number. Raises NotFound."""
    letter = db.session.get(Letter, letter_id)
    if letter is None:
        raise NotFound("There is no such letter; it may have been tidied away.")
    return letter


def has_server() -> bool:
    """False where letters stay in the outbox, because no mail server is set."""
    return bool(current_app.config["MAIL_SERVER"])


def is_masked() -> bool:
    """True in production: there nobody reads other people's letters, or uses the links in them."""
    return bool(current_app.config["MICROBLOG_ENV"] == "production")


def shown_address(letter: Letter) -> str:
    """The address as an admin sees it: `s…@example.com` in production."""
    name, at, domain = letter.address.rpartition("@")
    if not is_masked():
        return letter.address
    return f"{name[:1]}…@{domain}" if at else f"…{letter.address[-2:]}"


def replay(letter: Letter) -> None:
    """Send a dead letter after all, from its first attempt on. Raises Conflict where that makes no sense."""
    if letter.state != DEAD:
        raise Conflict("Only a dead letter can be sent again.")
    if letter.expires_at is not None and letter.expires_at < clock.now():
        raise Conflict("It is too late: what this letter says no longer holds.")
    if not _revive(Letter.id == letter.id):
        raise Conflict("It changed in this very moment; look again.")
    db.session.refresh(letter)


def replay_all() -> int:
    """Send every dead letter that still makes sense; returns how many. What may have arrived is sent one by one."""
    return _revive(Letter.error.is_(None) | ~Letter.error.startswith(delivery.PERHAPS, autoescape=True))


def waiting_since() -> datetime | None:
    """When the letter was due that has waited longest; None where none waits."""
    due: datetime | None = db.session.scalar(select(func.min(Letter.next_at)).where(IS_WAITING))
    return due


def _write(kind: str, to: User, key: str, **facts: Any) -> None:
    post([draft(kind, to, key, **facts)])


def _tell(kind: str, to: User, key: str, **facts: Any) -> None:
    post([_news(kind, to, key, **facts)])


def _news(kind: str, to: User, key: str, **facts: Any) -> Row:
    """A letter that only tells of what happens with it, a sign-in, and must not keep that from happening.

    Where its words cannot be made it is kept, dead, for those who run the site; nobody can send it after all.
    """
    try:
        return draft(kind, to, key, **facts)
    except SQLAlchemyError:
        raise
    except Exception:
        log.exception("a letter cannot be written: %s", kind)
        row = _row(kind, to.email, key, Words(KINDS[kind].title, "", ""), language_of(to))
        return row | {"user_id": to.id, "state": DEAD, "error": UNWRITTEN, "expires_at": row["created_at"]}


def _moment() -> str:
    return clock.stamp(clock.now())


def _day() -> str:
    return f"{clock.now():%Y-%m-%d}"


def _mark(address: str) -> str:
    return hashlib.sha256(address.lower().encode()).hexdigest()[:32]


def _not_astray(rows: Sequence[Row]) -> list[Row]:
    """The rows without those about one member to an address that another has confirmed."""
    addresses = {row["address"].lower() for row in rows if row["user_id"] is not None}
    confirmed = (func.lower(User.email).in_(addresses), User.email_confirmed_at.is_not(None))
    owners = {row.email.lower(): row.id for row in db.session.execute(select(User.id, User.email).where(*confirmed))}
    return [row for row in rows if row["user_id"] in (None, owners.get(row["address"].lower(), row["user_id"]))]


def _row(kind: str, address: str, key: str, words: Words, language: str) -> Row:
    hours, now = KINDS[kind].hours, clock.now()
    return {
        "key": key,
        "channel": channels.EMAIL,
        "kind": kind,
        "user_id": None,
        "address": address,
        "language": language,
        "subject": words.subject,
        "text": words.text,
        "html": words.html,
        "headers": {"Content-Language": languages.tag(language)},  # RFC 3282
        "is_bulk": KINDS[kind].is_bulk,
        "state": WAITING,
        "created_at": now,
        "next_at": now,
        "expires_at": now + timedelta(hours=hours) if hours else None,
    }


def _revive(which: Any) -> int:
    now = clock.now()
    is_timely = Letter.expires_at.is_(None) | (Letter.expires_at > now)
    revived = db.session.execute(
        update(Letter)
        .where(which, Letter.state == DEAD, is_timely)
        .values(state=WAITING, attempts=0, next_at=now, error=None)
        .returning(Letter.id)
        .execution_options(synchronize_session=False)
    ).all()
    if revived:
        outbox.request(DELIVERY, by=None)
    return len(revived)
