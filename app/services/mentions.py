"""Mentions: which of the names in a text are members', and telling them."""

from collections.abc import Iterable, Sequence

from sqlalchemy import ColumnElement, func, select

from app.extensions import db
from app.models import Post, User, activity
from app.services import activities, blocks, references, sight


def known(texts: Iterable[str], viewer_id: int) -> frozenset[str]:
    """Of the names in all these texts those of members the viewer may see, in lower case; one question at the most."""
    named = _members(set().union(*map(references.names, texts)), blocks.sees(viewer_id, User.id))
    return frozenset(member.username.lower() for member in named)


def tell(post: Post, body_before: str = "", has_other_readers: bool = False) -> None:
    """Tell the members the post names now and did not before, as far as they may see it; forget whom it names no more.

    One that `has_other_readers` than before names whoever it names anew: they may not have been told because they could
    not see it, and nobody is told twice. Whose post is answered is told of the reply, and not of their name in it.
    """
    before, now = references.names(body_before), references.names(post.body)
    answered = select(Post.author_id).where(Post.id == post.reply_to_id)
    told_already = db.session.scalar(answered) if post.reply_to_id is not None else None
    for member in _members(now if has_other_readers else now - before):
        if member.id != told_already and sight.may_see(member.id, post):
            activities.tell(member.id, activity.MENTION, actor_id=post.author_id, post_id=post.id)
    for member in _members(before - now):
        activities.take_back(activity.MENTION, post_id=post.id, user_id=member.id)


def _members(names: set[str], *conditions: ColumnElement[bool]) -> Sequence[User]:
    if not names:
        return []
    called_so = select(User).where(func.lower(User.username).in_(names), *conditions)
    # in ascending id, as everybody draws the counters of notifications
    return db.session.scalars(called_so.order_by(User.id)).all()
