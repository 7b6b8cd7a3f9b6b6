"""A member's public page, and what they may change about it."""

import re
from dataclasses import dataclass
from unicodedata import category
from urllib.parse import urlsplit

from sqlalchemy.exc import IntegrityError

from app.errors import Conflict, Invalid, NotFound
from app.extensions import db
from app.models import User
from app.services import accounts, blocks, texts

ABOUT_MAX_LENGTH = 140
ABOUT_MAX_CODE_POINTS = 20 * ABOUT_MAX_LENGTH  # an honest character may be a family of seven
LINE_MAX_LENGTH = 50
LINK_MAX_LENGTH = 200
UNKNOWN = "There is no member of that name, or their page is not for you to see."
_TURNS = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_HOST = re.compile(r"[\w-]+(\.[\w-]+)+")


@dataclass(frozen=True)
class Said:
    """What a member says of themselves; an empty name shows the username, all else can be left out."""

    name: str = ""
    about_me: str = ""
    place: str = ""
    link: str = ""


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


def edit(member: User, username: str, said: Said) -> None:
    """Change the username and what the member says. Raises Invalid, and Conflict when somebody just took the name."""
    said = checked(said)
    try:
        with db.session.begin_nested():
            member.username, member.name, member.about_me = username, said.name, said.about_me
            member.place, member.link = said.place, said.link
    except IntegrityError:
        raise Conflict("Somebody has just taken that username: please choose another.") from None


def checked(said: Said) -> Said:
    """The words as they are kept. Raises Invalid for what is too long, or a link that is none."""
    kept = Said(_line(said.name), texts.clean(said.about_me), _line(said.place), _address(said.link))
    for name, words in (("name", kept.name), ("place", kept.place)):
        if texts.length(words) > LINE_MAX_LENGTH or len(words) > 2 * LINE_MAX_LENGTH:
            raise Invalid(f"A {name} has at most {LINE_MAX_LENGTH} characters.")
    if texts.length(kept.about_me) > ABOUT_MAX_LENGTH or len(kept.about_me) > ABOUT_MAX_CODE_POINTS:
        raise Invalid(f"About yourself you can say at most {ABOUT_MAX_LENGTH} characters.")
    return kept


def _line(text: str) -> str:
    """On one line, without what turns the direction of the words beside it; nothing where nothing would be seen."""
    text = " ".join(_TURNS.sub("", texts.clean(text)).split())
    return text if any(character.isalnum() or category(character)[0] in "PS" for character in text) else ""


def _address(text: str) -> str:
    text = texts.clean(text)
    if not text:
        return ""
    address = text if "://" in text else f"https://{text}"
    try:
        parts = urlsplit(address)
        is_good = parts.scheme in ("http", "https") and bool(_HOST.fullmatch(parts.hostname or ""))
    except ValueError:
        is_good = False
    is_plain = not re.search(r"[\s<>\"\\]", address) and not _TURNS.search(address)
    if not is_good or not is_plain or len(address) > LINK_MAX_LENGTH or "@" in parts.netloc:
        raise Invalid("A link looks like https://example.org/me, and is at most 200 characters long.")
    return address
