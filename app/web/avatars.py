"""Members' pictures: the files, handing one in, and going back to the drawn one."""

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required

from app.errors import Invalid
from app.extensions import db, limiter
from app.models import User
from app.services import avatars
from app.web.forms.avatars import AvatarForm
from app.web.forms.profiles import ProfileForm
from app.web.static import FOR_EVER_SECONDS

bp = Blueprint("avatars", __name__)
TOO_OFTEN = "That was too often. Your picture can be changed again in a while."


def _member() -> str:
    return str(current_user.get_id())


def avatar_url(member: User, side: int) -> str:
    """Where the member's picture lies, for pages that show it `side` pixels wide; the address is good for ever."""
    if member.avatar_mark is None:
        return url_for("avatars.drawn", mark=avatars.fingerprint(member.username))
    kept = avatars.SMALL if side * 2 <= avatars.SMALL else avatars.LARGE
    return url_for("avatars.kept", picture=member.avatar_mark, side=kept)


@bp.get("/avatars/<mark>.svg")
def drawn(mark: str) -> Response:
    """The picture that belongs to a name's fingerprint."""
    drawing = avatars.drawing(mark)
    if drawing is None:
        abort(404)
    return _for_ever(Response(drawing, mimetype="image/svg+xml"), mark)


@bp.get("/avatars/<picture>/<int:side>.webp")
def kept(picture: str, side: int) -> Response:
    """A picture that was handed in, by its mark."""
    found = avatars.read(picture, side)
    if found is None:
        abort(404)
    return _for_ever(Response(found, mimetype="image/webp"), f"{picture}-{side}")


@bp.post("/profile/avatar")
@login_required
@limiter.limit("30 per hour", key_func=_member, error_message=TOO_OFTEN)
def change() -> ResponseReturnValue:
    """Show this one from now on."""
    form = AvatarForm()
    if not form.validate():
        return _page(form), 422
    try:
        before = avatars.keep(current_user, form.file.data.stream)
    except Invalid as refusal:
        form.file.errors = [refusal.message]
        return _page(form), 422
    return _done(before, "Your picture is changed.")


@bp.post("/profile/avatar/remove")
@login_required
def remove() -> ResponseReturnValue:
    """Back to the drawn one."""
    return _done(avatars.drop(current_user), "Your picture is the drawn one again.")


def _done(before: str | None, sentence: str) -> ResponseReturnValue:
    db.session.commit()
    avatars.remove(before)
    flash(sentence)
    return redirect(url_for("profiles.edit_form"), 303)


def _page(form: AvatarForm) -> str:
    return render_template("profiles/edit.html", form=ProfileForm(current_user, formdata=None), picture=form)


def _for_ever(response: Response, etag: str) -> Response:
    response.cache_control.public = True
    response.cache_control.max_age = FOR_EVER_SECONDS
    response.cache_control.immutable = True
    response.set_etag(etag)
    response.make_conditional(request)
    return response
