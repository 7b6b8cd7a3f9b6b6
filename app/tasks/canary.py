"""The canary: once a minute it goes the whole way of a task, from the clock through a queue and a worker, and back."""

from app.engine import Run, task


@task(
    title="Canary",
    unit="songs",
    visible=False,
    role="admin",
    schedule="* * * * *",
    missed="skip",
    quiet=True,
    retries=0,
    keep_days=1 / 24,
)
def canary(run: Run) -> None:
    """Sing, once. How long that takes from the due time on is what anybody's task would wait now."""
    for _song in run.each(range(1)):
        pass
