"""Who a visitor is: registering, signing in and being seen; and what the people who run the site change of a member."""

import re
from datetime import datetime, timedelta

from email_validator import EmailNotValidError, validate_email
from sqlalchemy import Select, func, or_, select, update
from sqlalchemy.exc import IntegrityError

from app import languages
from app.errors import Conflict, Invalid, NotAllowed
from app.extensions import db
from app.models import User
from app.security import passwords

USERNAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}")
ROLES = ("member", "moderator", "admin")
VISIT_EVERY = timedelta(minutes=5)
MOST_CLAIMANTS = 5


def register(username: str, email: str, password: str, language: str = languages.ENGLISH) -> User:
    """A new member, whose letters come in that language. Raises Conflict if the name was just taken.

    The address is theirs only once they have confirmed it, so nobody need be told here that it is another's.
    """
    member = User(
        username=username,
        email=as_kept(email),
        password_hash=passwords.hashed(password),
        language=languages.or_english(language),
    )
    try:
        with db.session.begin_nested():
            db.session.add(member)
    except IntegrityError:
        raise Conflict("Somebody has just taken that username: please choose another.") from None
    return member


def authenticate(username: str, password: str) -> User | None:
    """The member who signs in so, or None. Raises NotAllowed for a suspended one, once the password is right."""
    member = named(username)
    if not passwords.matches(member.password_hash if member else None, password):
        return None
    if member is not None and member.is_suspended:
        raise NotAllowed("This account is suspended. Write to the people who run this site.")
    return member


def named(username: str) -> User | None:
    """The member of that name, in whatever case, or None."""
    if not USERNAME.fullmatch(username):
        return None
    return db.session.scalar(select(User).where(func.lower(User.username) == func.lower(username)))


def owner_of(email: str) -> User | None:
    """The member who has confirmed that address, in whatever case, or None."""
    return db.session.scalar(_with_email(email).where(User.email_confirmed_at.is_not(None)))


def claimants(email: str) -> list[User]:
    """Who may have lost the password of an account with that address: its owner; where nobody has confirmed it, those
    who gave it, the first five.
    """
    owner = owner_of(email)
    return [owner] if owner else list(db.session.scalars(_with_email(email).order_by(User.id).limit(MOST_CLAIMANTS)))


def as_kept(email: str) -> str:
    """An address as it is kept and looked for: one text for each, but for the case of ASCII letters.

    What `lower` makes of other letters the databases do not agree about, so they are small here already.
    """
    try:
        email = validate_email(email, check_deliverability=False).normalized
    except EmailNotValidError:
        pass
    return email if email.isascii() else email.lower()


def is_name_taken(username: str) -> bool:
    """True if a member has that name in any case."""
    return named(username) is not None


def is_owned(email: str) -> bool:
    """True if a member has confirmed that address."""
    return owner_of(email) is not None


def everybody(role: str | None = None) -> Select[User]:
    """All members by name, or those of one role."""
    query = select(User).order_by(func.lower(User.username))
    return query.where(User.role == role) if role else query


def set_role(member: User, role: str) -> None:
    """Make the member one of ROLES; it holds from their next request on. Raises Invalid for another word."""
    if role not in ROLES:
        raise Invalid(f"A role is one of {', '.join(ROLES)}.")
    member.role = role


def suspend(member: User) -> None:
    """End every sign-in of the member and allow no new one."""
    member.is_suspended = True
    _sign_out_everywhere(member)


def restore(member: User) -> None:
    """Let a suspended member sign in again; sign-ins that were ended stay so."""
    member.is_suspended = False


def set_password(member: User, password: str) -> None:
    """Give the member a new password and end every sign-in made with the old one. Raises Invalid for its length."""
    set_password_hash(member, password_hash(password))


def set_password_hash(member: User, hashed: str) -> None:
    """As `set_password`, for who made the hash before the transaction began to write: it takes long."""
    member.password_hash = hashed
    _sign_out_everywhere(member)


def password_hash(password: str) -> str:
    """What is stored of a new password. Raises Invalid for its length."""
    if not passwords.MIN_LENGTH <= len(password) <= passwords.MAX_LENGTH:
        raise Invalid(f"A password has between {passwords.MIN_LENGTH} and {passwords.MAX_LENGTH} characters.")
    return passwords.hashed(password)


def set_email(member: User, email: str) -> None:
    """Give the member another address, which is not confirmed, and end every sign-in.

    Raises Invalid for none, Conflict for one that another member has confirmed.
    """
    try:
        validate_email(email, check_deliverability=False)
    except EmailNotValidError:
        raise Invalid("That is no email address.") from None
    if owner_of(email) not in (None, member):
        raise Conflict("Another member has confirmed that address.")
    member.email, member.email_confirmed_at = as_kept(email), None
    _sign_out_everywhere(member)


def set_language(member: User, language: str) -> None:
    """Write to the member in that language from now on. Raises Invalid for one that no letters are written in."""
    if language not in languages.known():
        raise Invalid(f"Letters are written in {', '.join(languages.known().values())}.")
    member.language = language


def signed_in_as(cookie_id: str) -> User | None:
    """The member whose sign-in cookie says `<id>.<session_epoch>`; None once suspended or signed out everywhere."""
    identity, _, epoch = cookie_id.partition(".")
    if not (identity.isdecimal() and epoch.isdecimal()):
        return None
    member = db.session.get(User, int(identity))
    if member is None or member.is_suspended or member.session_epoch != int(epoch):
        return None
    return member


def is_visit_due(member: User, now: datetime) -> bool:
    """True if the member's last noted visit is more than five minutes old."""
    return member.last_seen_at is None or member.last_seen_at < now - VISIT_EVERY


def touch(member_id: int, now: datetime) -> None:
    """Note that the member is here, unless another request of theirs has just done so."""
    is_due = or_(User.last_seen_at.is_(None), User.last_seen_at < now - VISIT_EVERY)
    visit = update(User).where(User.id == member_id, is_due).values(last_seen_at=now)
    db.session.execute(visit.execution_options(synchronize_session=False))


def _with_email(email: str) -> Select[User]:
    return select(User).where(func.lower(User.email) == func.lower(as_kept(email)))


def _sign_out_everywhere(member: User) -> None:
    member.session_epoch += 1
