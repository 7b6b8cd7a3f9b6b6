"""Which posts somebody may see: the one place that says so. Every list, page, letter and file of posts asks here.

A viewer is a member's id; None is a stranger, who is signed in nowhere.
"""

from functools import lru_cache

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import aliased

from app.extensions import db
from app.models import Follow, Post
from app.models.post import FOLLOWERS, ONLY_AUTHOR, PUBLIC
from app.services import blocks

IS_THERE = Post.deleted_at.is_(None)
# putting a condition together takes longer than asking it, and it is the same each time
_kept = lru_cache(maxsize=1000)


@_kept
def posts(viewer_id: int | None) -> ColumnElement[bool]:
    """True of the posts the viewer may see at all: on their own page, on their author's, behind a link."""
    if viewer_id is None:
        return _open_to(None)
    return _open_to(viewer_id) & blocks.sees(viewer_id, Post.author_id)


@_kept
def listed(viewer_id: int | None) -> ColumnElement[bool]:
    """True of those that a list of everybody's posts shows them unasked: explore, search, a hashtag."""
    if viewer_id is None:
        return _open_to(None)
    return _open_to(viewer_id) & blocks.hears(viewer_id, Post.author_id)


@_kept
def at_home(viewer_id: int) -> ColumnElement[bool]:
    """True of those that home, digests and reminders show, of posts by the viewer and whom they follow alone.

    Says less than `listed`, so that an index answers: who follows need not be asked about again.
    """
    is_open = or_(Post.visibility != ONLY_AUTHOR, Post.author_id == viewer_id)
    return IS_THERE & is_open & blocks.hears(viewer_id, Post.author_id)


def may_see(viewer_id: int | None, post: Post) -> bool:
    """True if the viewer may see this one."""
    return db.session.scalar(select(Post.id).where(Post.id == post.id, posts(viewer_id))) is not None


def _open_to(viewer_id: int | None) -> ColumnElement[bool]:
    """What the post itself says."""
    is_public = Post.visibility == PUBLIC
    if viewer_id is None:
        return IS_THERE & is_public
    is_link = (Follow.follower_id == viewer_id) & (Follow.followed_id == Post.author_id)
    is_for_follower = (Post.visibility == FOLLOWERS) & select(Follow.follower_id).where(is_link).exists()
    return IS_THERE & or_(is_public, Post.author_id == viewer_id, is_for_follower, _answers(viewer_id))


def _answers(viewer_id: int) -> ColumnElement[bool]:
    """True of followers' posts that answer one of the viewer's: who is spoken to may listen."""
    answered = aliased(Post)
    is_own = (answered.id == Post.reply_to_id) & (answered.author_id == viewer_id)
    return (Post.visibility == FOLLOWERS) & select(answered.id).where(is_own).exists()
