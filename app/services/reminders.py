"""What members are reminded of by letter: files of theirs and accounts that are about to go, and the site, after a long
absence.

Each is written once: its key says about what. The spans are shorter than a letter is kept, so no key is forgotten too
soon.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, Select, func, select

from app import clock
from app.extensions import db
from app.models import Artifact, LetterChoice, Post, Run, User
from app.services import closing, follows, letter_choices, letters, sight

FILES_GO_IN = timedelta(days=2)
LONG_AWAY, TOO_LONG_AWAY = timedelta(days=30), timedelta(days=44)
COUNTED_POSTS = 100


@dataclass(frozen=True)
class Kind:
    """A reminder: its name on the page, a select of what it may be about, and the letter (None: nothing to write)."""

    name: str
    found: Callable[[], Any]
    letter: Callable[[Any], letters.Row | None]


def files_about_to_go() -> Select[str, str, datetime | None, int | None]:
    """Runs whose files will be removed within two days, and whose end their members have not acknowledged."""
    now = clock.now()
    has_files = select(Artifact.run_id).where(Artifact.run_id == Run.id).exists()
    is_soon = (Run.expires_at > now) & (Run.expires_at <= now + FILES_GO_IN)
    query = select(Run.id, Run.title, Run.expires_at, Run.user_id)
    return query.where(is_soon, Run.seen_at.is_(None), Run.user_id.is_not(None), has_files)


def of_files(run: Row[Any]) -> letters.Row | None:
    """The letter that tells of such a run; None if its member is gone, or has not confirmed the address."""
    member = db.session.get(User, run.user_id)
    if member is None or member.is_suspended or member.email_confirmed_at is None:
        return None
    return letters.draft(
        "files_go", member, f"files_go:{run.id}", run_id=run.id, title=run.title, expires_at=run.expires_at
    )


def members_long_away() -> Select[User]:
    """Members last seen more than a month ago, but not much longer: who stayed away then was written to already.

    Who has chosen about digests has one, or wants no such letters.
    """
    now = clock.now()
    is_away = (User.last_seen_at <= now - LONG_AWAY) & (User.last_seen_at > now - TOO_LONG_AWAY)
    is_open = User.email_confirmed_at.is_not(None) & User.is_suspended.is_(False)
    has_chosen = select(LetterChoice.user_id).where(LetterChoice.user_id == User.id).exists()
    return select(User).where(is_away, is_open, ~has_chosen)


def of_absence(member: User) -> letters.Row | None:
    """The letter that tells what they missed; None where whom they follow have written nothing."""
    since = member.last_seen_at
    is_new = (Post.author_id.in_(follows.followed_ids(member)), Post.created_at > since)
    newest = select(Post.id).where(*is_new, sight.at_home(member.id)).limit(COUNTED_POSTS + 1).subquery()
    count = db.session.scalar(select(func.count()).select_from(newest)) or 0
    if not count or since is None:
        return None
    key = f"long_away:{member.id}:{clock.stamp(since)}"
    counted = min(count, COUNTED_POSTS)
    unsubscribe, headers = letter_choices.unsubscribe_link(member)
    facts = {"since": since, "count": counted, "is_more": count > counted, "unsubscribe": unsubscribe}
    return letters.draft("long_away", member, key, headers, **facts)


def of_end(member: User) -> letters.Row | None:
    """The letter that says once more when the account ends."""
    return closing.letter(member, "soon")


KINDS = (
    Kind("Files", files_about_to_go, of_files),
    Kind("Ends", closing.soon, of_end),
    Kind("Absence", members_long_away, of_absence),
)
STEPS = tuple((kind.name, 1.0) for kind in KINDS)
