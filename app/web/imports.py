"""Importing posts: handing in a file, looking at what is in it, then importing, discarding or undoing."""

from collections.abc import Callable

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required

from app.errors import Conflict, Invalid
from app.extensions import db
from app.models import Upload, User
from app.services import runs
from app.services.imports import limits, uploads
from app.web.forms.imports import UploadForm

bp = Blueprint("imports", __name__, url_prefix="/imports")
_FORM_BYTES = 64 * 1024  # what a browser sends round the file itself


@bp.url_value_preprocessor
def allow_large_file(endpoint: str | None, _values: object) -> None:
    """Before anything reads the request: a member may send this one route more than the site's limit."""
    if endpoint == "imports.create" and request.method == "POST" and current_user.is_authenticated:
        request.max_content_length = limits.UPLOAD_BYTES + _FORM_BYTES


@bp.get("")
@login_required
def index() -> ResponseReturnValue:
    return _start(UploadForm())


@bp.post("")
@login_required
def create() -> ResponseReturnValue:
    form = UploadForm()
    if not form.validate():
        return _start(form), 422
    try:
        upload = uploads.receive(current_user, form.file.data, form.file.data.filename)
        db.session.commit()
    except Invalid as refusal:
        db.session.rollback()
        form.file.errors = [refusal.message]
        return _start(form), 422
    return redirect(url_for("imports.show", upload_id=upload.id), 303)


@bp.get("/<upload_id>")
@login_required
def show(upload_id: str) -> ResponseReturnValue:
    return _page(uploads.find(current_user, upload_id))


@bp.post("/<upload_id>/confirm")
@login_required
def confirm(upload_id: str) -> ResponseReturnValue:
    return _act(upload_id, uploads.confirm)


@bp.post("/<upload_id>/undo")
@login_required
def undo(upload_id: str) -> ResponseReturnValue:
    return _act(upload_id, uploads.undo)


@bp.post("/<upload_id>/discard")
@login_required
def discard(upload_id: str) -> ResponseReturnValue:
    answer = _act(upload_id, uploads.discard)
    if isinstance(answer, tuple):
        return answer
    flash("The file is gone.")
    return redirect(url_for("imports.index"), 303)


def _act(upload_id: str, action: Callable[[User, Upload], object]) -> ResponseReturnValue:
    """Do it, and show what became of the upload; 409 with the page as it is now where its state forbids it."""
    upload = uploads.find(current_user, upload_id)
    try:
        action(current_user, upload)
        db.session.commit()
    except Conflict as conflict:
        db.session.rollback()
        return _page(uploads.find(current_user, upload_id), refusal=conflict.message), 409
    return redirect(url_for("imports.show", upload_id=upload_id), 303)


def _start(form: UploadForm) -> str:
    return render_template("imports/index.html", form=form, limits=limits, standings=uploads.standings(current_user))


def _page(upload: Upload, refusal: str | None = None) -> str:
    standing = uploads.standing(upload)
    return render_template(
        "imports/show.html",
        standing=standing,
        upload=upload,
        findings=standing.findings,
        card=runs.card(standing.run) if standing.run is not None else None,
        page_run_id=upload.run_id,
        refusal=refusal,
    )
