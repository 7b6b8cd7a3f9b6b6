"""Recount: mend the counters that members carry."""

from collections.abc import Sequence

from app.engine import Run, task
from app.services import counters


@task(title="Recount", unit="members", unique=lambda _by: "everybody", role="admin")
def recount(run: Run) -> None:
    """Count everybody's posts and follows again, and mend every number that is wrong."""

    def mend(ids: Sequence[int]) -> None:
        run.saved["wrong"] = run.saved.get("wrong", 0) + counters.mend(ids)

    look_at = run.gather(mend)
    for member in run.each(counters.members()):
        look_at(member.id)
    run.result(counters.summary(run.saved.get("wrong", 0)))
