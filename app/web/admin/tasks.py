"""The task engine at work: queues, workers, everybody's runs, failures and schedules."""

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app.engine import control, monitor
from app.extensions import db
from app.services import lab, runs
from app.web.admin.access import for_admins, for_moderators

bp = Blueprint("admin_tasks", __name__, url_prefix="/admin")

NEWEST_RUNS = 25
NEWEST_FAILURES = 25


@bp.get("/tasks")
@for_moderators
def index() -> ResponseReturnValue:
    monitor.refresh()  # who came or went this second is seen
    return render_template(
        "admin/tasks.html",
        queues=monitor.queues(),
        workers=monitor.workers(),
        cards=runs.cards(db.session.scalars(runs.newest_of_everyone().limit(NEWEST_RUNS)).all()),
        failures=runs.cards(monitor.failures(NEWEST_FAILURES)),
        schedules=monitor.schedules(),
    )


@bp.get("/tasks/<run_id>")
@for_moderators
def show(run_id: str) -> ResponseReturnValue:
    run = runs.find_any(run_id)
    return render_template("admin/run.html", card=runs.card(run), story=runs.story(run), lesson=lab.lesson(run))


@bp.post("/tasks/<run_id>/cancel")
@for_admins
def cancel(run_id: str) -> ResponseReturnValue:
    run = control.cancel(runs.find_any(run_id), by=current_user)
    db.session.commit()
    return redirect(url_for("admin_tasks.show", run_id=run.id), 303)


@bp.post("/tasks/<run_id>/retry")
@for_admins
def retry(run_id: str) -> ResponseReturnValue:
    run = control.retry(runs.find_any(run_id), by=current_user)
    db.session.commit()
    return redirect(url_for("admin_tasks.show", run_id=run.id), 303)
