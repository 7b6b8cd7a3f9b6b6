"""A member's public page, and what they may change about it."""

from sqlalchemy.exc import IntegrityError

from app.errors import Conflict, NotFound
from app.extensions import db
from app.models import User
from app.services import accounts, texts

ABOUT_MAX_LENGTH = 140


def find(username: str) -> User:
    """The member of that name, in whatever case. Raises NotFound."""
    member = accounts.named(username)
    if member is None:
        raise NotFound("There is no member of that name.")
    return member


def edit(member: User, username: str, about_me: str) -> None:
    """Change the name and the words about oneself. Raises Conflict when somebody has just taken the name."""
    try:
        with db.session.begin_nested():
            member.username, member.about_me = username, texts.clean(about_me)
    except IntegrityError:
        raise Conflict("Somebody has just taken that username: please choose another.") from None
