"""What can be started, starting it, and the runs a member has had. The tray that every page carries comes from here."""

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import Blueprint, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required
from wtforms import Form

from app.engine import monitor
from app.errors import NotFound
from app.extensions import db
from app.models import Run, run_state
from app.services import notifications, runs
from app.web import answers
from app.web.forms import tasks as task_forms

if TYPE_CHECKING:
    from app.engine.registry import Task

bp = Blueprint("tasks", __name__)

PAGE_RUNS = 20
STATES = (*("queued", "running", "retrying", "cancelling"), *("succeeded", "partial", "failed", "cancelled"))
PERIODS = {60: "a minute", 3600: "an hour", 86400: "a day"}


@dataclass(frozen=True)
class Offer:
    """A task that the member may start; `quota` is the limit in words, empty where there is none."""

    task: "Task"
    form: Form
    quota: str
    idempotency_key: str


@bp.app_context_processor
def tray() -> dict[str, object]:
    """`member_tray(without)`, `member_news()`: asked for by the pages that show them, and only then a query."""
    return {
        "member_tray": lambda without=None: runs.tray(current_user, without),
        "member_news": lambda: notifications.news(current_user),
    }


@bp.get("/tasks")
@login_required
def index() -> ResponseReturnValue:
    return _page()


@bp.post("/tasks/<name>")
@login_required
def start(name: str) -> ResponseReturnValue:
    form = task_forms.fields_of(_offered(name), request.form)
    if not form.validate():
        return _misfilled(name, form)
    run = runs.start(current_user, name, task_forms.arguments(form), _idempotency_key())
    db.session.commit()
    return _started(run)


@bp.get("/start-task")
@login_required
def start_task() -> ResponseReturnValue:
    return render_template("tasks/start_task.html")


@bp.post("/start-task")
@login_required
def start_example() -> ResponseReturnValue:
    runs.start(current_user, "example_long_task")
    db.session.commit()
    return redirect(url_for("timeline.home"), 303)


def _started(run: Run) -> ResponseReturnValue:
    location = url_for("runs.show", run_id=run.id)
    if answers.prefers_json():
        return jsonify(monitor.describe(run)), 202, {"Location": location}
    return redirect(location, 303)


def _misfilled(name: str, form: Form) -> ResponseReturnValue:
    if answers.prefers_json():
        return answers.problem(422, task_forms.complaints(form))
    return _page(misfilled={name: form}), 422


def _page(misfilled: dict[str, Form] | None = None) -> str:
    state, task = request.args.get("state", ""), request.args.get("task", "")
    states = run_state.ACTIVE if state == "active" else {state} if state in STATES else None
    query = runs.of_member(current_user, states=states, task=task, before=request.args.get("before"))
    found = db.session.scalars(query.limit(PAGE_RUNS + 1)).all()
    return render_template(
        "tasks/index.html",
        offers=[_offer(task, (misfilled or {}).get(task.name)) for task in monitor.open_to(current_user)],
        allowance=runs.allowance(current_user),
        cards=runs.cards(found[:PAGE_RUNS]),
        older=found[PAGE_RUNS - 1].id if len(found) > PAGE_RUNS else None,
        states=STATES,
        chosen_state=state,
        chosen_task=task,
    )


def _offer(task: "Task", misfilled: Form | None) -> Offer:
    left = monitor.quota_left(current_user, task)
    quota = f"{task.quota[0]} {PERIODS[task.quota[1]]}, {left or 'none'} left" if task.quota else ""
    return Offer(task, misfilled or task_forms.fields_of(task), quota, str(uuid.uuid4()))


def _offered(name: str) -> "Task":
    task = monitor.find_task(name)
    if task is None:
        raise NotFound("There is no such task.")
    return task


def _idempotency_key() -> str | None:
    return request.headers.get("Idempotency-Key") or request.form.get("idempotency_key") or None
