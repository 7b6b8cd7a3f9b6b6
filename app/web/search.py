"""The search page: people and posts."""

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required

from app.services import search

bp = Blueprint("search", __name__)
MOST_POST_ID = 2**31 - 1


@bp.get("/search")
@login_required
def index() -> ResponseReturnValue:
    """What was found, or what can be asked."""
    question = request.args.get("q", "")
    before = request.args.get("before", type=_post_id)
    return render_template(
        "search/index.html",
        question=question,
        people=search.people(question, current_user.id) if before is None else [],
        found=search.posts(question, current_user.id, before),
    )


def _post_id(text: str) -> int:
    """Raises ValueError, which asks for the first page, also for a number that no database keeps."""
    number = int(text)
    if not 0 < number <= MOST_POST_ID:
        raise ValueError(text)
    return number
