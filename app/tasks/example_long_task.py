"""The task that only sleeps, and says so: ten steps, one a second."""

from app.engine import Run, task


@task(title="Example long task", unit="steps", unique="user")
def example_long_task(run: Run) -> None:
    """Sleep for ten seconds, one at a time: the smallest task there is to watch."""
    for _step in run.each(range(10)):
        run.sleep(1)
