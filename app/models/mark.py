"""A member's mark on a post: a like, which everybody sees counted, or a bookmark, which only they see."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app import clock
from app.extensions import db
from app.models.base import UtcDateTime

LIKE, BOOKMARK = "like", "bookmark"


class Mark(db.Model):
    """`kind` is LIKE or BOOKMARK; one of each per member and post."""

    __tablename__ = "mark"

    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    post_id: Mapped[int] = mapped_column(ForeignKey("post.id", ondelete="CASCADE"), primary_key=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)

    __table_args__ = (Index("ix_mark_post_id", "post_id", "kind"),)
