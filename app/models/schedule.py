"""When a scheduled task was due and what came of it: one row per (task, due time), whoever wrote it first."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import db
from app.models.base import UtcDateTime


class ScheduleDue(db.Model):
    """`run_id` is the run that was asked for; None for the row that only marks where a new schedule begins."""

    __tablename__ = "schedule_due"

    task: Mapped[str] = mapped_column(String(64), primary_key=True)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime, primary_key=True)
    run_id: Mapped[str | None] = mapped_column(String(36))
