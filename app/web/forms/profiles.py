"""Changing what a profile says."""

from typing import Any

from flask_wtf import FlaskForm
from wtforms import StringField, TextAreaField
from wtforms.validators import ValidationError

from app.models import User
from app.services import accounts, profiles, texts
from app.web.forms.accounts import USERNAME_RULES, stripped


class ProfileForm(FlaskForm):
    """Who I am."""

    username = StringField("Username", USERNAME_RULES, filters=[stripped])
    about_me = TextAreaField("About me", description=f"At most {profiles.ABOUT_MAX_LENGTH} characters.")

    def __init__(self, member: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, obj=member, **kwargs)
        self._member = member

    def validate_username(self, field: StringField) -> None:
        """Another member's name is taken; one's own, in another case too, is not."""
        other = accounts.named(field.data or "")
        if other is not None and other.id != self._member.id:
            raise ValidationError("Somebody else has that username.")

    def validate_about_me(self, field: TextAreaField) -> None:
        """Counted as a person counts."""
        about = texts.clean(field.data or "")
        is_long = texts.length(about) > profiles.ABOUT_MAX_LENGTH or len(about) > profiles.ABOUT_MAX_CODE_POINTS
        if is_long:
            raise ValidationError(f"At most {profiles.ABOUT_MAX_LENGTH} characters.")
