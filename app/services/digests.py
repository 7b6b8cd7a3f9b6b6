"""What a member missed, in one letter: whom they follow have written, since the digest before.

A digest is a letter and the member's next due time, written together: killed anywhere, a round never writes one twice.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Row, Select, select

from app import clock
from app.extensions import db
from app.models import LetterChoice, Post, User
from app.models.letter_choice import DAILY, NEVER
from app.services import follows, letter_choices, letters, sight

SHOWN_POSTS = 8
COUNTED_POSTS = 200


@dataclass(frozen=True)
class ShownPost:
    """A post as a digest shows it."""

    id: int
    author: str
    body: str
    at: datetime


def due(until: datetime) -> Select[LetterChoice, User]:
    """Who is to get a digest by then, with what they chose. Addresses that are not confirmed get none.

    Who ends digests while a round has them in hand is given one more due time by it, so the time alone says too little.
    """
    is_open = (User.email_confirmed_at.is_not(None)) & User.is_suspended.is_(False)
    joined = select(LetterChoice, User).join(User, User.id == LetterChoice.user_id)
    return joined.where(LetterChoice.digest_at <= until, LetterChoice.digest != NEVER, is_open)


def write(choice: LetterChoice, member: User, until: datetime) -> letters.Row | None:
    """The member's digest up to that moment, None if nothing was written; the next one is due a day or week on.

    None as well for who has ended digests, or gone, since the round read of them: that may be half a minute ago.
    """
    if db.session.scalar(select(LetterChoice.digest).where(LetterChoice.user_id == member.id)) in (None, NEVER):
        return None
    span = timedelta(days=1 if choice.digest == DAILY else 7)
    since = choice.digested_until or until - span
    found = _newest(member, since, until)
    letter = _draft(choice, member, since, found) if found else None
    choice.digested_until, choice.digest_at = until, letter_choices.next_digest(choice, until)
    return letter


def _newest(member: User, since: datetime, until: datetime) -> list[Row[int, str, str, datetime]]:
    """Posts of whom the member follows, newest first; imported ones are old stories."""
    is_new = (Post.created_at > since) & (Post.created_at <= until) & Post.import_run_id.is_(None)
    return list(
        db.session.execute(
            select(Post.id, User.username, Post.body, Post.created_at)
            .join(User, User.id == Post.author_id)
            .where(Post.author_id.in_(follows.followed_ids(member)), is_new, sight.at_home(member.id))
            .order_by(Post.created_at.desc(), Post.id.desc())
            .limit(COUNTED_POSTS + 1)
        ).all()
    )


def _draft(
    choice: LetterChoice, member: User, since: datetime, found: list[Row[int, str, str, datetime]]
) -> letters.Row:
    unsubscribe, headers = letter_choices.unsubscribe_link(member)
    return letters.draft(
        "digest",
        member,
        f"digest:{member.id}:{clock.stamp(choice.digest_at or since)}",
        headers=headers,
        since=since,
        count=min(len(found), COUNTED_POSTS),
        is_more=len(found) > COUNTED_POSTS,
        posts=[ShownPost(*post) for post in found[:SHOWN_POSTS]],
        unsubscribe=unsubscribe,
    )
