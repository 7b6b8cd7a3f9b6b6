"""How a member wants to be told of a kind of activity. Where they never chose, `services/activity_choices.py` says."""

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import db


class ActivityChoice(db.Model):
    """On the notifications page, by letter, both or neither."""

    __tablename__ = "activity_choice"

    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    on_page: Mapped[bool]
    by_letter: Mapped[bool]
