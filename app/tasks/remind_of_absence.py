"""Remind of absence: once a day, who has not been here for a month."""

from app.engine import Run, task
from app.services import letters, reminders


@task(
    title="Remind of absence",
    unit="letters",
    unique=lambda _by: "everybody",
    visible=False,
    role="admin",
    schedule="30 8 * * *",
    missed="skip",
    keep_days=7,
)
def remind_of_absence(run: Run) -> None:
    """Write to members who were away for a month, once, if whom they follow have written something."""
    write = run.gather(letters.post)
    for member in run.each(reminders.members_long_away()):
        letter = reminders.of_absence(member)
        if letter is None:
            run.skip()
        else:
            write(letter)
