"""What a person finds in their letters: the newest one, and the links in it."""

import re
from urllib.parse import urlsplit

from sqlalchemy import select

from app.extensions import db
from app.models import Letter, User


def newest(member: User, kind: str | None = None) -> Letter | None:
    """The member's newest letter, of that kind if one is named."""
    db.session.rollback()
    query = select(Letter).where(Letter.user_id == member.id).order_by(Letter.id.desc()).limit(1)
    return db.session.scalar(query.where(Letter.kind == kind) if kind else query)


def link_in(text: str, part: str) -> str:
    """The path of the first link that has `part` in it, as a click sends it."""
    found = next(link for link in re.findall(r"https?://\S+", text) if part in link)
    address = urlsplit(found)
    return address.path + (f"?{address.query}" if address.query else "")
