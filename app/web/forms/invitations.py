"""Inviting somebody."""

from flask_wtf import FlaskForm
from wtforms import EmailField
from wtforms.validators import DataRequired, Email, Length

from app.web.forms.accounts import stripped


class InviteForm(FlaskForm):
    """Whom?"""

    email = EmailField(
        "Their email",
        [DataRequired("Enter an email address."), Length(max=254), Email("That is no email address.")],
        filters=[stripped],
    )
