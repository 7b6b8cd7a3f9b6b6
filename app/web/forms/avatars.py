"""Handing in a picture of oneself."""

from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileRequired

from app.services import avatars


class AvatarForm(FlaskForm):
    """What it is, its content tells: the browser's word for it is not asked."""

    file = FileField(
        "Your picture",
        validators=[FileRequired("Choose a file first.")],
        description=f"A PNG, JPEG, WebP or GIF of at most {avatars.MOST_BYTES // 1024**2} MB. "
        "Its middle is shown, as a square; where and when it was taken is not kept.",
    )
