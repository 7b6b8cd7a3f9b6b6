"""A post, and where an imported one came from."""

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app import clock
from app.extensions import db
from app.models.base import UtcDateTime

if TYPE_CHECKING:
    from app.models.user import User

PUBLIC, FOLLOWERS = "public", "followers"
ONLY_AUTHOR = "author"  # imported, and there only for people who are not here
_IS_THERE, _IS_DELETED = text("deleted_at IS NULL"), text("deleted_at IS NOT NULL")
_IS_REPLY, _IS_IN_THREAD = text("reply_to_id IS NOT NULL"), text("thread_id IS NOT NULL")
_IS_IMPORTED = text("source IS NOT NULL")
_IS_OF_A_RUN = text("import_run_id IS NOT NULL")


class Post(db.Model):
    """A post with `deleted_at` is gone for everybody, though its author may have it back for a moment.

    A reply names the post it answers, and in `thread_id` the one that began the conversation. Both numbers stay when
    those posts are removed, and no other post gets them: their replies have higher ones.

    `visibility` is PUBLIC, FOLLOWERS or ONLY_AUTHOR; services/sight.py says what that means.

    `source` and `source_id` are set on imported posts, unique per author, so that importing twice adds nothing.
    """

    __tablename__ = "post"

    id: Mapped[int] = mapped_column(primary_key=True)
    author_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"))
    body: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    edited_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    visibility: Mapped[str] = mapped_column(String(16), default=PUBLIC, server_default=PUBLIC)
    deleted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    reply_to_id: Mapped[int | None]
    thread_id: Mapped[int | None]
    source: Mapped[str | None] = mapped_column(String(32))
    source_id: Mapped[str | None] = mapped_column(String(255))
    import_run_id: Mapped[str | None] = mapped_column(String(36))

    author: Mapped["User"] = relationship(back_populates="posts", lazy="raise")

    __table_args__ = (
        # with the visibility, so that home finds its page in the index alone
        Index(
            "ix_post_author_newest",
            "author_id",
            "created_at",
            "id",
            "visibility",
            sqlite_where=_IS_THERE,
            postgresql_where=_IS_THERE,
        ),
        Index("ix_post_author_id", "author_id", "id"),  # a task pages through a member's posts by primary key
        Index("ix_post_newest", "created_at", "id", sqlite_where=_IS_THERE, postgresql_where=_IS_THERE),
        Index("ix_post_reply_to", "reply_to_id", "id", sqlite_where=_IS_REPLY, postgresql_where=_IS_REPLY),
        Index("ix_post_thread", "thread_id", "id", sqlite_where=_IS_IN_THREAD, postgresql_where=_IS_IN_THREAD),
        Index("ix_post_deleted", "deleted_at", sqlite_where=_IS_DELETED, postgresql_where=_IS_DELETED),
        # partial: most posts are written here, and need not stand in the indexes of imported ones
        Index(
            "uq_post_source",
            "author_id",
            "source",
            "source_id",
            unique=True,
            sqlite_where=_IS_IMPORTED,
            postgresql_where=_IS_IMPORTED,
        ),
        Index(
            "ix_post_import_run_id",
            "import_run_id",
            sqlite_where=_IS_OF_A_RUN,
            postgresql_where=_IS_OF_A_RUN,
        ),
    )
