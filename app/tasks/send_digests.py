"""Digests: every quarter of an hour, for whoever's clock shows the hour they chose."""

from datetime import datetime

from app import clock
from app.engine import Run, task
from app.services import digests, letters


@task(
    title="Send digests",
    unit="members",
    unique=lambda _by: "everybody",
    visible=False,
    role="admin",
    schedule="*/15 * * * *",
    quiet=True,
    keep_days=7,
)
def send_digests(run: Run) -> None:
    """Write a digest to every member whose time has come, if whom they follow have written something."""
    until = datetime.fromisoformat(run.saved.setdefault("until", clock.stamp(clock.now())))
    post = run.gather(letters.post)
    for choice, member in run.each(digests.due(until)):
        letter = digests.write(choice, member, until)
        if letter is None:
            run.skip()
        else:
            post(letter)
