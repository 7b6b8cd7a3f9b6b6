"""Whose address is whose: a link by letter, which only somebody who reads mail at that address can follow.

Letters that a member could do without go to confirmed addresses alone, so nobody can have them sent to a stranger.
"""

from app import clock
from app.errors import Conflict, Gone
from app.extensions import db
from app.models import User
from app.security import signed
from app.services import letters

GOOD_SECONDS = 7 * 86400
PURPOSE = "address"
STALE = "This link is no longer good: it is over a week old, or your address has changed. Have a new one sent."


def ask(member: User) -> None:
    """Send the link again. Raises Conflict if there is nothing to confirm."""
    if member.email_confirmed_at is not None:
        raise Conflict("Your address is confirmed already.")
    letters.confirm_address(member, link_token(member))


def link_token(member: User) -> str:
    """What the link carries: the address it was sent to."""
    return signed.sign(PURPOSE, [member.id, member.email.lower()])


def member_of(token: str) -> User:
    """Whose address the link is for. Raises Gone once it is no longer good."""
    values = signed.read(PURPOSE, token, GOOD_SECONDS)
    member = db.session.get(User, values[0]) if values else None
    if member is None or member.email.lower() != values[1]:
        raise Gone(STALE)
    return member


def confirm(token: str) -> User:
    """The member reads mail at that address. A second time changes nothing. Raises Gone."""
    member = member_of(token)
    note(member)
    return member


def note(member: User) -> None:
    """The member has followed a link to their address just now."""
    if member.email_confirmed_at is None:
        member.email_confirmed_at = clock.now()
