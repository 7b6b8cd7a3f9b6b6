"""The fault lab's page, for development and teaching: which task, what goes wrong, start. Not there in production."""

import uuid
from typing import TYPE_CHECKING

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from werkzeug.datastructures import MultiDict
from wtforms import Form

from app.extensions import db
from app.services import lab, runs
from app.web.admin.access import for_admins
from app.web.forms import lab as lab_forms
from app.web.forms import tasks as task_forms

if TYPE_CHECKING:
    from app.engine.registry import Task
    from app.services.lab import Experiment

bp = Blueprint("lab", __name__)

EARLIER_RUNS = 10


@bp.get("/lab")
@for_admins
def index() -> ResponseReturnValue:
    task, experiment = _chosen(request.args)
    return _page(task, experiment, task_forms.fields_of(task), lab_forms.fault_fields(experiment))


@bp.post("/lab")
@for_admins
def start() -> ResponseReturnValue:
    task, experiment = _chosen(request.form)
    fields, fault = task_forms.fields_of(task, request.form), lab_forms.fault_fields(experiment, request.form)
    if not (fields.validate() & fault.validate()):
        return _page(task, experiment, fields, fault), 422
    key = request.form.get("idempotency_key") or str(uuid.uuid4())
    run = lab.start(current_user, task, task_forms.arguments(fields), lab.fault(experiment, **fault.data), key)
    db.session.commit()
    return redirect(url_for("runs.show", run_id=run.id), 303)


def _chosen(asked: MultiDict[str, str]) -> "tuple[Task, Experiment]":
    return lab.find_task(current_user, asked.get("task", lab.PRACTICE)), lab.find_experiment(
        asked.get("fault", "crash")
    )


def _page(task: "Task", experiment: "Experiment", fields: Form, fault: Form) -> str:
    return render_template(
        "lab/index.html",
        tasks=lab.tasks(current_user),
        experiments=lab.EXPERIMENTS,
        task=task,
        experiment=experiment,
        promise=lab.promise(experiment),
        fields=fields,
        fault=fault,
        idempotency_key=str(uuid.uuid4()),
        cards=runs.cards(db.session.scalars(lab.experiments_of(current_user).limit(EARLIER_RUNS)).all()),
    )
