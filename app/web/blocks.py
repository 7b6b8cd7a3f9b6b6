"""Blocking and muting: asked first, done, undone, and the member's own list of both."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required

from app.extensions import db
from app.models import User
from app.models.block import BLOCK, MUTE
from app.services import blocks, partings, profiles
from app.services.paging import Cursor
from app.web import ways

bp = Blueprint("blocks", __name__)


@bp.get("/profile/blocked")
@login_required
def index() -> ResponseReturnValue:
    """Whom the member blocks and mutes."""
    return render_template(
        "blocks/index.html", page=blocks.turned_from(current_user, Cursor.parse(request.args.get("at")))
    )


@bp.get("/user/<username>/block")
@login_required
def block_form(username: str) -> ResponseReturnValue:
    """Say what it does, and ask."""
    return render_template("blocks/ask.html", member=profiles.find_even_blocked(current_user, username))


@bp.post("/user/<username>/block")
@login_required
def block(username: str) -> ResponseReturnValue:
    """Neither sees the other from now on."""
    member = profiles.find_even_blocked(current_user, username)
    partings.block(current_user, member)
    return _told(member, f"You and {member.username} no longer see each other.")


@bp.post("/user/<username>/unblock")
@login_required
def unblock(username: str) -> ResponseReturnValue:
    """See each other again, unless the other blocks too."""
    member = profiles.find_even_blocked(current_user, username)
    partings.take_back(current_user, member, BLOCK)
    return _told(member, f"You no longer block {member.username}.")


@bp.post("/user/<username>/mute")
@login_required
def mute(username: str) -> ResponseReturnValue:
    """Not to be shown their posts unasked."""
    member = profiles.find_even_blocked(current_user, username)
    partings.mute(current_user, member)
    return _told(member, f"You mute {member.username} now.")


@bp.post("/user/<username>/unmute")
@login_required
def unmute(username: str) -> ResponseReturnValue:
    """Be shown their posts again."""
    member = profiles.find_even_blocked(current_user, username)
    partings.take_back(current_user, member, MUTE)
    return _told(member, f"You no longer mute {member.username}.")


def _told(member: User, sentence: str) -> ResponseReturnValue:
    """Back to the list in which the button was pressed, else to the list of all these."""
    db.session.commit()
    flash(sentence)
    return redirect(ways.back(request.form.get("back") or url_for("blocks.index")), 303)
