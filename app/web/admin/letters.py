"""Every letter there is, with made-up facts, before anybody gets one."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app.errors import NotFound
from app.services import letter_samples, letters
from app.web.admin.access import for_admins
from app.web.admin.outbox import as_letter

bp = Blueprint("admin_letters", __name__, url_prefix="/admin/letters")


@bp.get("")
@for_admins
def index() -> ResponseReturnValue:
    return render_template("admin/letters/index.html", kinds=letters.KINDS)


@bp.get("/<kind>")
@for_admins
def show(kind: str) -> ResponseReturnValue:
    return render_template("admin/letters/show.html", kind=kind, words=_sample(kind))


@bp.get("/<kind>/html")
@for_admins
def html(kind: str) -> ResponseReturnValue:
    return as_letter(_sample(kind).html)


def _sample(kind: str) -> letters.Words:
    if kind not in letters.KINDS:
        raise NotFound("There is no such letter.")
    return letter_samples.render(kind, current_user)
