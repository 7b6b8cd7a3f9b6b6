"""Handing in a file to import."""

from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileRequired

from app.services.imports import limits


class UploadForm(FlaskForm):
    """The zip that our export makes, or the tutorial's own JSON."""

    file = FileField(
        "Archive",
        validators=[FileRequired("Choose a file first.")],
        description=f"A zip or a JSON file of at most {limits.UPLOAD_BYTES // 1024**3} GB.",
    )
