"""Writing a message."""

from flask_wtf import FlaskForm
from wtforms import TextAreaField
from wtforms.validators import ValidationError

from app.errors import Invalid
from app.services import messages


class MessageForm(FlaskForm):
    """A message to one member."""

    body = TextAreaField("Your message")

    def validate_body(self, field: TextAreaField) -> None:
        """The product's own rule, told beside the field."""
        try:
            messages.checked(field.data or "")
        except Invalid as refusal:
            raise ValidationError(refusal.message) from None
