"""The database goes away, is locked, or is read-only, in mid-run: the run waits, goes on, and does nothing twice."""

import sqlite3
import threading
import time

import psycopg
import pytest
import sqlalchemy

from app.extensions import db
from app.models import Post
from tests.application import login
from tests.engine_fixtures import fresh, numbers_written, start, wait_for

pytestmark = pytest.mark.faults


def is_sqlite():
    return db.engine.dialect.name == "sqlite"


def test_backends_terminated_in_mid_batch(app, susan, workers):
    if is_sqlite():
        pytest.skip("SQLite has no backends")
    workers.ours()
    run = start("slow", susan, count=200, seconds=0.02)
    wait_for(run, lambda row: row.done > 5)

    url = sqlalchemy.make_url(app.config["SQLALCHEMY_DATABASE_URI"]).set(drivername="postgresql")
    for _ in range(3):
        terminate_others(url.render_as_string(hide_password=False))
        time.sleep(0.6)

    ended = wait_again(run)
    assert (ended.state, numbers_written(ended), ended.attempt) == ("succeeded", 200, 1)


@pytest.mark.parametrize("path", ["/notifications", "/", "/tasks"])
def test_a_page_whose_connection_is_cut_asks_again(app, client, susan, path):
    """Cut after the pool has looked whether it is well, and before the statement."""
    if is_sqlite():
        pytest.skip("SQLite has no backends")
    login(client, susan)
    cut = []

    def cut_once(connection, _record, _proxy):
        if not cut:
            cut.append(connection.info.backend_pid)
            with psycopg.connect(connection.info.dsn, autocommit=True) as other:
                other.execute("SELECT pg_terminate_backend(%s, 5000)", cut)

    sqlalchemy.event.listen(db.engine, "checkout", cut_once)

    assert client.get(path).status_code == 200
    assert len(cut) == 1


def test_a_connection_cut_after_the_answer_makes_no_error_of_it(app):
    """What the page did is committed; there is only nobody left to roll back."""
    if is_sqlite():
        pytest.skip("SQLite has no backends")
    with app.app_context():
        db.session.execute(sqlalchemy.select(1))
        driver = db.session.connection().connection.driver_connection
        with psycopg.connect(driver.info.dsn, autocommit=True) as other:
            other.execute("SELECT pg_terminate_backend(%s, 5000)", [driver.info.backend_pid])

    with app.app_context():
        assert db.session.scalar(sqlalchemy.select(1)) == 1
    assert db.engine.pool.checkedout() == 0


def terminate_others(url):
    db.session.remove()
    db.engine.dispose()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def wait_again(run):
    db.session.remove()
    return wait_for(run, lambda row: not row.is_active)


def test_a_lock_held_for_seconds(app, susan, workers, database_url):
    """Another writer holds what the run needs: it waits and finishes, in the same claim or the next."""
    workers.ours()
    run = start("slow", susan, count=300, seconds=0.02)
    wait_for(run, lambda row: row.done > 5)

    if is_sqlite():
        hold_sqlite(database_url.removeprefix("sqlite:///"), 7)
    else:
        hold_postgres(app, run.id, 7)

    ended = wait_again(run)
    assert (ended.state, numbers_written(ended)) == ("succeeded", 300)


def hold_sqlite(file, seconds):
    blocker = sqlite3.connect(file, isolation_level=None, timeout=10)
    blocker.execute("BEGIN IMMEDIATE")
    time.sleep(seconds)
    blocker.execute("ROLLBACK")
    blocker.close()


def hold_postgres(app, run_id, seconds):
    url = sqlalchemy.make_url(app.config["SQLALCHEMY_DATABASE_URI"]).set(drivername="postgresql")
    with psycopg.connect(url.render_as_string(hide_password=False)) as blocker:
        blocker.execute("SELECT 1 FROM run WHERE id = %s FOR UPDATE", (run_id,))
        time.sleep(seconds)


def test_web_and_four_workers_write_to_sqlite_at_once(app, susan, john, mary, david, workers):
    """Zero "database is locked", and the page's own writes are not starved."""
    if not is_sqlite():
        pytest.skip("PostgreSQL has many writers")
    for _ in range(4):
        workers.ours()
    runs = [start("slow", member, count=1500, seconds=0) for member in (susan, john, mary, david)]
    times, errors = [], []
    member_id = susan.id

    def write_as_the_web():
        with app.app_context():
            while any(fresh(run_id).is_active for run_id in run_ids):
                began = time.monotonic()
                try:
                    db.session.add(Post(author_id=member_id, body="from the web"))
                    db.session.commit()
                except Exception as error:
                    errors.append(error)
                    db.session.rollback()
                times.append(time.monotonic() - began)
                time.sleep(0.01)
            db.session.remove()

    run_ids = [run.id for run in runs]
    web = threading.Thread(target=write_as_the_web)
    web.start()
    ended = [wait_for(run_id, lambda row: not row.is_active) for run_id in run_ids]
    web.join()

    assert [row.state for row in ended] == ["succeeded"] * 4
    assert [row.attempt for row in ended] == [1] * 4
    assert errors == []
    assert sorted(times)[int(len(times) * 0.95)] < 1.0
    assert "locked" not in "".join(worker.output for worker in workers.started)
