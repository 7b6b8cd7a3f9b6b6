"""Which posts somebody may see: the one place that says so. Every list, page, letter and file of posts asks here.

A viewer is a member's id; None is a stranger, who is signed in nowhere.
"""

from sqlalchemy import ColumnElement, select, true

from app.extensions import db
from app.models import Post


def posts(viewer_id: int | None) -> ColumnElement[bool]:
    """True of the posts the viewer may see at all: on their own page, on their author's, behind a link."""
    return true()


def listed(viewer_id: int | None) -> ColumnElement[bool]:
    """True of those that a list of everybody's posts shows them unasked: explore, search, a hashtag."""
    return posts(viewer_id)


def at_home(viewer_id: int) -> ColumnElement[bool]:
    """True of those that home, digests and reminders show, of posts by the viewer and whom they follow alone.

    Says less than `listed`, so that an index answers: who follows need not be asked about again.
    """
    return true()


def may_see(viewer_id: int | None, post: Post) -> bool:
    """True if the viewer may see this one."""
    return db.session.scalar(select(Post.id).where(Post.id == post.id, posts(viewer_id))) is not None
