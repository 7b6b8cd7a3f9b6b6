"""Whose address is whose: a link by letter, which only somebody who reads mail at that address can follow.

Letters that a member could do without go to confirmed addresses alone, so nobody can have them sent to a stranger.
Anybody may register with any address; if it is a member's, who registers is not told, and its owner gets a letter.
"""

from sqlalchemy.exc import IntegrityError

from app import clock
from app.errors import Conflict, Gone
from app.extensions import db
from app.models import User
from app.security import signed
from app.services import accounts, letters

GOOD_SECONDS = 7 * 86400
PURPOSE = "address"
STALE = "This link is no longer good: it is over a week old, or your address has changed. Have a new one sent."
ANOTHERS = "This address belongs to another account, which confirmed it first. Sign in to that one."


def welcome(member: User) -> None:
    """Send a new member the link, or tell the one whose address it is. Who registered cannot tell which."""
    owner = accounts.owner_of(member.email)
    if owner is None:
        letters.welcome(member, link_token(member))
    else:
        letters.address_taken(owner)


def ask(member: User) -> None:
    """Send the link again, as above. Raises Conflict if there is nothing to confirm."""
    if member.email_confirmed_at is not None:
        raise Conflict("Your address is confirmed already.")
    owner = accounts.owner_of(member.email)
    if owner is None:
        letters.confirm_address(member, link_token(member))
    else:
        letters.address_taken(owner)


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
    """The member reads mail there. A second time changes nothing. Raises Gone, or Conflict if it is another's."""
    member = member_of(token)
    note(member)
    if member.email_confirmed_at is None:
        raise Conflict(ANOTHERS)
    return member


def note(member: User) -> None:
    """The member has followed a link to their address just now, which makes it theirs if it is nobody's."""
    if member.email_confirmed_at is None:
        try:
            with db.session.begin_nested():
                member.email_confirmed_at = clock.now()
        except IntegrityError:
            db.session.refresh(member)
