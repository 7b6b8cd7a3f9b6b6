"""Blocking somebody, and everything between the two that ends with it."""

from app.models import User
from app.models.block import BLOCK
from app.services import activities, blocks, follows


def block(member: User, other: User) -> None:
    """From now on neither sees the other, and neither follows the other. Raises Invalid for oneself."""
    blocks.hold(member.id, other.id)
    blocks.put(member, other, BLOCK)
    follows.unfollow(member, other)
    follows.unfollow(other, member)
    for each in (member, other):
        activities.count_again(each.id)
