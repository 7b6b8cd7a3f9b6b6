"""Deliver: the house's own task that empties the outbox of letters, on the queue for short things."""

from app.engine import Run, task
from app.services import delivery


@task(
    title="Deliver letters",
    unit="letters",
    queue="microblog-high",
    unique=lambda _by: "house",
    wanted=delivery.is_wanted,
    visible=False,
    short=True,
    quiet=True,
    keep_days=1,
)
def deliver_letters(run: Run) -> None:
    """Hand what is due to its channel, letter by letter, until nothing is due."""
    with delivery.Postman(run.id) as postman:
        for _number, letter in run.each(enumerate(postman.letters(), run.done), key=lambda pair: pair[0]):
            postman.deliver(letter)
        run.result(postman.summary())
