"""Signing in and registering."""

from flask_wtf import FlaskForm
from wtforms import BooleanField, EmailField, PasswordField, StringField
from wtforms.validators import DataRequired, Email, EqualTo, Length, Regexp, ValidationError

from app.security import passwords
from app.services import accounts

USERNAME_RULES = (
    DataRequired("Choose a username."),
    Length(max=64, message="At most 64 characters."),
    Regexp(rf"{accounts.USERNAME.pattern}\Z", message="Letters, digits, dots, hyphens and underscores only."),
)


def stripped(value: str | None) -> str | None:
    """Without the blanks that a paste or a phone's keyboard leaves around it."""
    return value.strip() if value else value


def new_password_field(label: str) -> PasswordField:
    """A password that is chosen."""
    length = f"Between {passwords.MIN_LENGTH} and {passwords.MAX_LENGTH} characters."
    return PasswordField(
        label,
        [DataRequired("Choose a password."), Length(passwords.MIN_LENGTH, passwords.MAX_LENGTH, length)],
        description=f"At least {passwords.MIN_LENGTH} characters; a few words are better than one clever one.",
    )


def new_password_again() -> PasswordField:
    """The same once more."""
    return PasswordField(
        "Password again", [DataRequired("Type it once more."), EqualTo("password", "The passwords differ.")]
    )


class LoginForm(FlaskForm):
    """Who are you?"""

    username = StringField("Username", [DataRequired("Enter your username."), Length(max=64)], filters=[stripped])
    password = PasswordField("Password", [DataRequired("Enter your password.")])
    remember_me = BooleanField("Keep me signed in")


class RegistrationForm(FlaskForm):
    """A new member. A name that is taken is told, for names are public; whose address it is the form never asks."""

    username = StringField("Username", USERNAME_RULES, filters=[stripped])
    email = EmailField(
        "Email",
        [DataRequired("Enter your email address."), Length(max=254), Email("That is no email address.")],
        filters=[stripped],
    )
    password = new_password_field("Password")
    password2 = new_password_again()

    def validate_username(self, field: StringField) -> None:
        """Names are taken in every case."""
        if accounts.is_name_taken(field.data or ""):
            raise ValidationError("Somebody else has that username.")
