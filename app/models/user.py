"""A member: who they are, how they sign in, and the counters their profile shows."""

import secrets
from datetime import datetime
from typing import TYPE_CHECKING, Any

from flask_login import UserMixin
from sqlalchemy import Index, String, Text, func, text
from sqlalchemy.orm import Mapped, WriteOnlyMapped, mapped_column, relationship

from app import clock
from app.extensions import db
from app.models import notification
from app.models.base import UtcDateTime

if TYPE_CHECKING:
    from app.models.post import Post

_IS_ENDING = text("ends_at IS NOT NULL")
_IS_PROVEN = text("email_confirmed_at IS NOT NULL")


def _any_epoch() -> int:
    """SQLite gives a removed member's number to the next one, whom the old one's cookie must not let in."""
    return secrets.randbelow(2**30)


class User(UserMixin, db.Model):
    """`session_epoch` rises when every sign-in must end (a new password); role: member, moderator or admin.

    Any number may give one address when they register. It is the one's who confirmed it, and there is no second.
    """

    __tablename__ = "user"

    id: Mapped[int] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(String(64))
    email: Mapped[str] = mapped_column(String(254))
    email_confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    password_hash: Mapped[str] = mapped_column(String(256))
    # 140 as a person counts; SQLite keeps any length, so the column was not made anew there
    about_me: Mapped[str] = mapped_column(Text().with_variant(String(140), "sqlite"), default="")
    name: Mapped[str] = mapped_column(String(100), default="", server_default="")  # the name shown; empty: the username
    place: Mapped[str] = mapped_column(String(100), default="", server_default="")
    link: Mapped[str] = mapped_column(String(200), default="", server_default="")
    language: Mapped[str] = mapped_column(String(16), default="en", server_default="en")  # of letters
    avatar_mark: Mapped[str | None] = mapped_column(String(32))  # None: the drawn one
    role: Mapped[str] = mapped_column(String(16), default="member")
    is_suspended: Mapped[bool] = mapped_column(default=False)
    session_epoch: Mapped[int] = mapped_column(default=_any_epoch)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    last_seen_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ends_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # the member has asked to close the account
    post_count: Mapped[int] = mapped_column(default=0)
    follower_count: Mapped[int] = mapped_column(default=0)
    following_count: Mapped[int] = mapped_column(default=0)

    # write-only: a member may have a million posts, so nothing loads them all by accident
    posts: WriteOnlyMapped["Post"] = relationship(
        back_populates="author",
        passive_deletes=True,
        primaryjoin="and_(User.id == Post.author_id, Post.deleted_at.is_(None))",
    )

    __table_args__ = (
        Index("uq_user_username_lower", func.lower(username), unique=True),
        Index(
            "uq_user_email_confirmed",
            func.lower(email),
            unique=True,
            sqlite_where=_IS_PROVEN,
            postgresql_where=_IS_PROVEN,
        ),
        Index("ix_user_email_lower", func.lower(email)),
        Index("ix_user_ends_at", "ends_at", sqlite_where=_IS_ENDING, postgresql_where=_IS_ENDING),
    )

    @property
    def is_active(self) -> bool:
        """False keeps a suspended member from signing in (Flask-Login's name for it)."""
        return not self.is_suspended

    @property
    def is_admin(self) -> bool:
        """True for those who may change how the site runs."""
        return self.role == "admin"

    @property
    def is_moderator(self) -> bool:
        """True for those who may look at the queues; an admin is one too."""
        return self.role in ("moderator", "admin")

    def get_id(self) -> str:
        """What the sign-in cookie holds: `<id>.<session_epoch>`."""
        return f"{self.id}.{self.session_epoch}"

    def add_notification(self, name: str, data: Any) -> None:
        """Set the member's notification `name` to `data` (JSON) when the caller's transaction commits."""
        notification.collect(self.id, name, name, data)
