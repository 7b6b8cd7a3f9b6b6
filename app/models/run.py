"""A run of a task and what belongs to it: time-line, failed items, once-keys and files. The engine owns the rows."""

from datetime import datetime
from typing import Any

import uuid6
from sqlalchemy import JSON, BigInteger, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from app import clock
from app.extensions import db
from app.models import run_state
from app.models.base import UtcDateTime

_IS_QUEUED = text("state = 'queued'")
_IS_ACTIVE = text("state IN ('queued', 'running', 'retrying', 'cancelling')")


def new_number() -> str:
    """A UUIDv7 (RFC 9562): as text it sorts behind those that were made before."""
    return str(uuid6.uuid7())


class Run(db.Model):
    """One asking of a task. `claim` is the fence: it rises each time a worker takes the run.

    `cursor` and `saved` are where and with what a next claim goes on; both are written with the work they cover.
    The cursor also names the owner, so that a deleted member's run is not taken for one of the house's own.
    `line` is its place in the queue: who asks, or comes back to the end, takes a number that sorts behind the others.
    `active_key` is the unique key while the run is active and NULL afterwards, so a unique index guards it.
    `fault` is what the fault lab asked to go wrong, NULL everywhere else.
    """

    __tablename__ = "run"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"))
    task: Mapped[str] = mapped_column(String(64))
    title: Mapped[str] = mapped_column(String(120))
    unit: Mapped[str] = mapped_column(String(32), default="items")
    queue: Mapped[str] = mapped_column(String(64))
    line: Mapped[str] = mapped_column(String(36), default=new_number, server_default="")
    args: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    args_hash: Mapped[str] = mapped_column(String(64), default="")
    idempotency_key: Mapped[str | None] = mapped_column(String(128))
    unique_key: Mapped[str | None] = mapped_column(String(255))
    active_key: Mapped[str | None] = mapped_column(String(255), unique=True)
    retry_of: Mapped[str | None] = mapped_column(String(36))

    state: Mapped[str] = mapped_column(String(16), default=run_state.QUEUED)
    reason: Mapped[str | None] = mapped_column(String(64))
    claim: Mapped[int] = mapped_column(default=0)
    send: Mapped[int] = mapped_column(default=0)
    attempt: Mapped[int] = mapped_column(default=1)
    strikes: Mapped[int] = mapped_column(default=0)

    step_index: Mapped[int] = mapped_column(default=0)
    step_count: Mapped[int] = mapped_column(default=1)
    step_name: Mapped[str] = mapped_column(String(64), default="")
    done: Mapped[int] = mapped_column(BigInteger, default=0)
    total: Mapped[int | None] = mapped_column(BigInteger)
    percent: Mapped[int | None]
    is_restarted: Mapped[bool] = mapped_column(default=False)
    ok_count: Mapped[int] = mapped_column(BigInteger, default=0)
    failed_count: Mapped[int] = mapped_column(BigInteger, default=0)
    skipped_count: Mapped[int] = mapped_column(BigInteger, default=0)
    eta_seconds: Mapped[list[int] | None] = mapped_column(JSON(none_as_null=True))
    message: Mapped[str | None] = mapped_column(String(255))
    cursor: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    saved: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)

    result_text: Mapped[str | None] = mapped_column(Text)
    result_url: Mapped[str | None] = mapped_column(Text)
    error: Mapped[str | None] = mapped_column(Text)
    error_reference: Mapped[str | None] = mapped_column(String(16))
    error_trace: Mapped[str | None] = mapped_column(Text)
    fault: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))

    worker: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    sent_to: Mapped[str | None] = mapped_column(String(64))
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    advanced_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    claimed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    cancel_asked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    seen_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (
        Index("ix_run_user_newest", "user_id", "id"),
        Index("ix_run_active", "state", "queue", "id", sqlite_where=_IS_ACTIVE, postgresql_where=_IS_ACTIVE),
        Index("ix_run_queued", "queue", "line", sqlite_where=_IS_QUEUED, postgresql_where=_IS_QUEUED),
        Index("ix_run_user_active", "user_id", "state", sqlite_where=_IS_ACTIVE, postgresql_where=_IS_ACTIVE),
        Index("ix_run_quota", "user_id", "task", "created_at"),
        Index("uq_run_idempotency", "user_id", "idempotency_key", unique=True),
        Index("ix_run_expires", "expires_at"),
    )

    @property
    def is_active(self) -> bool:
        """True while the run may still change by itself."""
        return self.state in run_state.ACTIVE

    @property
    def is_orphaned(self) -> bool:
        """True once its owner is deleted; a run of the house's own never had one."""
        return self.user_id is None and "owner" in self.cursor


class RunEvent(db.Model):
    """A line of a run's time-line: a claim, a state, a word from the task."""

    __tablename__ = "run_event"

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[str] = mapped_column(ForeignKey("run.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    claim: Mapped[int] = mapped_column(default=0)
    kind: Mapped[str] = mapped_column(String(16))
    text: Mapped[str] = mapped_column(Text)


class RunFailure(db.Model):
    """An item that failed while the run went on; `place` and `position` say where it lies, to retry it alone."""

    __tablename__ = "run_failure"

    run_id: Mapped[str] = mapped_column(ForeignKey("run.id", ondelete="CASCADE"), primary_key=True)
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    step_index: Mapped[int] = mapped_column(default=0, primary_key=True)
    place: Mapped[str] = mapped_column(String(32), default="")
    position: Mapped[Any] = mapped_column(JSON(none_as_null=True))
    reason: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)


class RunOnce(db.Model):
    """An effect that a run has had: the unique row makes it happen exactly once."""

    __tablename__ = "run_once"

    run_id: Mapped[str] = mapped_column(ForeignKey("run.id", ondelete="CASCADE"), primary_key=True)
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    result: Mapped[Any] = mapped_column(JSON)


class RunKey(db.Model):
    """An Idempotency-Key that asked for a run which was active already, and the digest of what it asked for."""

    __tablename__ = "run_key"

    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), primary_key=True)
    key: Mapped[str] = mapped_column(String(128), primary_key=True)
    run_id: Mapped[str] = mapped_column(ForeignKey("run.id", ondelete="CASCADE"), index=True)
    args_hash: Mapped[str] = mapped_column(String(64))


class Artifact(db.Model):
    """A finished file a run left for its owner; the bytes lie in storage under `storage_key`."""

    __tablename__ = "artifact"

    run_id: Mapped[str] = mapped_column(ForeignKey("run.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(String(128), primary_key=True)
    storage_key: Mapped[str] = mapped_column(String(255))
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
