"""Closing an account: asked for with the password, carried out two weeks later by `clean_up`, taken back until then."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, delete, func, select, update

from app import clock
from app.engine import artifacts
from app.errors import Conflict, Invalid
from app.extensions import db
from app.models import Follow, Post, Run, Upload, User, run_state
from app.security import passwords
from app.services import avatars, letters
from app.services.imports import keeping

ENDS_AFTER = timedelta(days=14)
REMINDED_BEFORE = timedelta(days=2)
POSTS_AT_ONCE = 500


def ask(member: User, password: str) -> datetime:
    """End the account in two weeks, and write to the member when. A second time changes nothing.

    Raises Invalid for a wrong password, Conflict for the last admin.
    """
    if not passwords.matches(member.password_hash, password):
        raise Invalid("That is not your password.")
    if member.is_admin and not db.session.scalar(
        select(func.count()).where(User.role == "admin", User.id != member.id)
    ):
        raise Conflict("You are the only admin here: make somebody else one first (flask members).")
    if member.ends_at is None:
        member.ends_at = clock.now() + ENDS_AFTER
        letters.post([letter(member, "asked")])
    return member.ends_at


def keep(member: User) -> None:
    """Keep the account after all; once that was so, it changes nothing."""
    member.ends_at = None


def letter(member: User, occasion: str) -> letters.Row:
    """When the account ends, and how to keep it: once when it was asked for, once shortly before."""
    moment = clock.stamp(member.ends_at) if member.ends_at else ""
    return letters.draft(
        "account_ends", member, f"account_ends:{member.id}:{moment}:{occasion}", ends_at=member.ends_at
    )


def soon() -> Select[User]:
    """Members whose accounts end within two days."""
    now = clock.now()
    return select(User).where(User.ends_at > now, User.ends_at <= now + REMINDED_BEFORE)


def over() -> Select[int]:
    """The ids of members whose accounts have come to their end."""
    return select(User.id).where(User.ends_at <= clock.now())


def posts_over() -> list[tuple[int, int]]:
    """The posts of these members in spans of ids, (first, last), ascending: few statements, none of them long."""
    ids = db.session.scalars(select(Post.id).where(Post.author_id.in_(over())).order_by(Post.id)).all()
    return [(ids[at], ids[min(at + POSTS_AT_ONCE, len(ids)) - 1]) for at in range(0, len(ids), POSTS_AT_ONCE)]


def remove_posts(span: tuple[int, int]) -> int:
    """Remove a span of them, unless their author has just kept the account; how many that were."""
    return _count(delete(Post).where(Post.id.between(*span), Post.author_id.in_(over())).returning(Post.id))


def remove(found: Any) -> int:
    """Remove the member and what only they had, files too, unless they have just kept the account."""
    is_it = (User.id == found.id) & User.id.in_(over())
    locked = update(User).where(is_it).values(session_epoch=User.session_epoch + 1)  # nobody keeps it from here on
    if not _count(locked.returning(User.id)):
        return 0
    for upload in db.session.scalars(select(Upload).where(Upload.user_id == found.id)):
        keeping.remove(upload.storage_key)
    avatars.remove(db.session.scalar(select(User.avatar_mark).where(User.id == found.id)))
    are_theirs = (Run.user_id == found.id) & Run.state.not_in(run_state.ACTIVE)  # an active one finds its owner gone
    for run_id in db.session.scalars(delete(Run).where(are_theirs).returning(Run.id)).all():
        artifacts.remove(run_id)
    followed = select(Follow.followed_id).where(Follow.follower_id == found.id)
    followers = select(Follow.follower_id).where(Follow.followed_id == found.id)
    _change(update(User).where(User.id.in_(followed)).values(follower_count=User.follower_count - 1))
    _change(update(User).where(User.id.in_(followers)).values(following_count=User.following_count - 1))
    return _count(delete(User).where(User.id == found.id).returning(User.id))


def _change(statement: Any) -> None:
    db.session.execute(statement.execution_options(synchronize_session=False))


def _count(statement: Any) -> int:
    return len(db.session.execute(statement.execution_options(synchronize_session=False)).all())
