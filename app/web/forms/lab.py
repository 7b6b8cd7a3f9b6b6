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
    label, seconds, most = experiment.seconds
    form = FaultForm(filled, prefix="fault", seconds=seconds)
    form.seconds.label.text = label
    form.seconds.validators = [InputRequired(), NumberRange(0.01, most, f"From 0.01 to {most:g} seconds.")]
    for name in ("at", "seconds", "often"):
        if name not in experiment.asks:
            del form[name]
    return form
