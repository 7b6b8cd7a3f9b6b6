"""Who turned away from whom, and what that hides. What else a block ends is `partings`' to do.

A block works both ways: neither sees, follows, answers or writes to the other. A mute is the member's own: the other
is not told, and their page can still be opened.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, delete, or_, select, union_all
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import InstrumentedAttribute, joinedload

from app.errors import Invalid
from app.extensions import begin_writing, db
from app.models import Block, User
from app.models.block import BLOCK, MUTE
from app.services import paging
from app.services.paging import Cursor, Page


@dataclass(frozen=True)
class Between:
    """How a member stands to another; `is_blocked` is the other's doing."""

    has_blocked: bool = False
    has_muted: bool = False
    is_blocked: bool = False

    @property
    def are_apart(self) -> bool:
        """True if one of them blocked the other."""
        return self.has_blocked or self.is_blocked


def between(member_id: int, other_id: int) -> Between:
    """Both directions in one question."""
    mine = and_(Block.user_id == member_id, Block.other_id == other_id)
    theirs = and_(Block.user_id == other_id, Block.other_id == member_id)
    found = db.session.execute(select(Block.user_id, Block.kind).where(or_(mine, theirs))).all()
    rows = {(user_id, kind) for user_id, kind in found}
    return Between((member_id, BLOCK) in rows, (member_id, MUTE) in rows, (other_id, BLOCK) in rows)


def are_apart(one_id: int, other_id: int) -> bool:
    """True if one blocked the other: they may not follow, like, answer, mention or write to each other."""
    return between(one_id, other_id).are_apart


def is_heard(actor_id: int, by_id: int) -> bool:
    """True if what the actor does may be told to the other: no block between them, and no mute of the other's."""
    found = between(by_id, actor_id)
    return not (found.are_apart or found.has_muted)


def sees(viewer_id: int, member_id: InstrumentedAttribute[Any]) -> ColumnElement[bool]:
    """True of rows whose member is not apart from the viewer."""
    return member_id.not_in(union_all(_others(viewer_id, BLOCK), _blocked_by(viewer_id)))


def hears(viewer_id: int, member_id: InstrumentedAttribute[Any]) -> ColumnElement[bool]:
    """The same for what is shown unasked: the viewer has not muted the row's member either."""
    return member_id.not_in(union_all(_others(viewer_id, BLOCK, MUTE), _blocked_by(viewer_id)))


def turned_from(member: User, at: Cursor | None = None, size: int = paging.PAGE_SIZE) -> Page[Block]:
    """Whom the member blocks or mutes, the newest first, for nobody else to read."""
    mine = select(Block).where(Block.user_id == member.id).options(joinedload(Block.other))
    return paging.read(mine, Block, at, size, Block.other_id)


def hold(one_id: int, other_id: int) -> None:
    """Let nobody else change what is between the two until the caller commits: who follows may just be blocked."""
    begin_writing(db.session.connection())
    pair = select(User.id).where(User.id.in_((one_id, other_id))).order_by(User.id)
    db.session.execute(pair.with_for_update(key_share=True)).all()


def put(member: User, other: User, kind: str) -> None:
    """Block or mute; doing it twice changes nothing, and muting whom one blocks neither. Raises Invalid for oneself."""
    if member.id == other.id:
        raise Invalid("You cannot turn away from yourself.")
    row = db.session.get(Block, (member.id, other.id))
    if row is None:
        try:
            with db.session.begin_nested():
                db.session.add(Block(user_id=member.id, other_id=other.id, kind=kind))
            return
        except IntegrityError:  # another tab was quicker, maybe with the other kind
            row = db.session.get_one(Block, (member.id, other.id))
    if kind == BLOCK:
        row.kind = BLOCK
        db.session.flush()


def take_back(member: User, other: User, kind: str) -> None:
    """Unblock or unmute; doing it twice changes nothing."""
    mine = (Block.user_id == member.id) & (Block.other_id == other.id)
    db.session.execute(delete(Block).where(mine, Block.kind == kind))


def _others(viewer_id: int, *kinds: str) -> Select[int]:
    return select(Block.other_id).where(Block.user_id == viewer_id, Block.kind.in_(kinds))


def _blocked_by(viewer_id: int) -> Select[int]:
    return select(Block.user_id).where(Block.other_id == viewer_id, Block.kind == BLOCK)
