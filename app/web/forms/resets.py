"""A forgotten password."""

from flask_wtf import FlaskForm
from wtforms import EmailField
from wtforms.validators import DataRequired, Email, Length

from app.web.forms.accounts import new_password_again, new_password_field, stripped


class AskForm(FlaskForm):
    """Where shall the link go?"""

    email = EmailField(
        "Email",
        [DataRequired("Enter the email address of your account."), Length(max=254), Email("That is no email address.")],
        filters=[stripped],
    )


class NewPasswordForm(FlaskForm):
    """The new one, twice."""

    password = new_password_field("New password")
    password2 = new_password_again()
