"""Text messages: letters of a few words to a telephone, counted because each costs."""

import re
from datetime import timedelta

from flask import current_app
from sqlalchemy import func, select

from app import clock
from app.adapters import channels
from app.engine import outbox
from app.errors import Invalid, TooMany
from app.extensions import db
from app.models import Letter, User
from app.services import letters

MOST_PARTS = 3
LOCK_NUMBER = 0x6D62736D  # any number of ours: PostgreSQL's advisory locks have numbers, not names
DAY = timedelta(days=1)
_NUMBER = re.compile(r"\+[1-9]\d{6,14}")
_GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_TWICE = frozenset("^{}\\[~]|€\f")


def write(kind: str, number: str, key: str, member: User, **facts: object) -> None:
    """Put a message to the number into the outbox, once for a key, on the member's account.

    Raises Invalid for a number that is none (E.164: +4915112345678) or a text of more than three parts, TooMany when
    the member or the house has used up the day. Two that ask at once are counted one after the other.
    """
    number = re.sub(r"[ ()./-]", "", number)
    if not _NUMBER.fullmatch(number):
        raise Invalid("A telephone number looks like +49 151 12345678, with the country in front.")
    language = letters.language_of(member)
    template = current_app.jinja_env.get_template(f"sms/{kind}.txt")
    text = template.render(language=language, member=member, **facts).strip()
    count = parts(text)
    if count > MOST_PARTS:
        raise Invalid(f"That is too long for a text message: {count} parts, and {MOST_PARTS} are allowed.")
    outbox.lock_member(db.session.connection(), member.id)
    _lock_house()
    _check_limits(member, count)
    now = clock.now()
    row = {
        "key": key,
        "channel": channels.SMS,
        "kind": kind,
        "user_id": member.id,
        "address": number,
        "language": language,
        "subject": "",
        "text": text,
        "html": None,
        "headers": {"parts": count},
        "is_bulk": False,
        "state": "waiting",
        "created_at": now,
        "next_at": now,
        "expires_at": now + timedelta(hours=1),
    }
    letters.post([row])


def trial(admin: User, number: str) -> None:
    """To the admin who wants to know whether messages arrive."""
    write("trial", number, f"sms:trial:{admin.id}:{clock.stamp(clock.now())}", admin)


def parts(text: str) -> int:
    """How many a network makes of it: 160 characters in one, 153 in each of several; 70 and 67 beyond GSM 03.38."""
    if all(character in _GSM or character in _GSM_TWICE for character in text):
        length, one, each = sum(2 if character in _GSM_TWICE else 1 for character in text), 160, 153
    else:
        length, one, each = len(text.encode("utf-16-le")) // 2, 70, 67
    return 1 if length <= one else -(-length // each)


def _lock_house() -> None:
    """So that messages of two members count each other. On SQLite the member's lock is everybody's."""
    connection = db.session.connection()
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(LOCK_NUMBER)))


def _check_limits(member: User, count: int) -> None:
    settings = current_app.config
    today = (Letter.channel == channels.SMS) & (Letter.created_at > clock.now() - DAY)
    mine = db.session.scalar(select(func.count()).where(today, Letter.user_id == member.id)) or 0
    if mine >= (most := settings["SMS_PER_MEMBER_A_DAY"]):
        raise TooMany(f"{most} text messages a day are allowed. Try again tomorrow.", 3600)
    used = sum(headers.get("parts", 1) for headers in db.session.scalars(select(Letter.headers).where(today)))
    if used + count > settings["SMS_PARTS_A_DAY"]:
        raise TooMany("No more text messages are sent today. Try again tomorrow.", 3600)
