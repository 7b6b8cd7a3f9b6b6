"""Every letter there is, with made-up facts, before anybody gets one."""

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app import languages
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
    language = _language()
    words = _sample(kind, language)
    return render_template(
        "admin/letters/show.html", kind=kind, words=words, chosen=language, languages=languages.known()
    )


@bp.get("/<kind>/html")
@for_admins
def html(kind: str) -> ResponseReturnValue:
    return as_letter(_sample(kind, _language()).html)


def _sample(kind: str, language: str) -> letters.Words:
    if kind not in letters.KINDS:
        raise NotFound("There is no such letter.")
    return letter_samples.render(kind, current_user, language)


def _language() -> str:
    """The one asked for, else the admin's own. Raises NotFound."""
    language = request.args.get("language", letters.language_of(current_user))
    if language not in languages.known():
        raise NotFound(f"Letters are written in {', '.join(languages.known().values())}.")
    return language
