"""A member's public page, and what they may change about it."""

from sqlalchemy.exc import IntegrityError

from app.errors import Conflict, NotFound
from app.extensions import db
from app.models import User
from app.services import accounts, blocks, texts

ABOUT_MAX_LENGTH = 140
ABOUT_MAX_CODE_POINTS = 20 * ABOUT_MAX_LENGTH  # an honest character may be a family of seven
UNKNOWN = "There is no member of that name, or their page is not for you to see."


def find(username: str) -> User:
    """The member of that name, in whatever case. Raises NotFound."""
    member = accounts.named(username)
    if member is None:
        raise NotFound(UNKNOWN)
    return member


def find_for(viewer: User, username: str) -> User:
    """The member, unless one of the two blocked the other. Raises NotFound in the same words as for no member."""
    member = find(username)
    if blocks.are_apart(viewer.id, member.id):
        raise NotFound(UNKNOWN)
    return member


def find_even_blocked(viewer: User, username: str) -> User:
    """The member, also one whom the viewer blocked, for it is theirs to undo. Raises NotFound like `find_for`."""
    member = find(username)
    between = blocks.between(viewer.id, member.id)
    if between.is_blocked and not between.has_blocked:
        raise NotFound(UNKNOWN)
    return member


def edit(member: User, username: str, about_me: str) -> None:
    """Change the name and the words about oneself. Raises Conflict when somebody has just taken the name."""
    try:
        with db.session.begin_nested():
            member.username, member.about_me = username, texts.clean(about_me)
    except IntegrityError:
        raise Conflict("Somebody has just taken that username: please choose another.") from None
