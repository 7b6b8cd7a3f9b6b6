"""The fault lab: start a real task, have one thing go wrong, and compare what happened with what was promised.

What is promised stands here, in the words of docs/architecture.md; bringing it about is the engine's (faults.py).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from flask import current_app
from sqlalchemy import Select, select

from app.engine import faults, outbox, registry
from app.engine.faults import Fault
from app.engine.notices import CRASHED
from app.engine.registry import Task
from app.errors import Conflict, NotFound
from app.extensions import db
from app.models import Run, RunEvent, User, run_state

PRACTICE = "rehearse"


@dataclass(frozen=True)
class Past:
    """A run and its time-line as (kind, claim), oldest first."""

    run: Run
    lines: Sequence[tuple[str, int]]

    def is_struck(self) -> bool:
        """The fault has come."""
        return any(kind == faults.KIND for kind, _ in self.lines)

    def then(self, wanted: str) -> bool:
        """Such a line has come after the fault."""
        kinds = [kind for kind, _ in self.lines]
        return self.is_struck() and wanted in kinds[kinds.index(faults.KIND) :]

    def is_well(self) -> bool:
        """Succeeded, and every item of the last step was counted once."""
        return self.run.state == run_state.SUCCEEDED and self.run.total in (None, self.run.done)


@dataclass(frozen=True)
class Sign:
    """Something that must be seen in a run's past."""

    text: str
    is_seen: Callable[[Past], bool]


@dataclass(frozen=True)
class Experiment:
    """A fault that can be chosen: what it does, what the member shall see and what shall hold.

    `asks` names the fields to fill in besides the task's own; `seconds` is that one's label, default and most.
    """

    kind: str
    title: str
    does: str
    seen: str
    holds: str
    signs: tuple[Sign, ...]
    asks: tuple[str, ...] = ("at",)
    seconds: tuple[str, float, float] = ("Seconds", 1, 5)
    signs_always: tuple[Sign, ...] = ()


@dataclass(frozen=True)
class Lesson:
    """An experiment beside what came of it; each line is a text and "seen", "awaited" or "missed"."""

    experiment: Experiment
    promise: tuple[str, str, str]
    lines: list[tuple[str, str]]

    @property
    def is_missed(self) -> bool:
        """The run is over, and not all of it was seen."""
        return any(standing == "missed" for _, standing in self.lines)


_WELL = Sign("It ends well, and every item is counted once", Past.is_well)
_UNUSED = Sign("It ends well, and no attempt was used", lambda past: past.is_well() and past.run.attempt == 1)
_SAME_CLAIM = Sign("The same claim goes on to the end", lambda past: past.is_well() and past.run.claim == 1)
_QUEUED = Sign("It is queued again, at its cursor", lambda past: past.then("queued"))
_CLAIMED = Sign("Another claim takes it up", lambda past: past.then("claim"))
_REVIVED = (_QUEUED, _CLAIMED, _UNUSED)


def _struck(text: str) -> Sign:
    return Sign(text, Past.is_struck)


EXPERIMENTS = (
    Experiment(
        faults.CRASH,
        "A crash",
        "The process dies before the item is done, as by kill -9 or for want of memory.",
        "“Continuing after a restart, from 58 %”, within {wait:.0f} seconds.",
        "Nothing takes effect twice, and no attempt is used. After three deaths in one place it is stopped for good.",
        (_struck("The process dies"), *_REVIVED),
        asks=("at", "often"),
        signs_always=(
            _struck("The process dies"),
            _QUEUED,
            Sign("At the third death without any advance it is stopped", lambda past: past.run.reason == CRASHED),
        ),
    ),
    Experiment(
        faults.ERROR,
        "An error in the code",
        "The task raises an exception at the item.",
        "“Retrying soon” and a plain sentence with a reference; red once no attempt is left.",
        "The next attempts come after a growing pause and go on at the cursor. Only admins see the traceback.",
        (
            _struck("The code breaks"),
            Sign("It waits before it tries again", lambda past: past.then("retrying")),
            Sign("A new attempt goes on at the cursor", lambda past: past.then("claim") and past.run.attempt > 1),
            _WELL,
        ),
        asks=("at", "often"),
        signs_always=(
            _struck("The code breaks"),
            Sign("It ends red, and an admin sees why", lambda past: past.then("failed") and bool(past.run.error_trace)),
        ),
    ),
    Experiment(
        faults.ITEM,
        "A bad item",
        "The item fails after its work was done. Only a task that parts its items with run.item can bear that.",
        "Amber: “39 of 40, 1 failed”, the list of what failed, and a button to run only that again.",
        "The rest is done, and of the bad item nothing stays.",
        (
            Sign("The item fails", lambda past: past.run.failed_count > 0),
            Sign("The rest is done", lambda past: past.run.state == run_state.PARTIAL),
        ),
    ),
    Experiment(
        faults.HANG,
        "A hang",
        "The item never ends. A task waits for minutes before it is given up; here only for the seconds you choose.",
        "The bar stands still. After the task's own patience: “No progress for 6 min: still trying”.",
        "It is stopped, seen dead and resumed; three times at most.",
        (_struck("The item hangs"), *_REVIVED),
        asks=("at", "seconds"),
        seconds=("Seconds of patience", 10, 120),
    ),
    Experiment(
        faults.FREEZE,
        "A frozen process",
        "The process is stopped (SIGSTOP), like a machine that is suspended.",
        "A pause, then “Continuing after a restart”, within {wait:.0f} seconds.",
        "Its lease runs out, and it is killed before another goes on: never two copies that both write.",
        (_struck("The process is stopped"), *_REVIVED),
    ),
    Experiment(
        faults.DATABASE,
        "The database away",
        "The worker's statements fail for a while. Longer than the lease ({lease:.0f} s), and the run changes hands.",
        "A pause.",
        "The batch is done again within the lease, else another claim goes on at the cursor.",
        (_struck("The database goes away"), _UNUSED),
        asks=("at", "seconds"),
        seconds=("Seconds away", 5, 120),
    ),
    Experiment(
        faults.REDIS_AT_START,
        "Redis away at the click",
        "Nothing of ours reaches Redis from the moment you start.",
        "“Queued: starting is delayed. Nothing is lost.”, and the page at once.",
        "The run is sent when Redis is back, give or take ten seconds.",
        (
            _struck("Redis goes away"),
            Sign("It is sent and taken up once Redis is back", lambda past: past.then("claim")),
            _UNUSED,
        ),
        asks=("seconds",),
        seconds=("Seconds away", 15, 300),
    ),
    Experiment(
        faults.REDIS,
        "Redis away in mid-run",
        "Nothing of ours reaches Redis from that item on.",
        "Nothing.",
        "What runs, runs on: Redis is only the doorbell.",
        (_struck("Redis goes away"), _SAME_CLAIM),
        asks=("at", "seconds"),
        seconds=("Seconds away", 15, 300),
    ),
    Experiment(
        faults.SLOW,
        "Slowness",
        "Every item takes so much longer.",
        "The bar creeps, the time left is told, and Cancel is heard within a second.",
        "Each slow item is committed by itself, and the lease is renewed all the while.",
        (_struck("Every item is slowed down"), _SAME_CLAIM),
        asks=("seconds",),
        seconds=("Seconds more per item", 0.5, 5),
    ),
)


