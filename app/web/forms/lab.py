"""What an admin fills in to have something go wrong: the fields that the chosen fault asks for."""

from typing import TYPE_CHECKING, Any

from werkzeug.datastructures import MultiDict
from wtforms import FloatField, Form, IntegerField, SelectField
from wtforms.validators import InputRequired, NumberRange

if TYPE_CHECKING:
    from app.services.lab import Experiment

MOST_ITEMS = 1_000_000


class FaultForm(Form):
    """When the fault comes, how long it lasts, and whether it comes again."""

    at = IntegerField(
        "At item", default=10, validators=[InputRequired(), NumberRange(1, MOST_ITEMS, f"From 1 to {MOST_ITEMS:,}.")]
    )
    seconds = FloatField("Seconds", validators=[InputRequired()])
    often = SelectField("How often", choices=["once", "always"])


def fault_fields(experiment: "Experiment", filled: MultiDict[str, Any] | None = None) -> FaultForm:
    """The form for that fault, empty or as filled in; what it does not ask for is left out."""
    form = FaultForm(filled, prefix="fault", seconds=experiment.seconds[0])
    form.seconds.validators = [InputRequired(), _between(0.01, experiment.seconds[1])]
    for name in ("at", "seconds", "often"):
        if name not in experiment.asks:
            del form[name]
    return form


def _between(least: float, most: float) -> NumberRange:
    return NumberRange(least, most, f"From {least:g} to {most:g} seconds.")
