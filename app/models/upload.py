"""A file that a member handed in to import, what a scan found in it, and the runs that dealt with it."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app import clock
from app.extensions import db
from app.models.base import UtcDateTime


class Upload(db.Model):
    """`run_id` is the newest run that deals with it; its posts carry `import_run_id`, None before and after an undo.

    Both are plain texts: a run is tidied away some day, and its import can still be undone. `storage_key` is empty
    once the bytes are no longer kept.
    """

    __tablename__ = "upload"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"))
    filename: Mapped[str] = mapped_column(String(255))
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    storage_key: Mapped[str] = mapped_column(String(255))
    findings: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    run_id: Mapped[str | None] = mapped_column(String(36))
    import_run_id: Mapped[str | None] = mapped_column(String(36))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)

    __table_args__ = (Index("ix_upload_user_newest", "user_id", "id"),)
