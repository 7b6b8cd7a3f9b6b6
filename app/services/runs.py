"""A member's runs as they are shown: which there are, what one left behind, its files. Changing one is the engine's."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from flask import current_app
from sqlalchemy import Select, func, or_, select

from app import clock
from app.adapters import storage
from app.engine import control, monitor, outbox
from app.errors import NotFound
from app.extensions import db
from app.models import Artifact, Run, RunEvent, RunFailure, User, run_state
from app.services import activities

TRAY_CARDS = 3
SHOWN_EVENTS = 200
SHOWN_FAILURES = 50


@dataclass(frozen=True)
class Card:
    """A run as a card shows it. `now` is what a notification says of it, `health` what is derived as it is read.

    `ahead` is how many queued runs go first, None unless it is queued; `is_held` that it waits for the member's others,
    of which two are worked on at a time; `quiet_minutes` how long nothing has moved.
    """

    run: Run
    now: dict[str, Any]
    health: str = "ok"
    ahead: int | None = None
    is_held: bool = False
    quiet_minutes: int = 0


@dataclass(frozen=True)
class Allowance:
    """How many runs of a member are active, how many may be, and how many of these are worked on at a time."""

    active: int
    most: int = outbox.ACTIVE_PER_MEMBER
    at_once: int = outbox.SENT_PER_MEMBER


@dataclass(frozen=True)
class Tray:
    """A member's newest active and unacknowledged runs, and how many more there are."""

    cards: list[Card]
    more: int


@dataclass(frozen=True)
class Step:
    """One step of a run's task; `standing` is "done", "now" or "next"."""

    name: str
    standing: str


@dataclass(frozen=True)
class Story:
    """What happened in a run so far, oldest line first, and what it left behind."""

    steps: list[Step]
    events: Sequence[RunEvent] = ()
    failures: Sequence[RunFailure] = ()
    artifacts: Sequence[Artifact] = field(default=())


def start(user: User, name: str, args: dict[str, Any] | None = None, idempotency_key: str | None = None) -> Run:
    """Ask for a run of a task that members may start themselves. Raises what `outbox.request` raises."""
    task = monitor.find_task(name)
    if task is None or not task.visible:
        raise NotFound("There is no such task.")
    return outbox.request(name, by=user, args=args, idempotency_key=idempotency_key)


def acknowledge(run: Run) -> Run:
    """The member has seen how it ended, and has read of it. Idempotent. Raises Conflict while it is active."""
    control.acknowledge(run)
    activities.see_run(run)
    return run


def allowance(user: User) -> Allowance:
    """What the member may still start, quotas of single tasks aside."""
    active = select(func.count()).where(Run.user_id == user.id, Run.state.in_(run_state.ACTIVE))
    return Allowance(db.session.scalar(active) or 0)


def of_member(
    user: User, *, states: Collection[str] | None = None, task: str | None = None, before: str | None = None
) -> Select[Run]:
    """The member's runs, newest first; those older than the run id `before`, if given."""
    query = select(Run).where(Run.user_id == user.id).order_by(Run.id.desc())
    if states is not None:
        query = query.where(Run.state.in_(states))
    if task:
        query = query.where(Run.task == task)
    return query.where(Run.id < before) if before else query


def of_everyone() -> Select[Run]:
    """Every run, newest first: for those who run the site."""
    return select(Run).order_by(Run.id.desc())


def newest_of_everyone() -> Select[Run]:
    """As `of_everyone`, without the quiet tasks' runs, which would fill every list."""
    return of_everyone().where(Run.task.not_in(monitor.quiet_tasks()))


def find(user: User, run_id: str) -> Run:
    """The member's own run. Raises NotFound, also for another member's."""
    return _one(of_member(user).where(Run.id == run_id))


def find_any(run_id: str) -> Run:
    """Anybody's run: for those who run the site. Raises NotFound."""
    return _one(of_everyone().where(Run.id == run_id))


