"""Writing a post."""

from flask_wtf import FlaskForm
from wtforms import SelectField, TextAreaField
from wtforms.fields import SelectChoice
from wtforms.validators import ValidationError

from app.errors import Invalid
from app.models import Post
from app.services import posts


class PostForm(FlaskForm):
    """What is new, and who may see it.

    `post` is the one to change, which stays as visible as it is unless asked; `reply_to` the one to answer.
    """

    body = TextAreaField("What is on your mind?")
    visibility = SelectField("Who may see it")

    def __init__(self, post: Post | None = None, reply_to: Post | None = None) -> None:
        choices = posts.visibilities(post, reply_to)
        super().__init__(obj=post, data={"visibility": next(iter(choices))})
        self.visibility.choices = [SelectChoice(*each) for each in choices.items()]

    def validate_body(self, field: TextAreaField) -> None:
        """The product's own rule, told beside the field."""
        try:
            posts.checked(field.data or "")
        except Invalid as refusal:
            raise ValidationError(refusal.message) from None
