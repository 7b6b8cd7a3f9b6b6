"""Closing one's account, and keeping it after all."""

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required

from app.errors import Invalid
from app.extensions import db, limiter
from app.services import closing
from app.web.forms.closing import CloseForm

bp = Blueprint("closing", __name__, url_prefix="/profile")

TOO_OFTEN = "That was too often. Wait an hour, then try again."


def _member() -> str:
    return f"close {current_user.get_id()}"


@bp.get("/close")
@login_required
def ask_form() -> ResponseReturnValue:
    return _page(CloseForm())


@bp.post("/close")
@login_required
@limiter.limit("10 per hour", key_func=_member, error_message=TOO_OFTEN)
def ask() -> ResponseReturnValue:
    form = CloseForm()
    if not form.validate():
        return _page(form), 422
    try:
        closing.ask(current_user, form.password.data or "")
    except Invalid as refused:
        form.password.errors = [refused.message]
        return _page(form), 422
    db.session.commit()
    return redirect(url_for("closing.ask_form"), 303)


@bp.post("/keep")
@login_required
def keep() -> ResponseReturnValue:
    closing.keep(current_user)
    db.session.commit()
    flash("Your account stays.")
    return redirect(url_for("profiles.edit_form"), 303)


def _page(form: CloseForm) -> str:
    return render_template("closing/ask.html", form=form, days=closing.ENDS_AFTER.days)