def tray(user: User, without: str | None = None) -> Tray:
    """What the tray shows; `without` leaves out the run that the page itself is about."""
    unseen = or_(Run.state.in_(run_state.ACTIVE), Run.seen_at.is_(None))
    query = of_member(user).where(unseen).add_columns(func.count().over()).limit(TRAY_CARDS)
    rows = db.session.execute(query.where(Run.id != without) if without else query).all()
    found = cards([row[0] for row in rows])
    return Tray(cards=found, more=rows[0][1] - len(rows) if rows else 0)


def cards(rows: Iterable[Run]) -> list[Card]:
    """The runs as cards, in the same order; one more statement if any of them is queued."""
    rows = list(rows)
    lives = monitor.lives(rows)
    return [_card(run, lives.get(run.id, {})) for run in rows]


def card(run: Run) -> Card:
    """The run as a card."""
    return cards([run])[0]


def story(run: Run) -> Story:
    """The run's steps, the last lines of its time-line, its first failed items and its files."""
    newest = events(run).order_by(None).order_by(RunEvent.id.desc()).limit(SHOWN_EVENTS)
    return Story(
        steps=steps(run),
        events=list(reversed(db.session.scalars(newest).all())),
        failures=db.session.scalars(failures(run).limit(SHOWN_FAILURES)).all() if run.failed_count else (),
        artifacts=db.session.scalars(artifacts(run)).all(),
    )


def steps(run: Run) -> list[Step]:
    """The steps of the run's task; empty where it has one only, or its code is gone."""
    task = monitor.find_task(run.task)
    names = [step[0] for step in task.steps] if task else []
    return [Step(name, _standing(run, index)) for index, name in enumerate(names)]


def events(run: Run) -> Select[RunEvent]:
    """The run's time-line, oldest first."""
    return select(RunEvent).where(RunEvent.run_id == run.id).order_by(RunEvent.id)


def failures(run: Run) -> Select[RunFailure]:
    """The items that failed, in the order they did."""
    return select(RunFailure).where(RunFailure.run_id == run.id).order_by(RunFailure.at, RunFailure.key)


def artifacts(run: Run) -> Select[Artifact]:
    """The files the run left, by name."""
    return select(Artifact).where(Artifact.run_id == run.id).order_by(Artifact.name)


def artifact(user: User, run_id: str, name: str) -> Artifact:
    """A file of the member's own run. Raises NotFound."""
    found: Artifact | None = db.session.scalar(artifacts(find(user, run_id)).where(Artifact.name == name))
    if found is None:
        raise NotFound("There is no such file; it may have been tidied away.")
    return found


def open_artifact(artifact: Artifact) -> BinaryIO:
    """The file's bytes, open and seekable; the caller closes it. Raises NotFound when storage has lost it."""
    try:
        return storage.open_storage(current_app.config["STORAGE_URL"]).open(artifact.storage_key)
    except FileNotFoundError as error:
        raise NotFound("This file is no longer kept. Start the task again for a new one.") from error


def _one(query: Select[Run]) -> Run:
    found: Run | None = db.session.scalar(query)
    if found is None:
        raise NotFound("There is no such run, or it is not yours to see.")
    return found


def _card(run: Run, live: dict[str, Any]) -> Card:
    queue = live.get("queue")
    moved_at = run.advanced_at or run.claimed_at or run.created_at
    return Card(
        run=run,
        now=monitor.describe(run),
        health=live.get("health", "ok"),
        ahead=queue["ahead"] if queue else None,
        is_held=run.state == run_state.QUEUED and run.sent_at is None,
        quiet_minutes=int((clock.now() - moved_at).total_seconds() // 60),
    )


def _standing(run: Run, index: int) -> str:
    if index < run.step_index or run.state == run_state.SUCCEEDED:
        return "done"
    return "now" if index == run.step_index else "next"
