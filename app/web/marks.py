"""Liking and bookmarking posts, and the member's own bookmarks."""

from collections.abc import Sequence

from flask import Blueprint, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required

from app.extensions import db
from app.models import Post
from app.models.mark import BOOKMARK, LIKE
from app.services import marks, posts
from app.services.marks import Shown
from app.services.paging import Cursor
from app.web import ways
from app.web.posts import POST_ID

bp = Blueprint("marks", __name__)


@bp.app_context_processor
def marks_on() -> dict[str, object]:
    """`marks_on(posts)`: asked for by the lists that show them, once a list."""

    def on(shown: Sequence[Post]) -> Shown:
        return marks.shown(current_user, shown)

    return {"marks_on": on}


@bp.get("/bookmarks")
@login_required
def bookmarks() -> ResponseReturnValue:
    """What the member wants to find again."""
    page = marks.bookmarked(current_user, Cursor.parse(request.args.get("at")))
    return render_template("marks/bookmarks.html", page=page)


@bp.post(f"/posts/{POST_ID}/like")
@login_required
def like(id: int) -> ResponseReturnValue:
    """Say that it is good."""
    return _put(id, LIKE)


@bp.post(f"/posts/{POST_ID}/unlike")
@login_required
def unlike(id: int) -> ResponseReturnValue:
    """Say so no longer."""
    return _take_back(id, LIKE)


@bp.post(f"/posts/{POST_ID}/bookmark")
@login_required
def bookmark(id: int) -> ResponseReturnValue:
    """Keep it in one's own list."""
    return _put(id, BOOKMARK)


@bp.post(f"/posts/{POST_ID}/unbookmark")
@login_required
def unbookmark(id: int) -> ResponseReturnValue:
    """Drop it from the list."""
    return _take_back(id, BOOKMARK)


def _put(id: int, kind: str) -> ResponseReturnValue:
    marks.put(current_user, posts.find(id, current_user.id), kind)
    return _back_to(id)


def _take_back(id: int, kind: str) -> ResponseReturnValue:
    marks.take_back(current_user, posts.find(id, current_user.id), kind)
    return _back_to(id)


def _back_to(id: int) -> ResponseReturnValue:
    """To the list the member looked at, at the same post."""
    db.session.commit()
    return redirect(f"{ways.back(request.form.get('back', ''))}#post-{id}", 303)
