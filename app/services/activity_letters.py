"""Letters about what concerns a member, for who wants them. When one is due, `activities` says."""

from typing import Any

from sqlalchemy import select

from app.extensions import db
from app.models import Post, User
from app.models.activity import FOLLOW, MENTION, MESSAGE, REPLY
from app.services import letters, sight

KIND_OF = {FOLLOW: "new_follower", MENTION: "mention", REPLY: "reply", MESSAGE: "message"}


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
