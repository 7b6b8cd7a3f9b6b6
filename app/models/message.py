"""What two members write to each other, for nobody else to read."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app import clock
from app.extensions import db
from app.models.base import UtcDateTime
from app.models.user import User


class Conversation(db.Model):
    """One for each pair, by ascending id. Who closed their account is None; `newest_id` is the last message."""

    __tablename__ = "conversation"

    id: Mapped[int] = mapped_column(primary_key=True)
    low_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"))
    high_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"))
    newest_id: Mapped[int | None]

    __table_args__ = (
        Index("uq_conversation_pair", "low_id", "high_id", unique=True),
        Index("ix_conversation_high_id", "high_id"),
    )


class Message(db.Model):
    """`read_at` is when the recipient opened the conversation, which the sender is shown."""

    __tablename__ = "message"

    id: Mapped[int] = mapped_column(primary_key=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversation.id", ondelete="CASCADE"))
    sender_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"))
    recipient_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"))
    body: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    read_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    sender: Mapped[User | None] = relationship(foreign_keys=sender_id, lazy="raise")
    recipient: Mapped[User | None] = relationship(foreign_keys=recipient_id, lazy="raise")

    __table_args__ = (
        Index("ix_message_newest", "conversation_id", "created_at", "id"),
        Index("ix_message_recipient", "recipient_id", "read_at"),
        Index("ix_message_sender_id", "sender_id"),
    )
