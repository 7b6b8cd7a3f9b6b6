"""The web server dies in the middle of a click: what it had accepted is done, and of the rest there is no trace."""

import pytest
import rq
from sqlalchemy import func, select

from app.adapters import redis
from app.extensions import db
from app.models import Run
from tests.engine_fixtures import wait_for
from tests.processes import LiveServer
from tests.signed_in import SignedIn

pytestmark = pytest.mark.faults


@pytest.fixture
def click(app, environment, susan, tmp_path):
    """Press the button at a server that dies of it, before `commit` or `send`; the jobs that are in Redis then."""
    servers = []

    def press(before):
        modules = {"TASK_MODULES": "tests.trials,tests.dies", "DIE_BEFORE": before}
        servers.append(LiveServer({**environment, **modules}, tmp_path / "web.log"))
        here = SignedIn(servers[0].url, "susan")
        with pytest.raises(OSError):  # it hangs up without an answer
            here.ask("POST", "/tasks/two_steps")
        return rq.Queue("microblog-tasks", connection=redis.connect(app.config["REDIS_URL"])).job_ids

    yield press
    for server in servers:
        server.stop()


def test_dead_between_commit_and_send_it_is_sent_by_whoever_sweeps(click, susan, workers):
    assert click("send") == []
    run = db.session.scalars(select(Run)).one()
    assert (run.user_id, run.state, run.send, run.sent_to) == (susan.id, "queued", 0, None)

    workers.ours()

    ended = wait_for(run, lambda row: not row.is_active)
    assert (ended.state, ended.claim, ended.send) == ("succeeded", 1, 1)


def test_dead_before_the_commit_nothing_was_asked_for(click):
    assert click("commit") == []

    assert db.session.scalar(select(func.count()).select_from(Run)) == 0
