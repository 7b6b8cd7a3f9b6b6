"""How the engine stops a task. All derive from BaseException: a task's own `except Exception` cannot swallow them."""


class Stop(BaseException):
    """Leave the task's body now; what is committed stays, what is not is rolled back."""


class Cancelled(Stop):
    """Its owner pressed Cancel."""


class Yield(Stop):
    """The worker is shutting down; the run goes on elsewhere, at its cursor."""


class LeaseLost(Stop):
    """Another claim has the run, or the engine gave this one up: nothing may be written any more."""


class TimedOut(Stop):
    """The attempt took longer than the task's `timeout`."""


class CommitInTask(RuntimeError):
    """A task called `db.session.commit()`; the engine commits, with the cursor. The message names the line."""


class RollbackInTask(RuntimeError):
    """A task rolled back or removed the session: finished items of the batch are gone. The message names the line."""


class ArgumentsTooLarge(ValueError):
    """A run's arguments are over 8 KB of JSON: pass ids, not things."""
