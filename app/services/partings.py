"""Turning away from somebody and back again, and everything between the two that changes with it."""

from app.models import User
from app.models.block import BLOCK, MUTE
from app.services import activities, blocks, follows, messages


def block(member: User, other: User) -> None:
    """From now on neither sees the other, and neither follows the other. Raises Invalid for oneself."""
    blocks.hold(member.id, other.id)
    blocks.put(member, other, BLOCK)
    follows.unfollow(member, other)
    follows.unfollow(other, member)
    _count_again(member, other)


def mute(member: User, other: User) -> None:
    """From now on the member is not shown unasked what the other does. Raises Invalid for oneself."""
    blocks.put(member, other, MUTE)
    _count_again(member)


def take_back(member: User, other: User, kind: str) -> None:
    """Unblock or unmute; following does not come back with it."""
    blocks.take_back(member, other, kind)
    _count_again(member, other)


def _count_again(*members: User) -> None:
    """Their badges: what they do not hear of is not counted."""
    for member in members:
        activities.count_again(member.id)
        messages.count_again(member.id)
