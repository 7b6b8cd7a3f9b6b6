"""A run's steps after a deploy: its cursor counts them by their place, so those behind it must still be the same.

What comes after the step in hand may change as it likes, and so may everything while nothing is done.
"""

from app.engine.registry import Task
from app.models import Run

_TRACES = ("each", "files", "reported")


def fit(row: Run, task: Task) -> bool:
    """True if the run can go on from its cursor in the task as it is declared now."""
    names = task.step_names
    known: list[str] = row.cursor.get("steps", names)
    count = _count_behind(row, len(known))
    return known[:count] == names[:count]


def take_up(row: Run, task: Task) -> None:
    """Note the steps of a run that fits, for its card and for the next claim to compare with."""
    names = task.step_names
    row.cursor = {**row.cursor, "steps": names}
    row.step_count = len(names)
    row.step_name = names[min(row.step_index, len(names) - 1)]


def _count_behind(row: Run, all_of_them: int) -> int:
    """How many steps its cursor speaks of, the one in hand included; a retry of failed items speaks of all."""
    if row.retry_of is not None:
        return all_of_them
    return row.step_index + 1 if any(trace in row.cursor for trace in _TRACES) else 0
