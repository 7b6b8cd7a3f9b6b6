"""The audit: a task whose effects are counted from outside the engine's own books. Loaded by TASK_MODULES."""

from sqlalchemy import Column, Integer, MetaData, String, Table, insert
from wtforms import FloatField, Form, IntegerField

from app.engine import Run, task
from app.extensions import db

# Nothing in it is unique: what is done twice stands there twice.
EFFECTS = Table(
    "soak_effect",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("run_id", String(36), nullable=False, index=True),
    Column("item", Integer, nullable=False),
)
ONCE = -1


class AuditForm(Form):
    """How much there is to do, and how long it takes."""

    count = IntegerField("Rows", default=150)
    seconds = FloatField("Seconds a row", default=0.02)


@task(title="Audit", unit="rows", unique=None, params=AuditForm)
def audit(run: Run, *, count: int = 150, seconds: float = 0.02) -> None:
    """Write one row an item, and one at the beginning that may be written once only."""
    run.once("begun", _write, run.id, ONCE)
    for number in run.each(range(count)):
        run.sleep(seconds)
        _write(run.id, number)


def _write(run_id: str, item: int) -> None:
    db.session.execute(insert(EFFECTS).values(run_id=run_id, item=item))
