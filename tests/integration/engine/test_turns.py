"""On SQLite tasks take turns at writing, so that a page finds the one writer free."""

import threading

import pytest
from sqlalchemy import select

from app.engine import turns
from app.extensions import begin_writing, db
from app.models import RunEvent
from app.services import posts
from tests.engine_fixtures import fresh, start
from tests.processes import PATIENCE_SECONDS


@pytest.fixture
def path(tmp_path):
    return tmp_path / "app.db-turns"


@pytest.fixture
def patient(monkeypatch):
    """Nobody goes on without a turn while the test looks elsewhere."""
    monkeypatch.setattr(turns, "PATIENCE_SECONDS", 2 * PATIENCE_SECONDS)


def in_a_thread(app, work):
    """Start `work` with a session of its own; the event tells when it is through."""
    through = threading.Event()

    def run():
        with app.app_context():
            work(db.session())
            db.session.remove()
        through.set()

    threading.Thread(target=run, daemon=True).start()
    return through


def test_a_second_task_waits_for_the_first_ones_turn(app, path, patient):
    first, second = turns.OneWriter(path), turns.OneWriter(path)
    first.take(db.session())

    through = in_a_thread(app, second.take)

    assert not through.wait(0.1)
    first.pause_and_pass()
    assert through.wait(PATIENCE_SECONDS)
    assert second.file is not None
    second.drop()


def test_a_turn_is_taken_once_a_batch(app, path):
    turn = turns.OneWriter(path)
    turn.take(db.session())
    file = turn.file

    turn.take(db.session())

    assert turn.file is file
    turn.drop()


def test_a_task_frozen_in_its_turn_does_not_stop_the_others_for_good(app, path, monkeypatch):
    monkeypatch.setattr(turns, "PATIENCE_SECONDS", 0.05)
    frozen, other = turns.OneWriter(path), turns.OneWriter(path)
    frozen.take(db.session())

    through = in_a_thread(app, other.take)

    assert through.wait(PATIENCE_SECONDS)
    assert other.file is None  # it goes on without
    frozen.drop()


def test_who_holds_the_databases_lock_waits_for_no_turn(app, path, patient):
    if db.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL has many writers")
    first, second = turns.OneWriter(path), turns.OneWriter(path)
    first.take(db.session())

    def write(session):
        begin_writing(session.connection())
        second.take(session)

    assert in_a_thread(app, write).wait(PATIENCE_SECONDS)
    first.drop()


def test_a_turn_ends_with_a_roll_back(app, path):
    turn = turns.OneWriter(path)
    turn.take(db.session())

    turn.drop()

    assert turn.file is None
    assert turns.OneWriter(path).since is None


def test_a_database_with_many_writers_has_no_turns(app):
    kind = turns.OneWriter if db.engine.dialect.name == "sqlite" else turns.FreeForAll

    assert isinstance(turns.of(db.session()), kind)


def test_the_engines_own_rows_take_no_turn(app, susan, worker, monkeypatch):
    """A loop that writes nothing has no pause either: its time-line and its notices are the run's own."""
    taken = []
    monkeypatch.setattr(turns.OneWriter, "take", lambda turn, session: taken.append(session))
    monkeypatch.setattr(turns.FreeForAll, "take", lambda turn, session: taken.append(session))

    run = start("two_steps", susan)
    worker.work()
    assert (fresh(run).state, taken) == ("succeeded", [])
    assert db.session.scalars(select(RunEvent.kind).where(RunEvent.kind == "batch")).all()

    posts.publish(susan, "quiet")
    start("shout", susan)
    worker.work()
    assert taken
