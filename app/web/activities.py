"""The notifications page: what concerns the member, newest first. The poll is notifications.py's."""

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required

from app.extensions import db
from app.services import activities, activity_lines
from app.services.paging import Cursor
from app.web import ways

bp = Blueprint("activities", __name__, url_prefix="/notifications")


@bp.get("/all")
@login_required
def index() -> ResponseReturnValue:
    """What happened; a badge that says otherwise is mended."""
    page = activity_lines.page(current_user, Cursor.parse(request.args.get("at")))
    if activities.mend(current_user):
        db.session.commit()
    return render_template("activities/index.html", page=page)


@bp.post("/all/read")
@login_required
def read_all() -> ResponseReturnValue:
    """Everything up to what the page showed: what came since is still news."""
    activities.read_all(current_user, Cursor.parse(request.form.get("until")))
    db.session.commit()
    return redirect(url_for("activities.index"), 303)


@bp.post("/<int(max=2147483647):activity_id>/read")
@login_required
def read(activity_id: int) -> ResponseReturnValue:
    """One line of the page, with all that is told in it."""
    activities.read(current_user, activity_id)
    db.session.commit()
    return redirect(ways.back(request.form.get("back", "")), 303)
