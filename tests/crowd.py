"""Many readers of one member, each with a digest due now."""

from datetime import timedelta

from sqlalchemy import insert, select

from app import clock
from app.extensions import db
from app.models import Follow, LetterChoice, User
from app.services import posts


def gather(count: int, author: User) -> None:
    """`reader0@example.com` …: they follow the author, who says something to them."""
    now = clock.now()
    names = [f"reader{number}" for number in range(count)]
    members = [
        {"username": name, "email": f"{name}@example.com", "password_hash": "", "email_confirmed_at": now}
        for name in names
    ]
    db.session.execute(insert(User), members)
    ids = db.session.scalars(select(User.id).where(User.username.startswith("reader"))).all()
    db.session.execute(insert(Follow), [{"follower_id": reader, "followed_id": author.id} for reader in ids])
    choices = [{"user_id": reader, "digest": "daily", "digest_at": now - timedelta(minutes=1)} for reader in ids]
    db.session.execute(insert(LetterChoice), choices)
    posts.publish(author, "hello everybody")
    db.session.commit()
