"""A forgotten password: asking for a link, and following it."""

import hashlib

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.extensions import db, limiter
from app.services import accounts, resets
from app.web.forms.resets import AskForm, NewPasswordForm

bp = Blueprint("resets", __name__, url_prefix="/auth/reset")

ASKED = "If there is an account with that address, a letter with a link is on its way to it."
TOO_OFTEN = "Too many links were asked for. Wait an hour, then try again."


@bp.after_request
def keep_to_itself(response: Response) -> Response:
    """The address of these pages opens an account: no cache keeps it, and no link passes it on."""
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def _address() -> str:
    email = accounts.as_kept(request.form.get("email", "").strip())
    return hashlib.sha256(email.lower().encode()).hexdigest()[:32]


@bp.get("")
def ask_form() -> ResponseReturnValue:
    return render_template("resets/ask.html", form=AskForm())


@bp.post("")
@limiter.limit("30 per hour", error_message=TOO_OFTEN)
@limiter.limit("5 per hour", key_func=_address, error_message=TOO_OFTEN)
def ask() -> ResponseReturnValue:
    form = AskForm()
    if not form.validate():
        return render_template("resets/ask.html", form=form), 422
    resets.ask(form.email.data or "")
    db.session.commit()
    flash(ASKED)
    return redirect(url_for("accounts.login"), 303)


@bp.get("/<token>")
def follow(token: str) -> ResponseReturnValue:
    member = resets.member_of(token)
    return render_template("resets/new_password.html", form=NewPasswordForm(), member=member)


@bp.post("/<token>")
def finish(token: str) -> ResponseReturnValue:
    member, form = resets.member_of(token), NewPasswordForm()
    if not form.validate():
        return render_template("resets/new_password.html", form=form, member=member), 422
    resets.finish(token, form.password.data or "")
    db.session.commit()
    flash("You have a new password: sign in with it. You were signed out everywhere else.")
    return redirect(url_for("accounts.login"), 303)
