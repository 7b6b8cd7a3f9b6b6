"""One run's page, card, files and failed items, and what its owner may do to it: cancel, retry, acknowledge."""

import csv
import io
import mimetypes
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

from flask import Blueprint, Response, jsonify, redirect, render_template, request, stream_with_context, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required
from sqlalchemy import Select
from werkzeug.wsgi import wrap_file

from app.engine import control, monitor
from app.errors import Conflict
from app.extensions import db
from app.models import Run, RunFailure
from app.services import lab, runs
from app.web import answers

bp = Blueprint("runs", __name__)

REFRESH_SECONDS = range(5, 301)


@bp.get("/runs/<run_id>")
@login_required
def show(run_id: str) -> ResponseReturnValue:
    run = runs.find(current_user, run_id)
    return jsonify(monitor.describe(run)) if answers.prefers_json() else page(run)


@bp.get("/runs/<run_id>/card")
@login_required
def card(run_id: str) -> ResponseReturnValue:
    return render_template("runs/_card.html", card=runs.card(runs.find(current_user, run_id)))


@bp.post("/runs/<run_id>/cancel")
@login_required
def cancel(run_id: str) -> ResponseReturnValue:
    return _act(run_id, lambda run: control.cancel(run, by=current_user))


@bp.post("/runs/<run_id>/retry")
@login_required
def retry(run_id: str) -> ResponseReturnValue:
    return _act(run_id, lambda run: control.retry(run, by=current_user))


@bp.post("/runs/<run_id>/seen")
@login_required
def seen(run_id: str) -> ResponseReturnValue:
    return _act(run_id, runs.acknowledge)


@bp.get("/runs/<run_id>/files/<name>")
@login_required
def artifact(run_id: str, name: str) -> ResponseReturnValue:
    found = runs.artifact(current_user, run_id, name)
    file = runs.open_artifact(found)
    response = Response(wrap_file(request.environ, file), direct_passthrough=True)
    response.mimetype = mimetypes.guess_type(found.name)[0] or "application/octet-stream"
    response.headers.set("Content-Disposition", "attachment", filename=found.name)
    response.content_length = found.size_bytes
    response.last_modified = found.created_at
    response.set_etag(found.sha256)
    return response.make_conditional(request, accept_ranges=True, complete_length=found.size_bytes)


@bp.get("/runs/<run_id>/failures.csv")
@login_required
def failed_items(run_id: str) -> ResponseReturnValue:
    run = runs.find(current_user, run_id)
    response = Response(stream_with_context(_csv_lines(runs.failures(run))), mimetype="text/csv")
    response.headers.set("Content-Disposition", "attachment", filename="failures.csv")
    return response


def page(run: Run, refusal: str | None = None) -> str:
    """The whole page of a run; `refusal` says why something could not be done with it."""
    wished = request.args.get("refresh", type=int)
    return render_template(
        "runs/show.html",
        card=runs.card(run),
        story=runs.story(run),
        lesson=lab.lesson(run),
        refusal=refusal,
        refresh_seconds=wished if wished in REFRESH_SECONDS and run.is_active else None,
        page_run_id=run.id,
    )


def _act(run_id: str, action: Callable[[Run], Run]) -> ResponseReturnValue:
    run = runs.find(current_user, run_id)
    try:
        result = action(run)
        db.session.commit()
    except Conflict as conflict:
        db.session.rollback()
        return _refused(runs.find(current_user, run_id), conflict.message)
    if answers.prefers_json():
        return jsonify(monitor.describe(result)), 200, {"Location": url_for("runs.show", run_id=result.id)}
    return redirect(_way_back(result), 303)


def _refused(run: Run, sentence: str) -> ResponseReturnValue:
    """409 with the row as it is now: it may have ended while the member reached for the button."""
    if answers.prefers_json():
        return jsonify({**monitor.describe(run), "detail": sentence}), 409
    return page(run, refusal=sentence), 409


def _way_back(run: Run) -> str:
    """The page of ours that the button stood on, if it can be read again; else the run's."""
    own = url_for("runs.show", run_id=run.id)
    try:
        came_from = urlsplit(request.referrer or "")
    except ValueError:  # no address at all
        return own
    is_ours = came_from.netloc == request.host and came_from.path.startswith("/")
    if not is_ours or came_from.path.startswith(("//", "/runs/")) or came_from.path == request.path:
        return own
    return f"{came_from.path}?{came_from.query}" if came_from.query else came_from.path


def _csv_lines(failures: Select[RunFailure]) -> Iterator[str]:
    """The rows are asked for while they are sent: what a view began to read is over when its answer goes out."""
    yield _csv_line("item", "reason", "at")
    for row in db.session.scalars(failures.execution_options(yield_per=500)):
        yield _csv_line(row.key, row.reason, row.at.isoformat())


def _csv_line(*cells: str) -> str:
    """A line in which no cell can be taken for a formula by a spreadsheet."""
    line = io.StringIO()
    csv.writer(line).writerow(
        f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell for cell in cells
    )
    return line.getvalue()