def tasks(admin: User) -> list[Task]:
    """What can be started here: what members may start, with the fields it asks for, and the rehearsal first."""
    offered = [task for task in registry.open_to(admin) if task.params or not _required(task)]
    practice = registry.find(PRACTICE)
    return [practice, *offered] if practice else offered


def find_task(admin: User, name: str) -> Task:
    """One of `tasks`. Raises NotFound."""
    found = next((task for task in tasks(admin) if task.name == name), None)
    if found is None:
        raise NotFound("There is no such task here.")
    return found


def find_experiment(kind: str) -> Experiment:
    """Raises NotFound."""
    found = next((experiment for experiment in EXPERIMENTS if experiment.kind == kind), None)
    if found is None:
        raise NotFound("There is no such fault.")
    return found


def promise(experiment: Experiment) -> tuple[str, str, str]:
    """What the fault does, what the member sees and what holds, with the seconds of this installation."""
    lease, sweep = current_app.config["LEASE_SECONDS"], current_app.config["SWEEP_SECONDS"]
    values = {"lease": lease, "wait": lease + sweep + 1}
    return experiment.does.format(**values), experiment.seen.format(**values), experiment.holds.format(**values)


def fault(experiment: Experiment, *, at: int = 1, seconds: float = 0.0, often: str = "once") -> Fault:
    """The fault as filled in; `often` is "once" or "always"."""
    return Fault(experiment.kind, at=at, seconds=seconds, is_always=often == "always")


def start(admin: User, task: Task, args: dict[str, object], fault: Fault, idempotency_key: str) -> Run:
    """Ask for a run in which `fault` will come. Raises Conflict while the task is active, and as outbox.request."""
    run = outbox.request(task.name, by=admin, args=args, idempotency_key=idempotency_key, fault=fault.as_column())
    if run.idempotency_key != idempotency_key:
        raise Conflict(f"{task.title} is active already: let it end, or cancel it. A fault comes with a new run only.")
    return run


def experiments_of(admin: User) -> Select[Run]:
    """The admin's runs with a fault, newest first."""
    return select(Run).where(Run.user_id == admin.id, Run.fault.is_not(None)).order_by(Run.id.desc())


def lesson(run: Run) -> Lesson | None:
    """What was promised for the run and which of it has come; None if nothing was to go wrong in it."""
    fault = faults.of(run.fault)
    if fault is None:
        return None
    experiment = find_experiment(fault.kind)
    lines = select(RunEvent.kind, RunEvent.claim).where(RunEvent.run_id == run.id).order_by(RunEvent.id)
    past = Past(run, [(kind, claim) for kind, claim in db.session.execute(lines)])
    otherwise = "awaited" if run.is_active else "missed"
    signs = experiment.signs_always if fault.is_always else experiment.signs
    return Lesson(
        experiment=experiment,
        promise=promise(experiment),
        lines=[(sign.text, "seen" if past.is_struck() and sign.is_seen(past) else otherwise) for sign in signs],
    )


def _required(task: Task) -> list[str]:
    parameters = list(task.parameters.parameters.values())[1:]
    return [parameter.name for parameter in parameters if parameter.default is parameter.empty]
