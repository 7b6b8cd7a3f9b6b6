"""What happened that concerns a member: somebody followed, mentioned, answered, liked or wrote to them, a run ended."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app import clock
from app.extensions import db
from app.models.base import UtcDateTime
from app.models.post import Post
from app.models.run import Run
from app.models.user import User

FOLLOW, MENTION, REPLY, LIKE, MESSAGE, RUN = KINDS = ("follow", "mention", "reply", "like", "message", "run")
IS_UNREAD = text("read_at IS NULL")


class Activity(db.Model):
    """A line of a member's notifications page. `key` lets it be told once; lines with one `about` are told together.

    `actor_id` did it; `post_id` is the post that was liked, or that mentions or answers the member.
    """

    __tablename__ = "activity"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(16))
    key: Mapped[str] = mapped_column(String(96))
    about: Mapped[str] = mapped_column(String(96))
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"))
    post_id: Mapped[int | None] = mapped_column(ForeignKey("post.id", ondelete="CASCADE"))
    run_id: Mapped[str | None] = mapped_column(ForeignKey("run.id", ondelete="CASCADE"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    read_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    actor: Mapped[User | None] = relationship(foreign_keys=actor_id, lazy="raise")
    post: Mapped[Post | None] = relationship(lazy="raise")
    run: Mapped[Run | None] = relationship(lazy="raise")

    __table_args__ = (
        Index("uq_activity_key", "user_id", "key", unique=True),
        Index("ix_activity_newest", "user_id", "created_at", "id"),
        Index("ix_activity_about", "user_id", "about", "created_at", "id"),
        Index("ix_activity_unread", "user_id", sqlite_where=IS_UNREAD, postgresql_where=IS_UNREAD),
        # for what goes with its member, post or run
        Index("ix_activity_actor_id", "actor_id"),
        Index("ix_activity_post_id", "post_id"),
        Index("ix_activity_run_id", "run_id"),
    )
