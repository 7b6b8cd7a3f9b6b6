"""What a member fills in to start a task: the fields its declaration asks for, and none of ours."""

from typing import TYPE_CHECKING, Any

from werkzeug.datastructures import MultiDict
from wtforms import Form, SubmitField
from wtforms.csrf.core import CSRFTokenField

if TYPE_CHECKING:
    from app.engine.registry import Task


def fields_of(task: "Task", filled: MultiDict[str, Any] | None = None) -> Form:
    """The task's form, empty or as filled in. The token of the request is checked elsewhere, once for all."""
    form = (task.params or Form)(filled, meta={"csrf": False})
    for field in form:
        field.id = field.label.field_id = f"{task.name}-{field.name}"
    return form


def arguments(form: Form) -> dict[str, Any]:
    """The task's arguments as plain values; a field left empty keeps the task's own default."""
    given = {field.name: field.data for field in form if not isinstance(field, SubmitField | CSRFTokenField)}
    return {name: _plain(value) for name, value in given.items() if value not in (None, "")}


def complaints(form: Form) -> str:
    """What is wrong with the fields, in one line."""
    return " ".join(f"{form[name].label.text}: {' '.join(errors)}" for name, errors in form.errors.items() if name)


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value
