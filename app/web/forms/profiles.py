"""Changing what a profile says."""

from typing import Any

from flask_wtf import FlaskForm
from wtforms import Field, StringField, TextAreaField
from wtforms.validators import ValidationError

from app.errors import Invalid
from app.models import User
from app.services import accounts, profiles
from app.services.profiles import Said
from app.web.forms.accounts import USERNAME_RULES, stripped


class ProfileForm(FlaskForm):
    """Who I am."""

    name = StringField("Name", description="What people call you; without one your username is shown.")
    username = StringField("Username", USERNAME_RULES, filters=[stripped])
    about_me = TextAreaField("About me", description=f"At most {profiles.ABOUT_MAX_LENGTH} characters.")
    place = StringField("Where I am")
    link = StringField("A page of mine", description="Like https://example.org/me")

    def __init__(self, member: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, obj=member, **kwargs)
        self._member = member

    @property
    def said(self) -> Said:
        """All of it but the username."""
        return Said(**{name: self[name].data or "" for name in ("name", "about_me", "place", "link")})

    def validate_username(self, field: StringField) -> None:
        """Another member's name is taken; one's own, in another case too, is not."""
        other = accounts.named(field.data or "")
        if other is not None and other.id != self._member.id:
            raise ValidationError("Somebody else has that username.")

    def validate_name(self, field: Field) -> None:
        """The product's own rules, told beside the field."""
        _check(field)

    validate_about_me = validate_place = validate_link = validate_name


def _check(field: Field) -> None:
    try:
        profiles.checked(Said(**{field.name: field.data or ""}))
    except Invalid as refusal:
        raise ValidationError(refusal.message) from None
