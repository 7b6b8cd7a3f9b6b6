"""The demo's members: susan and john, who follow each other, and david, who runs the place."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

from sqlalchemy import func, insert, select

from app import clock
from app.extensions import db
from app.models import Post, User
from app.security import passwords
from app.services import accounts, follows, phrases, profiles, search

PASSWORD = "microblog"
_WAKING_HOURS = (6, 7, 7, 8, 8, 9, 11, 12, 12, 13, 15, 17, 18, 18, 19, 19, 20, 20, 21, 21, 22, 23)


@dataclass(frozen=True)
class _Person:
    name: str
    role: str
    post_count: int
    years: int
    about: str


_CAST = (
    _Person("susan", "member", 2_400, 6, "Balcony gardener, canal cyclist, reader of slow books."),
    _Person("john", "member", 960, 4, "I fix things, then write down how. Mostly kettles and parsers."),
    _Person("david", "admin", 45, 2, "Keeps the lights on here."),
)


def plant() -> None:
    """Make whoever of them is missing, with their posts; what is there stays as it is. The caller commits."""
    missing = [person for person in _CAST if accounts.named(person.name) is None]
    if not missing:
        return
    password_hash = passwords.hashed(PASSWORD)
    last_post_id = db.session.scalar(select(func.max(Post.id))) or 0
    for person in missing:
        _plant(person, password_hash)
    for _ in search.put_beyond(last_post_id):
        pass
    susan, john = profiles.find("susan"), profiles.find("john")
    follows.follow(susan, john)
    follows.follow(john, susan)


def _plant(person: _Person, password_hash: str) -> None:
    now = clock.now()
    first = now - timedelta(days=365 * person.years)
    member = User(
        username=person.name,
        email=f"{person.name}@example.com",
        email_confirmed_at=first,
        password_hash=password_hash,
        role=person.role,
        about_me=person.about,
        created_at=first,
        post_count=person.post_count,
    )
    db.session.add(member)
    db.session.flush()
    db.session.execute(insert(Post), _posts(member.id, person.post_count, first, now, Random(person.name)))


def _posts(author_id: int, count: int, first: datetime, now: datetime, dice: Random) -> list[dict[str, Any]]:
    """Oldest first, at hours when people are awake, no two alike."""
    moments = sorted(_moment(first, now, dice) for _ in range(count))
    bodies: dict[str, None] = {}
    while len(bodies) < count:
        bodies[phrases.phrase(dice)] = None
    return [
        {"author_id": author_id, "body": body, "created_at": moment}
        for body, moment in zip(bodies, moments, strict=True)
    ]


def _moment(first: datetime, now: datetime, dice: Random) -> datetime:
    day = first + timedelta(days=dice.randint(0, (now - first).days))
    moment = day.replace(hour=dice.choice(_WAKING_HOURS), minute=dice.randint(0, 59), second=dice.randint(0, 59))
    return min(moment, now - timedelta(minutes=dice.randint(3, 300)))
