"""The outbox of letters: what waits, what went, and the dead ones, to be sent after all. In production it is masked."""

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app.errors import NotFound
from app.extensions import db
from app.models import Letter
from app.services import letters, paging, text_messages
from app.web.admin.access import for_admins
from app.web.ids import ROW_ID

bp = Blueprint("admin_outbox", __name__, url_prefix="/admin/outbox")
LETTER_ID = f"<{ROW_ID}:letter_id>"

# a letter brings its own style, and nothing of it may run or be fetched
LETTER_POLICY = "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; frame-ancestors 'none'"


@bp.get("")
@for_admins
def index() -> ResponseReturnValue:
    state = request.args.get("state") or None
    found = letters.of_state(state)
    page = paging.read(found, Letter, paging.Cursor.parse(request.args.get("at")))
    return render_template(
        "admin/outbox/index.html",
        page=page,
        state=state,
        counts=letters.counts(),
        shown_address=letters.shown_address,
        shown_title=_title,
        is_masked=letters.is_masked(),
        has_server=letters.has_server(),
    )


@bp.get(f"/{LETTER_ID}")
@for_admins
def show(letter_id: int) -> ResponseReturnValue:
    letter = letters.find(letter_id)
    return render_template(
        "admin/outbox/show.html",
        letter=letter,
        address=letters.shown_address(letter),
        title=_title(letter),
        is_masked=letters.is_masked(),
    )


@bp.get(f"/{LETTER_ID}/html")
@for_admins
def html(letter_id: int) -> ResponseReturnValue:
    letter = letters.find(letter_id)
    if letter.html is None or letters.is_masked():
        raise NotFound("There is no such page of this letter.")
    return as_letter(letter.html)


@bp.post(f"/{LETTER_ID}/replay")
@for_admins
def replay(letter_id: int) -> ResponseReturnValue:
    letters.replay(letters.find(letter_id))
    db.session.commit()
    return redirect(url_for("admin_outbox.show", letter_id=letter_id), 303)


@bp.post("/replay")
@for_admins
def replay_all() -> ResponseReturnValue:
    count = letters.replay_all()
    db.session.commit()
    flash(f"{count} letters are on their way again.")
    return redirect(url_for("admin_outbox.index"), 303)


@bp.post("/trial")
@for_admins
def trial() -> ResponseReturnValue:
    letters.trial(current_user)
    db.session.commit()
    flash(f"A letter to {current_user.email} is on its way.")
    return redirect(url_for("admin_outbox.index"), 303)


@bp.post("/text")
@for_admins
def trial_text() -> ResponseReturnValue:
    text_messages.trial(current_user, request.form.get("number", ""))
    db.session.commit()
    flash("A text message is on its way.")
    return redirect(url_for("admin_outbox.index"), 303)


def _title(letter: Letter) -> str:
    """What it is called: its subject, or in production, for subjects tell who wrote to whom, what kind it is of."""
    kind = letters.KINDS.get(letter.kind)
    name = kind.title if kind is not None else letter.kind
    return name if letters.is_masked() else letter.subject or name


def as_letter(html: str) -> Response:
    """A letter's own page, as the mail program would show it."""
    return Response(html, headers={"Content-Security-Policy": LETTER_POLICY})
