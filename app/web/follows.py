"""Who follows a member, and whom they follow."""

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required

from app.models import User
from app.services import follows, profiles
from app.services.paging import Cursor, Page

bp = Blueprint("follows", __name__, url_prefix="/user/<username>")


@bp.get("/followers")
@login_required
def followers(username: str) -> ResponseReturnValue:
    """Who came last first."""
    member = profiles.find_for(current_user, username)
    return _page(member, follows.followers(member, current_user.id, Cursor.parse(request.args.get("at"))), "followers")


@bp.get("/following")
@login_required
def following(username: str) -> ResponseReturnValue:
    """The newest choice first."""
    member = profiles.find_for(current_user, username)
    return _page(member, follows.following(member, current_user.id, Cursor.parse(request.args.get("at"))), "following")


def _page(member: User, page: Page[User], kind: str) -> str:
    followed = follows.followed_among(current_user, page.items)
    return render_template(f"follows/{kind}.html", member=member, page=page, followed=followed)
