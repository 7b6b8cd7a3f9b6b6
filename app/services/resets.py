"""A forgotten password: a link by letter, good for an hour and once. Nobody learns from it who has an account.

Asking looks nobody up: it leaves a run for a worker, the same for every address, and so takes the same time.
"""

import hashlib

from sqlalchemy import select

from app.engine import outbox
from app.errors import Gone
from app.extensions import begin_writing, db
from app.models import User
from app.security import signed
from app.services import accounts, confirmations, letters

GOOD_SECONDS = 3600
PURPOSE = "password reset"
STALE = "This link is no longer good: it was used, or is over an hour old. Ask for a new one."


def ask(email: str) -> None:
    """Have a letter with a link sent, if there is an account with that address."""
    outbox.request("send_reset", by=None, args={"email": accounts.as_kept(email).lower()})


def answer(email: str, asking: str) -> None:
    """Write the letter, if there is somebody to write to: one for each `asking`, a run's id, and account."""
    for member in accounts.claimants(email):
        if not member.is_suspended:
            letters.password_reset(member, link_token(member), asking)


def link_token(member: User) -> str:
    """What the link carries: good until the member's password, address or standing changes."""
    return signed.sign(PURPOSE, [member.id, fingerprint(member)])


def member_of(token: str) -> User:
    """Whom the link lets in. Raises Gone once it is no longer good."""
    values = signed.read(PURPOSE, token, GOOD_SECONDS)
    member = db.session.get(User, values[0]) if values else None
    if member is None or member.is_suspended or values[1] != fingerprint(member):
        raise Gone(STALE)
    return member


def finish(token: str, password: str) -> User:
    """Give the member the new password; every sign-in ends. Raises Gone for a link that is no longer good, Invalid.

    Of two that come with one link at once, one is let in: the row is locked, and looked at again.
    """
    member, hashed = member_of(token), accounts.password_hash(password)
    begin_writing(db.session.connection())
    locked = select(User).where(User.id == member.id).with_for_update()
    db.session.scalar(locked.execution_options(populate_existing=True))
    member_of(token)
    accounts.set_password_hash(member, hashed)
    confirmations.note(member)
    letters.password_changed(member)
    return member


def fingerprint(member: User) -> str:
    """Changes with the member's password, address and standing."""
    known = f"{member.password_hash}\n{member.email.lower()}\n{member.session_epoch}"
    return hashlib.sha256(known.encode()).hexdigest()[:32]
