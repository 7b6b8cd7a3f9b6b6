"""Changing one's address."""

from flask_wtf import FlaskForm
from wtforms import EmailField, PasswordField
from wtforms.validators import DataRequired, Email, Length

from app.web.forms.accounts import stripped


class AddressForm(FlaskForm):
    """Where shall letters come, and is it you who asks?"""

    email = EmailField(
        "New email",
        [DataRequired("Enter your new email address."), Length(max=254), Email("That is no email address.")],
        filters=[stripped],
    )
    password = PasswordField("Your password", [DataRequired("Enter your password.")])
