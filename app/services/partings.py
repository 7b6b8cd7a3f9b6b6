"""Turning away from somebody and back again, and everything between the two that changes with it."""

from app.models import User
from app.models.block import BLOCK, MUTE
from app.services import activities, blocks, follows


def block(member: User, other: User) -> None:
    """From now on neither sees the other, and neither follows the other. Raises Invalid for oneself."""
    blocks.hold(member.id, other.id)
    blocks.put(member, other, BLOCK)
    follows.unfollow(member, other)
    follows.unfollow(other, member)
    for each in (member, other):
        activities.count_again(each.id)


def mute(member: User, other: User) -> None:
    """From now on the member is not shown unasked what the other does. Raises Invalid for oneself."""
    blocks.put(member, other, MUTE)
    activities.count_again(member.id)


def take_back(member: User, other: User, kind: str) -> None:
    """Unblock or unmute; following does not come back with it."""
    blocks.take_back(member, other, kind)
    for each in (member, other):
        activities.count_again(each.id)
