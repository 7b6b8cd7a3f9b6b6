"""Inviting somebody who is no member yet: a letter with a link, good for a week and for one account of that address."""

from dataclasses import dataclass
from datetime import timedelta

from flask import current_app
from sqlalchemy import func, select

from app import clock, languages
from app.errors import Gone, NotAllowed, TooMany
from app.extensions import begin_writing, db
from app.models import Letter, User
from app.security import signed
from app.services import accounts, confirmations, letters

GOOD_SECONDS = 7 * 86400
PURPOSE = "invitation"
A_DAY = 5
STALE = "This invitation is no longer good: it is over a week old, or was used. Ask for a new one."
TOO_MANY = f"{A_DAY} invitations a day are enough. Send the next one tomorrow."
CLOSED = "This site takes new members by invitation. Ask somebody who is here for one."


@dataclass(frozen=True)
class Invitation:
    """Who invites, and the address it was sent to."""

    by: User
    address: str


def are_needed() -> bool:
    """True where nobody registers without one."""
    return bool(current_app.config["REGISTRATION"] == "invited")


def send(by: User, address: str) -> None:
    """Write to that address, once a week for one inviter; to a member's own nothing is sent, and who asks is not told.

    Raises NotAllowed where the inviter's address is not confirmed, TooMany after five in a day.
    """
    if by.email_confirmed_at is None:
        raise NotAllowed("Confirm your own address first: the letter that welcomed you has a link.")
    _hold(by)
    since = clock.now() - timedelta(days=1)
    are_theirs = Letter.key.startswith(f"{PURPOSE}:{by.id}:", autoescape=True)
    if (db.session.scalar(select(func.count()).where(are_theirs, Letter.created_at > since)) or 0) >= A_DAY:
        raise TooMany(TOO_MANY, 86400)
    address = accounts.as_kept(address)
    if not accounts.is_owned(address):
        letters.invitation(address, by, signed.sign(PURPOSE, [by.id, address]))


def read(token: str) -> Invitation:
    """What the link says. Raises Gone once it is no longer good."""
    values = signed.read(PURPOSE, token, GOOD_SECONDS)
    by = db.session.get(User, values[0]) if values else None
    if by is None or by.is_suspended or accounts.is_owned(values[1]):
        raise Gone(STALE)
    return Invitation(by, values[1])


def accept(invitation: Invitation, username: str, password: str, language: str = languages.ENGLISH) -> User:
    """A new member with the address the letter came to, which is confirmed by that. Raises Conflict like `register`,
    Gone if it was another's first.
    """
    member = accounts.register(username, invitation.address, password, language)
    confirmations.note(member)
    if member.email_confirmed_at is None:
        raise Gone(STALE)
    return member


def _hold(member: User) -> None:
    """Of many asked for at once each is counted."""
    begin_writing(db.session.connection())
    db.session.execute(select(User.id).where(User.id == member.id).with_for_update(key_share=True))
