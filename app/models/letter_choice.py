"""Which letters a member wants. Who never chose has no row: no digests, and a word when a long run has ended."""

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import db
from app.models.base import UtcDateTime

NEVER, DAILY, WEEKLY = "never", "daily", "weekly"


class LetterChoice(db.Model):
    """`digest_at` is when the next digest is due (None: never), at `digest_hour` o'clock in the member's `time_zone`.

    `digested_until` is how far the last one told.
    """

    __tablename__ = "letter_choice"

    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), primary_key=True)
    digest: Mapped[str] = mapped_column(String(8), default=NEVER)
    digest_hour: Mapped[int] = mapped_column(default=8)
    time_zone: Mapped[str] = mapped_column(String(64), default="UTC")
    digest_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    digested_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    tells_of_runs: Mapped[bool] = mapped_column(default=True)
