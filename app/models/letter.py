"""A letter: something we send a person, by whatever channel. The row is the outbox, as a run's row is its own."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from app import clock
from app.extensions import db
from app.models.base import UtcDateTime

WAITING, SENDING, SENT, DEAD = "waiting", "sending", "sent", "dead"
STATES = (WAITING, SENDING, SENT, DEAD)
IS_WAITING = text("state = 'waiting'")
IS_SENDING = text("state = 'sending'")
IS_DEAD = text("state = 'dead'")


class Letter(db.Model):
    """`key` makes it go out once at most, whoever writes it how often; `is_bulk` lets all others pass before it.

    While `sending` it is in the hands of `holder` (a run) until `lease_until`. `attempts` counts the refusals of the
    moment. A channel that cannot be reached uses none. Once a server has taken it, its words are forgotten.
    """

    __tablename__ = "letter"

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(255), unique=True)
    channel: Mapped[str] = mapped_column(String(16))
    kind: Mapped[str] = mapped_column(String(32))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"))
    address: Mapped[str] = mapped_column(String(254))
    language: Mapped[str] = mapped_column(String(16), default="en")
    subject: Mapped[str] = mapped_column(String(255), default="")
    text: Mapped[str] = mapped_column(Text)
    html: Mapped[str | None] = mapped_column(Text)
    headers: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    is_bulk: Mapped[bool] = mapped_column(default=False)

    state: Mapped[str] = mapped_column(String(8), default=WAITING)
    claim: Mapped[int] = mapped_column(default=0)
    holder: Mapped[str | None] = mapped_column(String(36))
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    attempts: Mapped[int] = mapped_column(default=0)
    error: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    next_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (
        Index("ix_letter_waiting", "is_bulk", "next_at", "id", sqlite_where=IS_WAITING, postgresql_where=IS_WAITING),
        Index("ix_letter_sending", "holder", sqlite_where=IS_SENDING, postgresql_where=IS_SENDING),
        # no index begins with the state: SQLite would rather sort all that wait than walk the first one above
        Index("ix_letter_newest", "created_at", "id", "state"),
        Index("ix_letter_dead", "created_at", "id", sqlite_where=IS_DEAD, postgresql_where=IS_DEAD),
        Index("ix_letter_user", "user_id", "channel", "created_at"),
    )
