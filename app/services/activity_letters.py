"""Letters about what concerns a member, for who wants them. When one is due, `activities` says."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update

from app import clock
from app.extensions import db
from app.models import Letter, Post, User
from app.models.activity import FOLLOW, MENTION, MESSAGE, REPLY
from app.models.letter import IS_WAITING
from app.services import letters, sight

KIND_OF = {FOLLOW: "new_follower", MENTION: "mention", REPLY: "reply", MESSAGE: "message"}
_ABOUT_POSTS = (KIND_OF[MENTION], KIND_OF[REPLY])


def write(user_id: int, kind: str, key: str, actor_id: int | None, post_id: int | None) -> None:
    """To the member, if their address is confirmed and they may see what it is about.

    What was written to them in private stays here: the letter says who wrote.
    """
    member = db.session.get(User, user_id)
    actor = db.session.get(User, actor_id) if actor_id is not None else None
    if member is None or member.is_suspended or member.email_confirmed_at is None or actor is None:
        return
    facts: dict[str, Any] = {"actor": actor.username}
    if post_id is not None:
        body = db.session.scalar(select(Post.body).where(Post.id == post_id, sight.posts(user_id)))
        if body is None:
            return
        facts |= {"post_id": post_id, "body": body}
    letters.post([letters.draft(KIND_OF[kind], member, f"{kind}:{user_id}:{key}", **facts)])


def hold_back(author_id: int, post_id: int, until: datetime) -> None:
    """The post is deleted: what waits to tell of it waits until then, and is too late if nobody calls `let_go`."""
    _set_times(author_id, post_id, next_at=until + timedelta(seconds=1), expires_at=until)


def let_go(author_id: int, post_id: int) -> None:
    """The post is back: what was held back goes out."""
    now = clock.now()
    _set_times(author_id, post_id, next_at=now, expires_at=now + timedelta(hours=letters.KINDS["mention"].hours or 0))


def _set_times(author_id: int, post_id: int, **times: datetime) -> None:
    """Of the letters about that post that nobody has taken yet: their keys name who wrote it, and the post."""
    about = Letter.kind.in_(_ABOUT_POSTS) & Letter.key.like(f"%:{author_id}:{post_id}:%")
    held = update(Letter).where(IS_WAITING, about).values(**times)
    db.session.execute(held.execution_options(synchronize_session=False))
