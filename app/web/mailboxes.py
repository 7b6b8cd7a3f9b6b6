"""Changing one's address: asking for a link, and following it, signed in."""

import hashlib

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required

from app.errors import Conflict, Invalid
from app.extensions import db, limiter
from app.services import accounts, mailboxes
from app.web.forms.mailboxes import AddressForm

bp = Blueprint("mailboxes", __name__, url_prefix="/profile/address")

ASKED = "A letter is on its way to {}. Follow the link in it within a day: until then nothing changes."
TOO_OFTEN = "That was too often. Wait an hour, then try again."


def _member() -> str:
    return f"new address {current_user.get_id()}"


def _address() -> str:
    email = accounts.as_kept(request.form.get("email", "").strip())
    return "new address " + hashlib.sha256(email.lower().encode()).hexdigest()[:32]


def _is_asked(response: Response) -> bool:
    """Who mistypes the password has had no letter written."""
    return response.status_code == 303


@bp.after_request
def keep_to_itself(response: Response) -> Response:
    """The address of these pages holds a link: no cache keeps it, and no link passes it on."""
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


@bp.get("")
@login_required
def ask_form() -> ResponseReturnValue:
    return _page(AddressForm())


@bp.post("")
@login_required
@limiter.limit("10 per hour", key_func=_member, error_message=TOO_OFTEN)
@limiter.limit("5 per hour", key_func=_address, deduct_when=_is_asked, error_message=TOO_OFTEN)
def ask() -> ResponseReturnValue:
    form = AddressForm()
    if not form.validate():
        return _page(form), 422
    try:
        mailboxes.ask(current_user, form.email.data or "", form.password.data or "")
    except Invalid as refused:
        form.password.errors = [refused.message]
        return _page(form), 422
    except Conflict as refused:
        form.email.errors = [refused.message]
        return _page(form), 422
    db.session.commit()
    flash(ASKED.format(form.email.data))
    return redirect(url_for("mailboxes.ask_form"), 303)


@bp.get("/<token>")
@login_required
def follow(token: str) -> ResponseReturnValue:
    address = mailboxes.address_in(token, current_user)
    return render_template("mailboxes/show.html", address=address, token=token)


@bp.post("/<token>")
@login_required
def change(token: str) -> ResponseReturnValue:
    mailboxes.change(token, current_user)
    db.session.commit()
    flash(f"Letters come to {current_user.email} from now on.")
    return redirect(url_for("letters.choice_form"), 303)


def _page(form: AddressForm) -> str:
    return render_template("mailboxes/ask.html", form=form)
