"""Clean up: remove what nobody can use any more, every hour."""

from app.engine import Run, task
from app.services import cleaning


@task(
    title="Clean up",
    steps=cleaning.STEPS,
    unique=lambda _by: "everybody",
    visible=False,
    role="admin",
    schedule="17 * * * *",
    keep_days=2,
)
def clean_up(run: Run) -> None:
    """Remove runs and files whose days are over, and what processes that died left behind."""
    for kind in cleaning.KINDS:
        for found in run.step(kind.name).each(kind.found(), atomic=1, key=kind.key):
            run.saved[kind.name] = run.saved.get(kind.name, 0) + kind.remove(found)
    run.result(cleaning.summary(run.saved))
