"""A hashtag's page."""

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required

from app.services import tags
from app.services.paging import Cursor

bp = Blueprint("tags", __name__)


@bp.get("/tag/<tag>")
@login_required
def show(tag: str) -> ResponseReturnValue:
    """The posts that have it."""
    tag = tags.named(tag)
    page = tags.posts(tag, current_user.id, Cursor.parse(request.args.get("at")))
    return render_template("tags/show.html", tag=tag, page=page)
