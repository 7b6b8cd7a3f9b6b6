"""A password was forgotten: find out, away from who asks, whether there is anybody to write to."""

from app.engine import Run, task
from app.services import resets


@task(
    title="Send a reset link",
    queue="microblog-high",
    unique="args",
    visible=False,
    quiet=True,
    keep_days=1 / 24,
)
def send_reset(run: Run, *, email: str) -> None:
    """Write to the member with that address, if there is one."""
    run.once("letter", resets.answer, email, run.id)
