"""Who follows whom."""

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app import clock
from app.extensions import db
from app.models.base import UtcDateTime

if TYPE_CHECKING:
    from app.models.user import User


class Follow(db.Model):
    """One member (`follower_id`) sees another's (`followed_id`) posts in their home timeline."""

    __tablename__ = "follow"

    follower_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), primary_key=True)
    followed_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), primary_key=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)

    follower: Mapped["User"] = relationship(foreign_keys=follower_id, lazy="raise")
    followed: Mapped["User"] = relationship(foreign_keys=followed_id, lazy="raise")

    __table_args__ = (
        Index("ix_follow_followed_newest", "followed_id", "created_at", "follower_id"),
        Index("ix_follow_follower_newest", "follower_id", "created_at", "followed_id"),
    )
