"""Whom a member turned away from: blocked, so that neither sees the other, or muted, which only the member notices."""

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app import clock
from app.extensions import db
from app.models.base import UtcDateTime

if TYPE_CHECKING:
    from app.models.user import User

BLOCK, MUTE = "block", "mute"


class Block(db.Model):
    """`kind` is BLOCK or MUTE; a pair has one row at the most, for a block does all that a mute does."""

    __tablename__ = "block"

    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), primary_key=True)
    other_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)

    other: Mapped["User"] = relationship(foreign_keys=other_id, lazy="raise")

    __table_args__ = (
        Index("ix_block_other", "other_id", "kind", "user_id"),
        Index("ix_block_newest", "user_id", "created_at", "other_id"),
    )
