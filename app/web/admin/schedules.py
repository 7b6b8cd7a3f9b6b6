"""What starts by the clock: when it was due and will be, what came of it, starting it by hand, pausing it."""

from flask import Blueprint, current_app, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app.engine import monitor
from app.extensions import db
from app.services import schedules
from app.web.admin.access import for_admins, for_moderators

bp = Blueprint("admin_schedules", __name__, url_prefix="/admin/schedules")


@bp.get("")
@for_moderators
def index() -> ResponseReturnValue:
    is_on = current_app.config["SCHEDULES"] == "on"
    return render_template("admin/schedules.html", schedules=monitor.schedules(), is_on=is_on)


@bp.post("/<name>/run")
@for_admins
def run(name: str) -> ResponseReturnValue:
    run = schedules.start(name, by=current_user)
    db.session.commit()
    return redirect(url_for("admin_tasks.show", run_id=run.id), 303)


@bp.post("/<name>/pause")
@for_admins
def pause(name: str) -> ResponseReturnValue:
    schedules.pause(name, by=current_user)
    db.session.commit()
    return redirect(url_for("admin_schedules.index"), 303)


@bp.post("/<name>/resume")
@for_admins
def resume(name: str) -> ResponseReturnValue:
    schedules.resume(name)
    db.session.commit()
    return redirect(url_for("admin_schedules.index"), 303)
