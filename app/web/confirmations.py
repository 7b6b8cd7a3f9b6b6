"""Confirming an address: the link's page asks, so that a program that only looks at links confirms nothing."""

import hashlib

from flask import Blueprint, Response, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required

from app.extensions import db, limiter
from app.services import confirmations

bp = Blueprint("confirmations", __name__, url_prefix="/auth/confirm")

TOO_OFTEN = "Three letters an hour are enough. Look among the unwanted ones, or wait a little."


def _member() -> str:
    return f"confirm {current_user.get_id()}"


def _address() -> str:
    return "confirm " + hashlib.sha256(current_user.email.lower().encode()).hexdigest()[:32]


@bp.after_request
def keep_to_itself(response: Response) -> Response:
    """No link passes the address of these pages on."""
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


@bp.post("")
@login_required
@limiter.limit("3 per hour", key_func=_member, error_message=TOO_OFTEN)
@limiter.limit("15 per hour", key_func=_address, error_message=TOO_OFTEN)
def ask() -> ResponseReturnValue:
    confirmations.ask(current_user)
    db.session.commit()
    flash(f"A letter to {current_user.email} is on its way.")
    return redirect(url_for("letters.choice_form"), 303)


@bp.get("/<token>")
def follow(token: str) -> ResponseReturnValue:
    return render_template("confirmations/show.html", member=confirmations.member_of(token), token=token)


@bp.post("/<token>")
def confirm(token: str) -> ResponseReturnValue:
    member = confirmations.confirm(token)
    db.session.commit()
    flash(f"Thank you: {member.email} is confirmed.")
    return redirect(url_for("timeline.home"), 303)
