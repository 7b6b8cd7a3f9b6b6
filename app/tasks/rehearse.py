"""Rehearsal: the fault lab's own task. It changes nothing, and its items may fail one by one."""

from wtforms import FloatField, Form, IntegerField
from wtforms.validators import NumberRange

from app.engine import Run, task


class RehearsalForm(Form):
    """How much there is to do, and how long it takes."""

    count = IntegerField("Items", default=40, validators=[NumberRange(1, 100_000, "From 1 to 100,000 items.")])
    seconds = FloatField("Seconds per item", default=0.25, validators=[NumberRange(0, 10, "From 0 to 10 seconds.")])


@task(title="Rehearsal", unit="items", unique=None, visible=False, role="admin", params=RehearsalForm)
def rehearse(run: Run, *, count: int = 40, seconds: float = 0.25) -> None:
    """Do nothing, item by item, while something goes wrong."""
    for number in run.each(range(count)):
        with run.item(number + 1):
            run.sleep(seconds)
