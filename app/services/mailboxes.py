"""Changing one's address: asked for with the password, done by who follows the link in a letter to the new one.

Until then nothing changes. Whose the new address is already nobody is told; its owner gets a letter. A link for a new
password that went to the old address ends with it.
"""

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app import clock
from app.errors import Conflict, Gone, Invalid, NotFound
from app.extensions import begin_writing, db
from app.models import User
from app.security import passwords, signed
from app.services import accounts, confirmations, letters, resets

GOOD_SECONDS = 86400
PURPOSE = "new address"
STALE = "This link is no longer good: it was used, is over a day old, or your password has changed. Ask for a new one."


def ask(member: User, email: str, password: str) -> None:
    """Send a link to the new address. Raises Invalid for a wrong password, Conflict if it is theirs already."""
    if not passwords.matches(member.password_hash, password):
        raise Invalid("That is not your password.")
    address = accounts.as_kept(email)
    if address == member.email:
        raise Conflict("That is your address already.")
    owner = accounts.owner_of(address)
    if owner in (None, member):  # the member's own, but for its case
        letters.new_address(member, address, link_token(member, address))
    else:
        letters.address_taken(owner)


def link_token(member: User, address: str) -> str:
    """What the link carries: good until the member's password, address or standing changes."""
    return signed.sign(PURPOSE, [member.id, address, resets.fingerprint(member)])


def address_in(token: str, by: User) -> str:
    """The new address. Raises Gone once the link is no longer good, NotFound if it is another member's."""
    values = signed.read(PURPOSE, token, GOOD_SECONDS)
    if values and values[0] != by.id:
        raise NotFound("This link is for another account: sign in to that one.")
    if not values or values[2] != resets.fingerprint(by):
        raise Gone(STALE)
    return str(values[1])


def change(token: str, by: User) -> None:
    """Give the member the address, confirmed; tell the old one. Raises as `address_in`; Conflict if it is another's.

    Of two that come with one link at once, one changes it: the row is locked, and looked at again.
    """
    begin_writing(db.session.connection())
    locked = select(User).where(User.id == by.id).with_for_update()
    member = db.session.scalars(locked.execution_options(populate_existing=True)).one()
    address, old = address_in(token, member), member.email
    try:
        with db.session.begin_nested():
            member.email, member.email_confirmed_at = address, clock.now()
    except IntegrityError:
        raise Conflict(confirmations.ANOTHERS) from None
    letters.address_changed(member, old)
