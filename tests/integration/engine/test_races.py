"""What meets at one instant: a cancel and the end, two clicks, two retries, a retry and a start, many sweeps."""

import random
import time
from datetime import timedelta

import pytest
import uuid6
from sqlalchemy import func, select

from app import clock
from app.engine import control, housekeeping, outbox, runner, turns
from app.errors import Conflict, ProductError
from app.extensions import db
from app.models import Notification, Run, RunEvent, User
from tests.application import login
from tests.duels import together
from tests.engine_fixtures import fresh
from tests.visitor import JSON

ENDS = {"succeeded", "cancelled", "failed", "partial"}


@pytest.fixture(autouse=True)
def nobody_else_writes(monkeypatch):
    monkeypatch.setattr(turns.OneWriter, "pause_and_pass", turns.OneWriter.drop)


def member_named(name="susan"):
    return db.session.scalars(select(User).where(User.username == name)).one()


@pytest.mark.timeout(1800)
def test_a_thousand_cancels_meet_a_thousand_ends(app, susan):
    """At the last item's end, when nothing but the final state is still to be written."""
    row = {"task": "leaves_early", "title": "Leaves early", "queue": "microblog-tasks", "state": "running", "claim": 1}
    runs = [Run(id=str(uuid6.uuid7()), user_id=susan.id, **row) for _ in range(1000)]
    db.session.add_all(runs)
    db.session.commit()
    ids = {number: run.id for number, run in enumerate(runs)}

    def end(number):
        run = db.session.get(Run, ids[number], populate_existing=True)
        db.session.expunge(run)
        runner._end(run, "succeeded")

    told, raised = race_against_cancel(app, ids, end, 1000)

    assert raised == []
    assert_both_know_the_same(ids, told)


