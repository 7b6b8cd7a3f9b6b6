"""How members want to be told of what concerns them: on their notifications page, by letter, both or neither."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select

from app.extensions import db
from app.models import ActivityChoice
from app.models.activity import FOLLOW, KINDS, LIKE, MENTION, MESSAGE, REPLY, RUN

LABELS = {
    FOLLOW: "Somebody follows me",
    MENTION: "Somebody mentions me",
    REPLY: "Somebody answers a post of mine",
    LIKE: "Somebody likes a post of mine",
    MESSAGE: "Somebody writes to me",
    RUN: "A task of mine has ended",
}
# a like is too little for a letter, and of long runs `run_letters` writes
WITH_LETTER = (FOLLOW, MENTION, REPLY, MESSAGE)


@dataclass(frozen=True)
class Choice:
    """Whether a kind is told on the page, and by letter."""

    on_page: bool = True
    by_letter: bool = False


DEFAULTS = {kind: Choice(by_letter=kind == MESSAGE) for kind in KINDS}


def of(user_id: int) -> dict[str, Choice]:
    """The member's choice for every kind, in the order of LABELS."""
    chosen = db.session.scalars(select(ActivityChoice).where(ActivityChoice.user_id == user_id))
    known = {row.kind: Choice(row.on_page, row.by_letter) for row in chosen}
    return {kind: known.get(kind, DEFAULTS[kind]) for kind in LABELS}


def for_kind(user_id: int, kind: str) -> Choice:
    """The member's choice for one."""
    row = db.session.get(ActivityChoice, (user_id, kind))
    return Choice(row.on_page, row.by_letter) if row else DEFAULTS[kind]


def choose(user_id: int, choices: Mapping[str, Choice]) -> None:
    """Keep the member's choices; the kinds that are not named stay as they are."""
    for kind, choice in choices.items():
        by_letter = choice.by_letter and kind in WITH_LETTER
        db.session.merge(ActivityChoice(user_id=user_id, kind=kind, on_page=choice.on_page, by_letter=by_letter))
