"""Remind of files: once a day, whose files are about to be removed."""

from app.engine import Run, task
from app.services import letters, reminders


@task(
    title="Remind of files",
    unit="letters",
    unique=lambda _by: "everybody",
    visible=False,
    role="admin",
    schedule="0 8 * * *",
    keep_days=7,
)
def remind_of_files(run: Run) -> None:
    """Write to members whose exports will be removed within two days, and who have not looked at them."""
    write = run.gather(letters.post)
    for found in run.each(reminders.files_about_to_go()):
        letter = reminders.of_files(found)
        if letter is None:
            run.skip()
        else:
            write(letter)
