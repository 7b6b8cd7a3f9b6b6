"""Whatever order starts, crashes, errors, cancels, sweeps and retries come in: one end, a bar that never falls, each
item's effect once, and nothing stranded."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import func, select

from app import clock
from app.engine import control, housekeeping, moves, outbox, runner, task, turns
from app.errors import Conflict, NotAllowed
from app.extensions import db
from app.models import Notification, Post, Run, RunEvent, User, run_state

ITEMS = 12
script: dict[str, tuple[str, int]] = {}


class Crash(BaseException):
    """The process is gone: nothing after this line runs, nothing is cleaned up."""


@task(title="Scripted", unit="items", unique=None, retries=2, visible=False)
def scripted(run):
    """Twelve posts; what happens at which item is scripted from outside, once."""
    for number in run.each(range(ITEMS), atomic=2):
        what, at = script.get(run.id, ("work", 0))
        if number == at and what != "work":
            script.pop(run.id)
            if what == "crash":
                raise Crash
            if what == "error":
                raise RuntimeError("scripted")
            if what == "cancel":
                _cancel_from_outside(run.id)
        db.session.add(Post(author_id=run.user.id, body="x", source="scripted", source_id=f"{run.id} {number}"))


def _cancel_from_outside(run_id):
    """As a web process does it: on a connection of its own, between two batches."""
    with db.engine.begin() as connection:
        connection.execute(
            db.update(Run)
            .where(Run.id == run_id, Run.state == run_state.RUNNING)
            .values(state=run_state.CANCELLING, cancel_asked_at=clock.now())
        )


class Runs(RuleBasedStateMachine):
    """The house with one member; `perform` stands for a worker that meets a scripted fate."""

    runs = Bundle("runs")

    def __init__(self):
        super().__init__()
        script.clear()
        self.percents: dict[str, int] = {}
        self.member = db.session.scalars(select(User).where(User.username == "susan")).one()

    @rule(target=runs)
    def start(self):
        run = outbox.request("scripted", by=self.member)
        db.session.commit()
        return run.id

    @rule(run_id=runs, what=st.sampled_from(["work", "crash", "error", "cancel"]), at=st.integers(0, ITEMS - 1))
    def perform(self, run_id, what, at):
        script[run_id] = (what, at)
        row = self.row(run_id)
        try:
            runner.perform(run_id, row.claim)
        except Crash:
            db.session.rollback()
            self.row(run_id).lease_until = clock.now() - timedelta(seconds=1)
            db.session.commit()
        except runner.RunFailed:
            pass

    @rule(run_id=runs)
    def deliver_an_old_job(self, run_id):
        runner.perform(run_id, max(self.row(run_id).claim - 1, 0)) if self.row(run_id).claim else None

    @rule(run_id=runs)
    def cancel(self, run_id):
        try:
            control.cancel(self.row(run_id), by=self.member)
            db.session.commit()
        except Conflict:
            db.session.rollback()

    @rule(run_id=runs)
    def retry(self, run_id):
        row = self.row(run_id)
        if row.state != run_state.FAILED:
            return
        try:
            control.retry(row, by=self.member)
            db.session.commit()
        except (Conflict, NotAllowed):
            db.session.rollback()

    @rule()
    def sweep(self):
        db.session.execute(db.update(Run).where(Run.state == "retrying").values(due_at=clock.now()))
        db.session.commit()
        housekeeping.sweep()

    @invariant()
    def the_bar_never_falls_and_says_100_only_at_the_end(self):
        for notice in db.session.scalars(select(Notification).where(Notification.name == "task_progress")):
            data = notice.data
            shown, before = data["percent"], self.percents.get(data["run_id"], 0)
            assert shown is None or shown >= before
            assert shown != 100 or data["state"] == "succeeded"
            self.percents[data["run_id"]] = shown or before

    @invariant()
    def an_effect_is_had_once_and_is_counted(self):
        for row in db.session.scalars(
            select(Run).where(Run.task == "scripted").execution_options(populate_existing=True)
        ):
            assert self.effects(row.id) == row.done, (row.state, row.done)

    def teardown(self):
        script.clear()
        for _ in range(4):
            self.sweep()
            for run_id in db.session.scalars(select(Run.id).where(Run.state.in_(("queued", "running")))).all():
                self.perform(run_id, "work", 0)
        for row in db.session.scalars(
            select(Run).where(Run.task == "scripted").execution_options(populate_existing=True)
        ).all():
            assert row.state in run_state.FINISHED, (row.state, row.reason)
            assert row.state != "succeeded" or self.effects(row.id) == ITEMS
            ends = select(func.count()).where(RunEvent.run_id == row.id, RunEvent.kind.in_(("succeeded", "cancelled")))
            assert db.session.scalar(ends) <= 1
        for model in (Post, RunEvent, Notification, Run):
            db.session.execute(db.delete(model))
        db.session.commit()

    def row(self, run_id):
        db.session.rollback()
        return db.session.get(Run, run_id, populate_existing=True)

    def effects(self, run_id):
        return db.session.scalar(select(func.count()).where(Post.source_id.startswith(run_id)))


@pytest.mark.timeout(900)
def test_any_order_of_events(app, susan, monkeypatch):
    monkeypatch.setattr(turns.OneWriter, "pause_and_pass", turns.OneWriter.drop)  # nobody else writes here
    run_state_machine_as_test(
        Runs,
        settings=settings(
            max_examples=15,
            stateful_step_count=15,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_only_the_moves_of_the_table_are_made(app, susan):
    for source in run_state.MOVES:
        for target in run_state.MOVES:
            run = outbox.request("scripted", by=susan)
            run.state = source
            db.session.commit()

            assert moves.move(run, target, why="a test") == (target in run_state.MOVES[source])
            db.session.rollback()
            db.session.execute(db.delete(Run))
            db.session.commit()
