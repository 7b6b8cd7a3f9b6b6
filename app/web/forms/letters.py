"""Which letters a member wants, and how they want to be told of what concerns them."""

from flask_wtf import FlaskForm
from wtforms import BooleanField, SelectField, SelectMultipleField
from wtforms.fields import SelectChoice

from app import languages
from app.models.letter_choice import DAILY, NEVER, WEEKLY
from app.services import activity_choices, letter_choices


class ActivityForm(FlaskForm):
    """What to be told of on the page, and what by letter: the kinds that are ticked."""

    on_page = SelectMultipleField("On the page", choices=[SelectChoice(kind) for kind in activity_choices.LABELS])
    by_letter = SelectMultipleField("By letter", choices=[SelectChoice(kind) for kind in activity_choices.WITH_LETTER])

    def choices(self) -> dict[str, activity_choices.Choice]:
        """Every kind's choice."""
        on_page, by_letter = self.on_page.data or (), self.by_letter.data or ()
        return {kind: activity_choices.Choice(kind in on_page, kind in by_letter) for kind in activity_choices.LABELS}


class ChoiceForm(FlaskForm):
    """In which language, how often, when, and what about."""

    language = SelectField(
        "Letters are written in", choices=[SelectChoice(code, name) for code, name in languages.known().items()]
    )
    digest = SelectField(
        "Digest of what was written by whom I follow",
        choices=[SelectChoice(*each) for each in ((NEVER, "Never"), (DAILY, "Every day"), (WEEKLY, "On Mondays"))],
    )
    digest_hour = SelectField("At", coerce=int, choices=[SelectChoice(hour, f"{hour:02}:00") for hour in range(24)])
    time_zone = SelectField(
        "Where I live", choices=lambda: [SelectChoice(name) for name in letter_choices.time_zones()]
    )
    tells_of_runs = BooleanField("A letter when a task of mine that took over two minutes has ended")
