"""A member's page, following them, and one's own profile."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required

from app.extensions import db
from app.models import Post, User
from app.services import blocks, follows, paging, posts, profiles
from app.services.paging import Cursor
from app.web import ways
from app.web.forms.avatars import AvatarForm
from app.web.forms.profiles import ProfileForm

bp = Blueprint("profiles", __name__)


@bp.get("/user/<username>")
@login_required
def show(username: str) -> ResponseReturnValue:
    """Who they are and what they wrote."""
    member = profiles.find_even_blocked(current_user, username)
    page = paging.read(posts.written_by(member, current_user.id), Post, Cursor.parse(request.args.get("at")))
    return render_template(
        "profiles/show.html",
        member=member,
        page=page,
        is_followed=follows.is_following(current_user, member),
        between=blocks.between(current_user.id, member.id),
    )


@bp.get("/user/<username>/popover")
@login_required
def popover(username: str) -> ResponseReturnValue:
    """Who they are, in short: a part of a page, shown beside their name."""
    member = profiles.find_for(current_user, username)
    is_followed = follows.is_following(current_user, member)
    return render_template("profiles/popover.html", member=member, is_followed=is_followed)


@bp.post("/user/<username>/follow")
@login_required
def follow(username: str) -> ResponseReturnValue:
    """See their posts at home."""
    member = profiles.find_for(current_user, username)
    follows.follow(current_user, member)
    db.session.commit()
    flash(f"You follow {member.username} now.")
    return redirect(_back(member), 303)


@bp.post("/user/<username>/unfollow")
@login_required
def unfollow(username: str) -> ResponseReturnValue:
    """Stop seeing their posts at home."""
    member = profiles.find_for(current_user, username)
    follows.unfollow(current_user, member)
    db.session.commit()
    flash(f"You no longer follow {member.username}.")
    return redirect(_back(member), 303)


@bp.get("/profile/edit")
@login_required
def edit_form() -> ResponseReturnValue:
    """One's own profile as it is, to change."""
    return render_template("profiles/edit.html", form=ProfileForm(current_user), picture=AvatarForm())


@bp.post("/profile/edit")
@login_required
def edit() -> ResponseReturnValue:
    """Keep the changes."""
    form = ProfileForm(current_user)
    if not form.validate():
        return render_template("profiles/edit.html", form=form, picture=AvatarForm(formdata=None)), 422
    profiles.edit(current_user, form.username.data or "", form.said)
    db.session.commit()
    flash("Your profile is changed.")
    return redirect(url_for("profiles.show", username=current_user.username), 303)


def _back(member: User) -> str:
    """To the list in which the button was pressed, else to the member's page."""
    return ways.back(request.form.get("back") or url_for("profiles.show", username=member.username))
