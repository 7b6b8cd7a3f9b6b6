"""When a scheduled task was due and what came of it: one row per (task, due time), and pauses."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from app import clock
from app.extensions import db
from app.models.base import UtcDateTime


class ScheduleDue(db.Model):
    """`run_id` is the run that was asked for; None where a new schedule begins, and for a time that was passed over."""

    __tablename__ = "schedule_due"

    task: Mapped[str] = mapped_column(String(64), primary_key=True)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime, primary_key=True)
    run_id: Mapped[str | None] = mapped_column(String(36))


class SchedulePause(db.Model):
    """While the row is there, the task's due times are passed over. `paused_by` is the admin's name at that time."""

    __tablename__ = "schedule_pause"

    task: Mapped[str] = mapped_column(String(64), primary_key=True)
    paused_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    paused_by: Mapped[str] = mapped_column(String(64))
