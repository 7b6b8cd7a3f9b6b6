"""The counters that members carry, so that no page counts: how they are mended when they are wrong."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, Select, func, or_, select, update

from app.extensions import begin_writing, db
from app.models import Follow, Post, User
from app.services import sight


def members() -> Select[int]:
    """Every member's id."""
    return select(User.id)


def mend(ids: Iterable[int]) -> int:
    """Count again for these members, and write where a counter is wrong; returns how many members had a wrong one.

    A member's row is locked before it is counted again: who publishes or follows at this very moment changes that row
    too, and is therefore either counted here or counts itself afterwards.
    """
    suspects = db.session.scalars(select(User.id).where(User.id.in_(list(ids)), _is_wrong()).order_by(User.id)).all()
    if not suspects:
        return 0
    begin_writing(db.session.connection())
    db.session.execute(select(User.id).where(User.id.in_(suspects)).order_by(User.id).with_for_update())
    mended: Any = update(User).where(User.id.in_(suspects), _is_wrong()).values(_counted()).returning(User.id)
    return len(db.session.execute(mended.execution_options(synchronize_session=False)).all())


def summary(wrong: int) -> str:
    """What the admin reads at the end."""
    if not wrong:
        return "Every counter was right."
    return f"{wrong:,} {'member had a wrong counter' if wrong == 1 else 'members had wrong counters'}; mended."


def _is_wrong() -> ColumnElement[bool]:
    return or_(*(getattr(User, name) != counted for name, counted in _counted().items()))


def _counted() -> dict[str, ScalarSelect[int]]:
    """Every counter the schema keeps, and what it should be."""
    counts = {
        "post_count": (Post.author_id == User.id) & sight.IS_THERE,
        "follower_count": Follow.followed_id == User.id,
        "following_count": Follow.follower_id == User.id,
    }
    return {
        name: select(func.count()).where(condition).correlate(User).scalar_subquery()
        for name, condition in counts.items()
    }
