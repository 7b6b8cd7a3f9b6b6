"""`@task`: what can be run. Declaring a function here gives it a button, a bar, cancel, retry, history and resume."""

import functools
import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from croniter import CroniterBadDateError, croniter

from app.models import User

DEFAULT_QUEUE = "microblog-tasks"
HIGH_QUEUE = "microblog-high"
_QUOTA = re.compile(r"(\d+)/(minute|hour|day)")
_PERIOD_SECONDS = {"minute": 60, "hour": 3600, "day": 86400}
_MISSED = ("once", "skip")
_ROLES = (None, "moderator", "admin")

Step = tuple[str, float] | tuple[str, float, str]
Unique = str | Callable[..., str] | None


class DeclarationError(TypeError):
    """A task is declared in a way that cannot work; the message says what to change."""


class TaskFunction(Protocol):
    """What `@task` returns: a plain function that also knows its task."""

    task: "Task"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """With a run's handle: do it. With a member's id: make a run of the member's own, and do that."""


@dataclass(frozen=True)
class Task:
    """A kind of work. Lengths of time are in seconds; `quota` is (count, period in seconds) or None."""

    name: str
    function: Callable[..., Any]
    title: str
    unit: str
    steps: tuple[Step, ...]
    queue: str
    unique: Unique
    quota: tuple[int, int] | None
    retries: int
    timeout: float | None
    stall_after: float
    keep_days: float
    visible: bool
    role: str | None
    short: bool
    schedule: str | None
    missed: str
    quiet: bool
    params: type[Any] | None
    wanted: Callable[[], bool] | None
    parameters: inspect.Signature = field(repr=False)

    @property
    def summary(self) -> str:
        """The first line of the function's docstring: what a person reads beside the button."""
        return (inspect.getdoc(self.function) or "").partition("\n")[0]

    @property
    def step_names(self) -> list[str]:
        """The names of its steps; one nameless step where none are declared."""
        return [step[0] for step in self.steps] or [""]

    def is_open_to(self, user: User | None) -> bool:
        """True if the task's `role` lets this member start it; None stands for the house itself."""
        if user is None or self.role is None:
            return True
        return user.is_admin if self.role == "admin" else user.is_moderator


_tasks: dict[str, Task] = {}


def task(
    title: str,
    unit: str = "items",
    *,
    steps: tuple[Step, ...] = (),
    queue: str = DEFAULT_QUEUE,
    unique: Unique = "user",
    quota: str | None = None,
    retries: int = 3,
    timeout: float | None = None,
    stall_after: float = 300,
    keep_days: float = 30,
    visible: bool = True,
    role: str | None = None,
    short: bool = False,
    schedule: str | None = None,
    missed: str = "once",
    quiet: bool = False,
    params: type[Any] | None = None,
    wanted: Callable[[], bool] | None = None,
) -> Callable[[Callable[..., Any]], TaskFunction]:
    """Declare a task. The function takes the run's handle first, then keyword-only plain values.

    `steps` are (name, weight) or (name, weight, unit), the weights for the percent; `unique` is "user" (one active
    run a member), "args" (one per member and arguments), a function of (user, **args) that returns a text, or None;
    `quota` is like "10/hour"; `schedule` is a cron line in UTC, and `missed` says what becomes of due times that passed
    while nothing ran: "once" (one run for all of them) or "skip"; `quiet` leaves its runs out of the log and of the
    admins' newest runs; `wanted` is asked by each sweep whether the house has something for the task to do.
    Raises DeclarationError where these make no sense.
    """

    def declare(function: Callable[..., Any]) -> TaskFunction:
        signature = _checked(function)
        declared = Task(
            name=function.__name__,
            function=function,
            title=title,
            unit=unit,
            steps=tuple(steps),
            queue=queue,
            unique=unique,
            quota=_quota(quota),
            retries=retries,
            timeout=timeout,
            stall_after=stall_after,
            keep_days=keep_days,
            visible=visible,
            role=_checked_role(role),
            short=short,
            schedule=_checked_schedule(schedule, signature),
            missed=_checked_missed(missed),
            quiet=quiet,
            params=params,
            wanted=wanted,
            parameters=signature,
        )
        other = _tasks.get(declared.name)
        if other is not None and other.function.__module__ != function.__module__:
            raise DeclarationError(f"Two tasks are called {declared.name!r}; rename one.")
        _tasks[declared.name] = declared

        @functools.wraps(function)
        def start(*args: Any, **kwargs: Any) -> Any:
            from app.engine import runner

            return runner.call(declared, *args, **kwargs)

        start.task = declared  # type: ignore[attr-defined]  # a function that knows its task
        return start  # type: ignore[return-value]

    return declare


def find(name: str) -> Task | None:
    """The task of that name, or None if its code is gone."""
    return _tasks.get(name)


def all_tasks() -> list[Task]:
    """Every declared task by title."""
    return sorted(_tasks.values(), key=lambda task: task.title)


def open_to(user: User) -> list[Task]:
    """The tasks whose buttons a member sees, by title."""
    return [task for task in all_tasks() if task.visible and task.is_open_to(user)]


def _checked(function: Callable[..., Any]) -> inspect.Signature:
    signature = inspect.signature(function)
    name, parameters = function.__name__, list(signature.parameters.values())
    if not parameters:
        raise DeclarationError(f"{name}() must take the run first: def {name}(run).")
    if any(parameter.kind is not inspect.Parameter.KEYWORD_ONLY for parameter in parameters[1:]):
        raise DeclarationError(f"{name}(): arguments after the run must be keyword-only: (run, *, …).")
    return signature


def _quota(quota: str | None) -> tuple[int, int] | None:
    if quota is None:
        return None
    match = _QUOTA.fullmatch(quota)
    if match is None:
        raise DeclarationError(f'quota must look like "10/hour", not {quota!r}.')
    return int(match[1]), _PERIOD_SECONDS[match[2]]


def _checked_schedule(schedule: str | None, signature: inspect.Signature) -> str | None:
    if schedule is None:
        return None
    if len(schedule.split()) != 5 or not croniter.is_valid(schedule):
        raise DeclarationError(f'schedule must be a cron line like "0 9 * * *", not {schedule!r}.')
    try:
        croniter(schedule).get_next()
    except CroniterBadDateError:
        raise DeclarationError(f"schedule must come some day; {schedule!r} never does.") from None
    if any(parameter.default is parameter.empty for parameter in list(signature.parameters.values())[1:]):
        raise DeclarationError("A task with a schedule is started without arguments: give each a default.")
    return schedule


def _checked_missed(missed: str) -> str:
    if missed not in _MISSED:
        raise DeclarationError(f"missed must be one of {_MISSED}, not {missed!r}.")
    return missed


def _checked_role(role: str | None) -> str | None:
    if role not in _ROLES:
        raise DeclarationError(f"role must be one of {_ROLES}, not {role!r}.")
    return role
