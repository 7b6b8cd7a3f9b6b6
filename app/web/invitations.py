"""Inviting somebody by letter."""

from http import HTTPStatus

from flask import Blueprint, Response, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required

from app.extensions import db, limiter
from app.services import invitations
from app.web.forms.invitations import InviteForm

bp = Blueprint("invitations", __name__, url_prefix="/invite")


def _member() -> str:
    return f"invite {current_user.get_id()}"


def _asked(response: Response) -> bool:
    return response.status_code == HTTPStatus.SEE_OTHER


@bp.get("")
@login_required
def form() -> ResponseReturnValue:
    return _page(InviteForm())


# Counts what the service does not, a member's address: else the sixth asking would tell whose the others are.
@bp.post("")
@login_required
@limiter.limit(f"{invitations.A_DAY} per day", key_func=_member, deduct_when=_asked, error_message=invitations.TOO_MANY)
def send() -> ResponseReturnValue:
    form = InviteForm()
    if not form.validate():
        return _page(form), 422
    invitations.send(current_user, form.email.data or "")
    db.session.commit()
    flash(f"If {form.email.data} is no member's address, an invitation is on its way to it.")
    return redirect(url_for("invitations.form"), 303)


def _page(form: InviteForm) -> str:
    return render_template("invitations/invite.html", form=form, a_day=invitations.A_DAY)
