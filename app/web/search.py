"""The search page: people and posts."""

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required

from app.services import search
from app.web.ids import row_id

bp = Blueprint("search", __name__)


@bp.get("/search")
@login_required
def index() -> ResponseReturnValue:
    """What was found, or what can be asked."""
    question = request.args.get("q", "")
    before = request.args.get("before", type=row_id)
    return render_template(
        "search/index.html",
        question=question,
        people=search.people(question, current_user.id) if before is None else [],
        found=search.posts(question, current_user.id, before),
    )