def test_cancels_meet_whole_runs(app, susan):
    """Anywhere between the claim and the end."""
    ids, took = {}, [0.01]

    def ask(number):
        run = outbox.request("leaves_early", by=member_named())
        outbox.keep_from_sending(run)
        db.session.commit()
        ids[number] = run.id

    def work(number):
        began = time.perf_counter()
        runner.perform(ids[number], 0, in_thread=True)
        took.append(time.perf_counter() - began)

    def pause():
        return random.uniform(0.3, 1.1) * sorted(took[-9:])[len(took[-9:]) // 2]

    told, raised = race_against_cancel(app, ids, work, 50, before=ask, pause=pause)

    assert raised == []
    assert_both_know_the_same(ids, told)


def race_against_cancel(app, ids, act, rounds, before=None, pause=lambda: random.choice((0, 0.001))):
    """What the canceller was told, and what was raised."""
    told = {}

    def cancel(number):
        run = db.session.get(Run, ids[number], populate_existing=True)
        time.sleep(pause())
        try:
            told[number] = control.cancel(run, by=member_named()).state
            db.session.commit()
        except Conflict:
            told[number] = "over"
            db.session.rollback()

    return told, together(app, rounds, act, cancel, before=before)


def assert_both_know_the_same(ids, told):
    """Whichever was committed first: one end, as the canceller was told, and as the member was."""
    ended = {run.id: run.state for run in db.session.scalars(select(Run))}
    final = dict(db.session.execute(ends_of_runs()).all())
    told_of_runs = db.session.scalars(select(Notification).where(Notification.name == "task_progress"))
    notices = {notice.data["run_id"]: notice.data["state"] for notice in told_of_runs}
    for number, run_id in ids.items():
        state = ended[run_id]
        assert state in ("succeeded", "cancelled"), (state, told[number])
        assert told[number] != "over" or state == "succeeded", "told that it was over, and then cancelled"
        assert told[number] != "cancelled" or state == "cancelled"
        assert final[run_id] == 1, "it ended more than once"
        assert notices[run_id] == state
    assert len({(told[number], ended[run_id]) for number, run_id in ids.items()}) >= 2, "they never met"


def ends_of_runs():
    return select(RunEvent.run_id, func.count()).where(RunEvent.kind.in_(ENDS)).group_by(RunEvent.run_id)


@pytest.mark.timeout(1800)
def test_a_thousand_double_clicks_start_a_thousand_runs(app, susan):
    clients = [app.test_client(), app.test_client()]
    for client in clients:
        login(client, susan)
    answers = [{}, {}]

    def click(place):
        def act(number):
            response = clients[place].post("/tasks/example_long_task", headers=JSON)
            answers[place][number] = response.status_code, response.json["run_id"]

        return act

    raised = together(app, 1000, click(0), click(1), before=lambda _number: cancel_everything())

    assert raised == []
    assert answers[0] == answers[1]
    assert {status for status, _run_id in answers[0].values()} == {202}
    assert len({run_id for _status, run_id in answers[0].values()}) == 1000
    assert db.session.scalar(select(func.count()).select_from(Run)) == 1000


def cancel_everything():
    db.session.execute(db.update(Run).where(Run.state == "queued").values(state="cancelled", active_key=None))
    db.session.commit()


def test_the_tutorials_way_is_seen_to_start_two(app, susan):
    """Look whether one is active, then write one: what the test above must be able to see."""

    def start_classically(_number):
        if db.session.scalar(select(Run.id).where(Run.state == "queued")) is None:
            row = {"task": "example_long_task", "title": "Example", "queue": "microblog-tasks", "state": "queued"}
            db.session.rollback()
            db.session.add(Run(id=str(uuid6.uuid7()), user_id=susan_id, **row))
            db.session.commit()
        db.session.rollback()

    susan_id, doubles = susan.id, []

    def count_and_clear(_number):
        doubles.append(len(db.session.scalars(select(Run.id).where(Run.state == "queued")).all()) > 1)
        cancel_everything()

    together(app, 90, start_classically, start_classically, before=count_and_clear)

    assert any(doubles)


def failed(task="example_long_task"):
    run = outbox.request(task, by=member_named())
    outbox.keep_from_sending(run)
    db.session.flush()
    run.state, run.active_key, run.finished_at = "failed", None, clock.now()
    db.session.commit()
    return run.id


def tried(act):
    """What it returned after its commit, or what the product said against it."""
    try:
        found = act()
        db.session.commit()
        return found.id
    except ProductError as error:
        db.session.rollback()
        return type(error).__name__


def test_two_retries_at_once_are_one(app, susan):
    runs, told = {}, [{}, {}]

    def retry(place):
        def act(number):
            run = db.session.get(Run, runs[number])
            told[place][number] = tried(lambda: control.retry(run, by=member_named()))

        return act

    raised = together(app, 100, retry(0), retry(1), before=lambda number: runs.update({number: failed("slow")}))

    assert raised == []
    for number, run_id in runs.items():
        assert sorted((told[0][number], told[1][number])) == sorted((run_id, "Conflict"))
        assert (fresh(run_id).state, fresh(run_id).attempt) == ("queued", 2)


def test_a_retry_and_a_start_at_once_leave_one_active(app, susan):
    runs, told = {}, [{}, {}]

    def prepare(number):
        cancel_everything()
        runs[number] = failed()

    def retry(number):
        run = db.session.get(Run, runs[number])
        told[0][number] = tried(lambda: control.retry(run, by=member_named()))

    def start(number):
        told[1][number] = tried(lambda: outbox.request("example_long_task", by=member_named()))
        active = select(func.count()).where(Run.active_key.is_not(None))
        assert db.session.scalar(active) == 1
        db.session.rollback()

    raised = together(app, 100, retry, start, before=prepare)

    assert raised == []
    for number, run_id in runs.items():
        if told[0][number] == "Conflict":
            assert told[1][number] != run_id, "refused the retry, and gave the start the same run"
        else:
            assert (told[0][number], told[1][number]) == (run_id, run_id)


def test_a_running_run_is_not_retried(susan):
    run_id = failed("slow")
    for state in ("queued", "running", "retrying", "cancelling", "succeeded"):
        fresh(run_id).state = state
        db.session.commit()

        assert tried(lambda: control.retry(fresh(run_id), by=susan)) == "Conflict"
        assert (fresh(run_id).state, fresh(run_id).attempt) == (state, 1)


def test_eight_sweeps_at_once_revive_each_run_once(app, susan):
    for _ in range(40):
        run = outbox.request("slow", by=susan)
        outbox.keep_from_sending(run)
    db.session.commit()
    past = clock.now() - timedelta(seconds=40)
    db.session.execute(
        db.update(Run).values(
            state="running",
            claim=1,
            worker={"host": "elsewhere", "pid": 1, "started": "1"},
            claimed_at=past,
            advanced_at=past + timedelta(seconds=1),
            lease_until=past + timedelta(seconds=5),
        )
    )
    db.session.commit()

    raised = together(app, 3, *[lambda _number: housekeeping.sweep()] * 8)

    assert raised == []
    rows = db.session.scalars(select(Run)).all()
    assert {(row.state, row.claim, row.strikes, row.send) for row in rows} == {("queued", 1, 0, 1)}
    lines = select(RunEvent.run_id, func.count()).where(RunEvent.kind == "queued").group_by(RunEvent.run_id)
    assert {count for _run_id, count in db.session.execute(lines)} == {2}
