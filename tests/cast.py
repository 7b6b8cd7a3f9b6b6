"""The cast of every test: susan and john follow each other; mary is a stranger to both; david is an admin."""

from functools import cache

import pytest
from flask import Flask
from werkzeug.security import generate_password_hash

from app import clock
from app.extensions import db
from app.models import Follow, User

PASSWORD = "microblog"


@pytest.fixture
def susan(cast: dict[str, User]) -> User:
    return cast["susan"]


@pytest.fixture
def john(cast: dict[str, User]) -> User:
    return cast["john"]


@pytest.fixture
def mary(cast: dict[str, User]) -> User:
    return cast["mary"]


@pytest.fixture
def david(cast: dict[str, User]) -> User:
    return cast["david"]


@pytest.fixture
def cast(app: Flask) -> dict[str, User]:
    members = {name: newcomer(name) for name in ("susan", "john", "mary", "david")}
    members["david"].role = "admin"
    db.session.add_all(members.values())
    db.session.flush()
    _befriend(members["susan"], members["john"])
    db.session.commit()
    return members


def _befriend(one: User, other: User) -> None:
    """They follow each other since long ago: nobody is told of it in a test."""
    db.session.add_all(Follow(follower_id=a.id, followed_id=b.id) for a, b in ((one, other), (other, one)))
    for member in (one, other):
        member.follower_count = member.following_count = 1


def newcomer(name: str) -> User:
    return User(username=name, email=f"{name}@example.com", password_hash=_hash(), email_confirmed_at=clock.now())


@cache
def _hash() -> str:
    """Each member's password is the same. A hash says itself how costly it is, and this one is checked in 2 ms."""
    return generate_password_hash(PASSWORD, method="scrypt:1024:8:1")
