"""The lists of posts: home and explore."""

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required

from app.services import timeline
from app.services.paging import Cursor
from app.web.forms.posts import PostForm

bp = Blueprint("timeline", __name__)


@bp.get("/index")
@bp.get("/")
@login_required
def home() -> ResponseReturnValue:
    """What the member and those they follow wrote."""
    page = timeline.home(current_user, Cursor.parse(request.args.get("at")))
    return render_template("timeline/home.html", page=page, form=PostForm())


@bp.get("/explore")
@login_required
def explore() -> ResponseReturnValue:
    """What everybody wrote."""
    page = timeline.explore(current_user.id, Cursor.parse(request.args.get("at")))
    return render_template("timeline/explore.html", page=page)
