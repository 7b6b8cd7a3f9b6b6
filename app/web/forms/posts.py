"""Writing a post."""

from flask_wtf import FlaskForm
from wtforms import TextAreaField
from wtforms.validators import ValidationError

from app.errors import Invalid
from app.services import posts


class PostForm(FlaskForm):
    """What is new?"""

    body = TextAreaField("What is on your mind?")

    def validate_body(self, field: TextAreaField) -> None:
        """The product's own rule, told beside the field."""
        try:
            posts.checked(field.data or "")
        except Invalid as refusal:
            raise ValidationError(refusal.message) from None
