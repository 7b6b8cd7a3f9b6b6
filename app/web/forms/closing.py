"""Closing one's account."""

from flask_wtf import FlaskForm
from wtforms import PasswordField
from wtforms.validators import DataRequired


class CloseForm(FlaskForm):
    """Is it you who asks?"""

    password = PasswordField("Your password", [DataRequired("Enter your password.")])
