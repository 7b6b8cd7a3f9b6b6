"""Posts: publishing, editing, deleting them, and having them back for a moment."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, delete, select, update
from sqlalchemy.orm import joinedload

from app import clock
from app.errors import Gone, Invalid, NotFound
from app.extensions import db
from app.models import Post, User, activity
from app.models.post import FOLLOWERS, ONLY_AUTHOR, PUBLIC
from app.services import activities, activity_letters, mentions, sight, texts

MAX_LENGTH = 500
UNDO_FOR = timedelta(seconds=10)
# what the page, the button and the way here may take
_GRACE = timedelta(seconds=5)
VISIBILITIES = {PUBLIC: "Everybody", FOLLOWERS: "My followers"}
_SEEN_BY_AUTHOR = {ONLY_AUTHOR: "Only me"}


def written_by(author: User, viewer_id: int | None) -> Select[Post]:
    """The author's posts, as far as the viewer may see them; whoever pages it orders it."""
    return select(Post).where(Post.author_id == author.id, sight.posts(viewer_id)).options(joinedload(Post.author))


def find(post_id: int, viewer_id: int | None) -> Post:
    """The post with its author. Raises NotFound, also for a post the viewer may not see."""
    found = select(Post).where(Post.id == post_id, sight.posts(viewer_id)).options(joinedload(Post.author))
    post: Post | None = db.session.scalar(found)
    if post is None:
        raise NotFound("There is no such post. Its author may have deleted it.")
    return post


def find_own(post_id: int, member: User) -> Post:
    """The post, for its author to change. Raises NotFound for anybody else, who need not know it exists."""
    post = find(post_id, member.id)
    if post.author_id != member.id:
        raise NotFound("There is no such post of yours.")
    return post


def publish(author: User, body: str, visibility: str = PUBLIC, reply_to: Post | None = None) -> Post:
    """A new post, maybe in reply to one the author sees.

    Raises Invalid for an empty or too long one, and for a visibility that is not for choice.
    """
    post = Post(author_id=author.id, body=checked(body), visibility=_known(visibility, None, reply_to))
    if reply_to is not None:
        post.reply_to_id, post.thread_id = reply_to.id, reply_to.thread_id or reply_to.id
    db.session.add(post)
    _count(author.id, 1)
    db.session.flush()
    if reply_to is not None:
        activities.tell(reply_to.author_id, activity.REPLY, actor_id=author.id, post_id=post.id)
    mentions.tell(post)
    return post


def visibilities(post: Post | None, reply_to: Post | None = None) -> dict[str, str]:
    """What the author may choose between, by the names the database keeps, the usual one first.

    A new reply is for no more people than its post; `post` may stay what it is.
    """
    names = list(VISIBILITIES)
    if reply_to is not None and reply_to.visibility != PUBLIC:
        names = [reply_to.visibility]
    if post is not None:
        names.append(post.visibility)
    return {name: (VISIBILITIES | _SEEN_BY_AUTHOR)[name] for name in names}


def answered(post: Post) -> Post | None:
    """The post it is a reply to, if that is still there; whoever shows it asks `sight` first."""
    return db.session.get(Post, post.reply_to_id) if post.reply_to_id is not None else None


def edit(post: Post, body: str, visibility: str | None = None) -> Post:
    """Change the words, and mark the post as edited if they are other words; None leaves who may see it as it is.

    Raises Invalid like `publish`.
    """
    body, before, seen_by = checked(body), post.body, post.visibility
    if body != before:
        post.body, post.edited_at = body, clock.now()
    if visibility is not None and visibility != seen_by:
        post.visibility = _known(visibility, post, answered(post))
        activities.recount_of(post.id)
    db.session.flush()
    mentions.tell(post, before, has_other_readers=post.visibility != seen_by)
    return post


def withdraw(post: Post) -> None:
    """Delete the post: it is gone for everybody at once, and for good when UNDO_FOR is over."""
    now = clock.now()
    if _mark(post.id, now, Post.deleted_at.is_(None)):
        _count(post.author_id, -1)
        activities.recount_of(post.id)
        activity_letters.hold_back(post.author_id, post.id, until=now + UNDO_FOR + _GRACE)


def restore(post_id: int, member: User) -> None:
    """Have a post of one's own back that was just deleted; twice changes nothing. Raises NotFound; Gone too late."""
    own = select(Post.deleted_at).where(Post.id == post_id, Post.author_id == member.id)
    found = db.session.execute(own).first()
    if found is None:
        raise NotFound("There is no such post of yours.")
    if found.deleted_at is None:
        return
    if not _mark(post_id, None, Post.deleted_at > clock.now() - UNDO_FOR - _GRACE):
        raise Gone(f"A deleted post comes back within {UNDO_FOR.seconds} seconds only. This one is gone.")
    _count(member.id, 1)
    activities.recount_of(post_id)
    activity_letters.let_go(member.id, post_id)


def over() -> Select[int]:
    """The ids of deleted posts that nobody can have back any more."""
    return select(Post.id).where(Post.deleted_at < clock.now() - UNDO_FOR - 2 * _GRACE)


def remove(post_id: int) -> int:
    """Remove a deleted post's row, with all that hangs on it; how many that were."""
    gone: Any = delete(Post).where(Post.id.in_(over().where(Post.id == post_id)))
    return len(db.session.execute(gone.returning(Post.id).execution_options(synchronize_session=False)).all())


def checked(body: str) -> str:
    """The words as they are kept. Raises Invalid when there are none, or too many."""
    return texts.checked(body, "post", MAX_LENGTH)


def _known(visibility: str, post: Post | None, reply_to: Post | None) -> str:
    if visibility not in visibilities(post, reply_to):
        raise Invalid("Choose who may see this post.")
    return visibility


def _mark(post_id: int, moment: datetime | None, condition: ColumnElement[bool]) -> bool:
    """True if the condition held; of two who ask at once it holds for one."""
    marked: Any = update(Post).where(Post.id == post_id, condition).values(deleted_at=moment).returning(Post.id)
    return db.session.execute(marked).first() is not None


def _count(author_id: int, change: int) -> None:
    counted = update(User).where(User.id == author_id).values(post_count=User.post_count + change)
    db.session.execute(counted)
