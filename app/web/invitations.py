"""Inviting somebody by letter."""

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required

from app.extensions import db
from app.services import invitations
from app.web.forms.invitations import InviteForm

bp = Blueprint("invitations", __name__, url_prefix="/invite")


@bp.get("")
@login_required
def form() -> ResponseReturnValue:
    return render_template("invitations/invite.html", form=InviteForm())


@bp.post("")
@login_required
def send() -> ResponseReturnValue:
    form = InviteForm()
    if not form.validate():
        return render_template("invitations/invite.html", form=form), 422
    invitations.send(current_user, form.email.data or "")
    db.session.commit()
    flash(f"If {form.email.data} is no member's address, an invitation is on its way to it.")
    return redirect(url_for("invitations.form"), 303)
