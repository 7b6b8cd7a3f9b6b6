"""Writing a post."""

from flask_wtf import FlaskForm
from wtforms import SelectField, TextAreaField
from wtforms.fields import SelectChoice
from wtforms.validators import ValidationError

from app.errors import Invalid
from app.models import Post
from app.models.post import PUBLIC
from app.services import posts


class PostForm(FlaskForm):
    """What is new, and who may see it; `post` is the one to change, which stays as visible as it is unless asked."""

    body = TextAreaField("What is on your mind?")
    visibility = SelectField("Who may see it", default=PUBLIC)

    def __init__(self, post: Post | None = None) -> None:
        super().__init__(obj=post)
        choices = [SelectChoice(*each) for each in posts.visibilities(post).items()]
        self.visibility.choices = choices

    def validate_body(self, field: TextAreaField) -> None:
        """The product's own rule, told beside the field."""
        try:
            posts.checked(field.data or "")
        except Invalid as refusal:
            raise ValidationError(refusal.message) from None
