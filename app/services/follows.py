"""Who follows whom, and the counters that profiles show."""

from sqlalchemy import Select, delete, select, update
from sqlalchemy.exc import IntegrityError

from app.errors import Invalid
from app.extensions import db
from app.models import Follow, User


def is_following(member: User, other: User) -> bool:
    """True if the member sees the other's posts at home."""
    return db.session.get(Follow, (member.id, other.id)) is not None


def followed_ids(member: User) -> Select[int]:
    """The ids of those the member follows."""
    return select(Follow.followed_id).where(Follow.follower_id == member.id)


def follow(member: User, other: User) -> None:
    """See the other's posts from now on; doing it twice changes nothing. Raises Invalid for oneself."""
    if member.id == other.id:
        raise Invalid("You see your own posts already.")
    if is_following(member, other):
        return
    try:
        with db.session.begin_nested():
            db.session.add(Follow(follower_id=member.id, followed_id=other.id))
    except IntegrityError:
        return  # another tab was quicker
    _count(member.id, other.id, 1)


def unfollow(member: User, other: User) -> None:
    """Stop seeing the other's posts; doing it twice changes nothing."""
    link = delete(Follow).where(Follow.follower_id == member.id, Follow.followed_id == other.id)
    if db.session.execute(link.returning(Follow.followed_id)).first() is not None:
        _count(member.id, other.id, -1)


def _count(follower_id: int, followed_id: int, change: int) -> None:
    """Both counters, in ascending id: two members who follow each other at once would deadlock otherwise."""
    changes = {
        follower_id: {"following_count": User.following_count + change},
        followed_id: {"follower_count": User.follower_count + change},
    }
    for member_id in sorted(changes):
        db.session.execute(update(User).where(User.id == member_id).values(changes[member_id]))
