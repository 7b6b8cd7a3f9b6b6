"""What can be wrong with an installation: one examination each, with what to do about it."""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, or_, select, text
from sqlalchemy.exc import SQLAlchemyError

from app import clock
from app.adapters import channels, redis
from app.engine import monitor
from app.engine.registry import DEFAULT_QUEUE
from app.extensions import db
from app.models import Letter, Run, run_state
from app.models.letter import IS_WAITING
from app.services import letters, schema

Settings = Mapping[str, Any]

LEAST_FREE_BYTES = 500 * 1024 * 1024
LETTERS_LATE = timedelta(minutes=15)


class Trouble(Exception):
    """An examination found something wrong; the message says what, and what to do."""


@dataclass(frozen=True)
class Finding:
    """What one examination found, in a sentence."""

    subject: str
    is_well: bool
    text: str


def examine(settings: Settings) -> list[Finding]:
    """Everything in order; one that fails does not keep the next from being tried."""
    return [_tried(subject, check, settings) for subject, check in EXAMINATIONS.items()]


def database(settings: Settings) -> str:
    """The database answers."""
    with db.engine.connect() as connection:
        connection.execute(text("SELECT 1"))
        version = ".".join(map(str, connection.dialect.server_version_info or ()))
        return f"{connection.dialect.name} {version} answers"


def migrations(settings: Settings) -> str:
    """The tables are the ones this code knows."""
    with db.engine.connect() as connection:
        missing = schema.missing_migrations(connection)
    if missing:
        raise Trouble(f"{len(missing)} are missing ({', '.join(missing)}): flask prepare")
    return "up to date"


def redis_server(settings: Settings) -> str:
    """Redis answers and never throws keys away."""
    facts = redis.about(settings["REDIS_URL"])
    if facts is None:
        raise Trouble("does not answer: start it (./boot.sh demo brings its own), or check REDIS_URL")
    if facts.maxmemory_policy not in ("noeviction", ""):
        raise Trouble(f"loses jobs when full (maxmemory-policy {facts.maxmemory_policy}): set it to noeviction")
    return f"version {facts.version} answers; maxmemory-policy {facts.maxmemory_policy or 'unknown'}"


def workers(settings: Settings) -> str:
    """Somebody listens on the default queue, which takes the other's runs too when nobody listens there."""
    counts = {report.name: report.workers for report in monitor.queues()}
    written = ", ".join(f"{name}: {count}" for name, count in counts.items())
    if not counts[DEFAULT_QUEUE]:
        raise Trouble(f"{written}; start one: ./boot.sh worker (or rq worker {DEFAULT_QUEUE})")
    return written


def housekeeping(settings: Settings) -> str:
    """Nothing waits that a sweep should have dealt with long ago."""
    late = clock.now() - timedelta(seconds=10 * settings["SWEEP_SECONDS"] + settings["LEASE_SECONDS"])
    left = db.session.scalar(
        select(func.count()).where(
            or_(
                Run.state.in_(run_state.CLAIMED) & (Run.lease_until < late),
                (Run.state == run_state.RETRYING) & (Run.due_at < late),
            )
        )
    )
    if left:
        raise Trouble(f"{left} runs wait for a sweep: no web process or worker of ours runs; ./boot.sh web, worker")
    return "no run waits for a sweep"


def disk(settings: Settings) -> str:
    """There is room for files."""
    free = shutil.disk_usage(settings["INSTANCE_PATH"]).free
    written = f"{free / 1024**3:.1f} GB free"
    if free < LEAST_FREE_BYTES:
        raise Trouble(f"{written}: make room, exports and imports need it")
    return written


def mail(settings: Settings) -> str:
    """The mail server lets us in, where one is set, and no letter waits for long."""
    channel = channels.open_channel(channels.EMAIL, settings)
    if not isinstance(channel, channels.SmtpChannel):
        kept = "no MAIL_SERVER: letters are kept in the admin's outbox"
        return (
            f"{kept}, and in production nobody reads them there" if settings["MICROBLOG_ENV"] == "production" else kept
        )
    try:
        channel.probe()
    except channels.Away as trouble:
        raise Trouble(f"{trouble} Check MAIL_SERVER, MAIL_PORT, MAIL_USE_TLS, MAIL_USERNAME, MAIL_PASSWORD") from None
    due = letters.waiting_since()
    if due is not None and due < clock.now() - LETTERS_LATE:
        raise Trouble(
            f"{channel.server} lets us in, but letters are due since {due:%Y-%m-%d %H:%M} UTC: is a worker up?"
        )
    since, said = _put_off(clock.now() - LETTERS_LATE)
    if since is not None:
        raise Trouble(
            f"{channel.server} lets us in, but letters wait since {since:%Y-%m-%d %H:%M} UTC. It said: {said}"
        )
    dead = letters.counts()["dead"]
    told = f"{channel.server} lets us in" + (f"; {dead} dead letters in /admin/outbox" if dead else "")
    return told + ("; MAIL_PASSWORD goes there unencrypted: set MAIL_USE_TLS=1" if channel.tells_password else "")


def text_messages(settings: Settings) -> str:
    """The provider of text messages knows us, where one is set."""
    channel = channels.open_channel(channels.SMS, settings)
    if not isinstance(channel, channels.HttpSmsChannel):
        return "no SMS_URL: text messages are kept in the admin's outbox"
    try:
        channel.probe()
    except channels.Away as trouble:
        raise Trouble(f"{trouble} Check SMS_URL, SMS_USERNAME, SMS_PASSWORD") from None
    return f"{channel.url.hostname} answers, and does not refuse us"


EXAMINATIONS: dict[str, Callable[[Settings], str]] = {
    "database": database,
    "migrations": migrations,
    "redis": redis_server,
    "workers": workers,
    "housekeeping": housekeeping,
    "disk": disk,
    "mail": mail,
    "sms": text_messages,
}


def _put_off(late: datetime) -> tuple[datetime | None, str | None]:
    """When the oldest letter was written that the channel, and not its own mailbox, keeps waiting; and why."""
    is_kept = (IS_WAITING, Letter.channel == channels.EMAIL, Letter.attempts == 0, Letter.error.is_not(None))
    oldest = select(Letter.created_at, Letter.error).where(*is_kept, Letter.created_at < late)
    row = db.session.execute(oldest.order_by(Letter.created_at).limit(1)).first()
    return (row.created_at, row.error) if row is not None else (None, None)


def _tried(subject: str, check: Callable[[Settings], str], settings: Settings) -> Finding:
    try:
        return Finding(subject, True, check(settings))
    except Trouble as trouble:
        return Finding(subject, False, str(trouble))
    except SQLAlchemyError as error:
        db.session.rollback()
        reason = str(getattr(error, "orig", None) or error).partition("\n")[0]
        return Finding(subject, False, f"the database refuses ({reason}): check DATABASE_URL, then flask prepare")
