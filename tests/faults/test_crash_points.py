"""The worker's process dies at every commit, and at every send, one after the other: nothing is lost or doubled."""

import pytest
from sqlalchemy import func, select

from app.engine import outbox
from app.extensions import db
from app.models import Post
from tests.engine_fixtures import timeline, wait_for

pytestmark = pytest.mark.faults


@pytest.mark.parametrize("kind", ["before commit", "after commit", "before send", "after send"])
def test_dying_at_every_point_of_a_kind(susan, workers, tmp_path, kind):
    file = tmp_path / "crashes"
    file.touch()
    modules = "tests.trials,tests.crashes"
    workers.ours(CRASH_FILE=str(file), CRASH_AT=kind, TASK_MODULES=modules)
    # The third run waits until one of the first two ends and sends it.
    runs = [outbox.request("slow", by=susan, args={"count": 6, "seconds": 0.05}) for _ in range(3)]
    db.session.commit()

    ended = [wait_for(run, lambda row: not row.is_active, seconds=200) for run in runs]

    for run in ended:
        written = db.session.scalar(select(func.count()).where(Post.source_id.startswith(run.id)))
        assert (run.state, run.done, written, run.attempt) == ("succeeded", 6, 6, 1), timeline(run.id)
        assert timeline(run.id).count("succeeded") == 1
    assert file.read_text().count("\n") >= (3 if "commit" in kind else 1)
