"""Remind: once a day, write to members of what they would be sorry to miss."""

from app.engine import Run, task
from app.services import letters, reminders


@task(
    title="Send reminders",
    unit="letters",
    steps=reminders.STEPS,
    unique=lambda _by: "everybody",
    visible=False,
    role="admin",
    schedule="0 8 * * *",
    keep_days=7,
)
def send_reminders(run: Run) -> None:
    """Write to members whose files or accounts are about to go, and to those who were away for a month."""
    write = run.gather(letters.post)
    for kind in reminders.KINDS:
        for found in run.step(kind.name).each(kind.found()):
            letter = kind.letter(found)
            if letter is None:
                run.skip()
            else:
                write(letter)
