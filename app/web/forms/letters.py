"""Which letters a member wants."""

from flask_wtf import FlaskForm
from wtforms import BooleanField, SelectField
from wtforms.fields import SelectChoice

from app.models.letter_choice import DAILY, NEVER, WEEKLY
from app.services import letter_choices


class ChoiceForm(FlaskForm):
    """How often, when, and what about."""

    digest = SelectField(
        "Digest of what was written by whom I follow",
        choices=[SelectChoice(*each) for each in ((NEVER, "Never"), (DAILY, "Every day"), (WEEKLY, "On Mondays"))],
    )
    digest_hour = SelectField("At", coerce=int, choices=[SelectChoice(hour, f"{hour:02}:00") for hour in range(24)])
    time_zone = SelectField(
        "Where I live", choices=lambda: [SelectChoice(name) for name in letter_choices.time_zones()]
    )
    tells_of_runs = BooleanField("A letter when a task of mine that took over two minutes has ended")
