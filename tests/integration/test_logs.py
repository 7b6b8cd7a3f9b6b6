"""What the log tells of a process and of a run, a line each."""

import logging
import re

from app import logs
from app.engine import outbox
from tests.engine_fixtures import fresh


def test_a_process_says_what_it_stands_on_and_no_secret(app, caplog):
    app.config["REDIS_URL"] = "rediss://name:secret@redis.example:6380/2?password=secret"
    app.config["SQLALCHEMY_DATABASE_URI"] = "postgresql+psycopg://name:secret@db.example/microblog"

    with caplog.at_level(logging.INFO, "app"):
        logs.started(app, "Web")

    assert re.fullmatch(
        r"Web started: process \d+, Redis redis\.example:6380/2, database postgresql", caplog.messages[0]
    )


def test_a_socket_is_told_by_its_path(app, caplog):
    app.config["REDIS_URL"] = "unix:///run/redis.sock"

    with caplog.at_level(logging.INFO, "app"):
        logs.started(app, "Web")

    assert "Redis /run/redis.sock, database" in caplog.messages[0]


def test_a_run_is_told_when_it_is_taken_and_when_it_is_left(susan, worker, caplog):
    run = outbox.request("two_steps", by=susan)

    with caplog.at_level(logging.INFO, "app.engine.runner"):
        worker.work()

    assert fresh(run).state == "succeeded"
    taken, left = (line for line in caplog.messages if run.id in line)
    assert taken == f"run {run.id} taken: two_steps, claim 1"
    assert re.fullmatch(rf"run {run.id} left: two_steps, claim 1, succeeded after \d+\.\d s", left)


def test_workers_say_so_when_they_start(app, workers):
    process = workers.ours()

    assert re.search(r"Worker for microblog-high, microblog-tasks started: process \d+, Redis 127", process.output)


def test_a_server_says_so_when_it_starts(live_server):
    line = r"Web started: process \d+, Redis 127\.0\.0\.1:\d+/\d+, database \w+\n"
    live_server.wait_until(lambda: re.search(line, live_server.output), "line in its log")
