"""Who follows whom, and the counters that profiles show."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from sqlalchemy import Select, delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import joinedload

from app.errors import Invalid, NotAllowed
from app.extensions import db
from app.models import Follow, User
from app.models.activity import FOLLOW
from app.services import activities, blocks, paging
from app.services.paging import Cursor, Page


def is_following(member: User, other: User) -> bool:
    """True if the member sees the other's posts at home."""
    return db.session.get(Follow, (member.id, other.id)) is not None


def followed_ids(member: User) -> Select[int]:
    """The ids of those the member follows."""
    return select(Follow.followed_id).where(Follow.follower_id == member.id)


def followers(member: User, viewer_id: int, at: Cursor | None = None, size: int = paging.PAGE_SIZE) -> Page[User]:
    """Who follows the member, who came last first, but for those from whom the viewer is apart."""
    links = select(Follow).where(Follow.followed_id == member.id, blocks.sees(viewer_id, Follow.follower_id))
    page: Page[Any] = paging.read(links.options(joinedload(Follow.follower)), Follow, at, size, Follow.follower_id)
    return replace(page, items=[link.follower for link in page.items])


def following(member: User, viewer_id: int, at: Cursor | None = None, size: int = paging.PAGE_SIZE) -> Page[User]:
    """Whom the member follows, the newest choice first, but for those from whom the viewer is apart."""
    links = select(Follow).where(Follow.follower_id == member.id, blocks.sees(viewer_id, Follow.followed_id))
    page: Page[Any] = paging.read(links.options(joinedload(Follow.followed)), Follow, at, size, Follow.followed_id)
    return replace(page, items=[link.followed for link in page.items])


def followed_among(member: User, others: Iterable[User]) -> frozenset[int]:
    """The ids of those of a list whom the member follows, in one question."""
    ids = [other.id for other in others]
    asked = select(Follow.followed_id).where(Follow.follower_id == member.id, Follow.followed_id.in_(ids))
    return frozenset(db.session.scalars(asked)) if ids else frozenset()


def follow(member: User, other: User) -> None:
    """See the other's posts from now on; doing it twice changes nothing.

    Raises Invalid for oneself, NotAllowed where one of them blocked the other.
    """
    if member.id == other.id:
        raise Invalid("You see your own posts already.")
    if is_following(member, other):
        return
    blocks.hold(member.id, other.id)
    if blocks.are_apart(member.id, other.id):
        raise NotAllowed(f"You cannot follow {other.username}.")
    try:
        with db.session.begin_nested():
            db.session.add(Follow(follower_id=member.id, followed_id=other.id))
    except IntegrityError:
        return  # another tab was quicker
    _count(member.id, other.id, 1)
    activities.tell(other.id, FOLLOW, actor_id=member.id)


def unfollow(member: User, other: User) -> None:
    """Stop seeing the other's posts; doing it twice changes nothing."""
    link = delete(Follow).where(Follow.follower_id == member.id, Follow.followed_id == other.id)
    if db.session.execute(link.returning(Follow.followed_id)).first() is not None:
        _count(member.id, other.id, -1)
        activities.take_back(FOLLOW, actor_id=member.id, user_id=other.id)


def _count(follower_id: int, followed_id: int, change: int) -> None:
    """Both counters, in ascending id: two members who follow each other at once would deadlock otherwise."""
    changes = {
        follower_id: {"following_count": User.following_count + change},
        followed_id: {"follower_count": User.follower_count + change},
    }
    for member_id in sorted(changes):
        db.session.execute(update(User).where(User.id == member_id).values(changes[member_id]))
