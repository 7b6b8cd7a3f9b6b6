"""Redis in every bad state: a click still answers at once, the log says what is wrong once, and all mends itself."""

import logging
import shutil
import signal
import sys
import threading
import time

import pytest
import rq

from app.adapters import redis
from app.engine import housekeeping, queues
from app.engine.steadfast import SteadfastWorker
from tests.application import login
from tests.engine_fixtures import fresh, start, wait_for
from tests.processes import PATIENCE_SECONDS, Process
from tests.stopwatch import timed

pytestmark = pytest.mark.faults

CLICK_SECONDS = 1.0


class PasswordChanged:
    """The server's password is another than REDIS_URL's, until somebody sets it right."""

    sentence = "Redis refuses the password: check REDIS_URL."

    def prepare(self, server, environment):
        self.admin = redis.connect(server.url)
        self.admin.config_set("requirepass", "secret")
        environment["REDIS_URL"] = server.url.replace("redis://", "redis://:secret@")
        self.admin = redis.connect(environment["REDIS_URL"], fast=False)
        self.admin.ping()

    def cause(self):
        self.admin.config_set("requirepass", "another")
        self.admin.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        self.admin.execute_command("CLIENT", "KILL", "TYPE", "pubsub")

    def mend(self):
        self.admin.config_set("requirepass", "secret")


class BecameReplica:
    """After a fail-over REDIS_URL still names the old primary."""

    sentence = "Redis is a read-only replica: point REDIS_URL at the primary."

    def prepare(self, server, environment):
        self.admin = redis.connect(server.url, fast=False)

    def cause(self):
        self.admin.execute_command("REPLICAOF", "127.0.0.1", "1")

    def mend(self):
        self.admin.execute_command("REPLICAOF", "NO", "ONE")


class Full:
    """At its maxmemory, and noeviction: it takes nothing more."""

    sentence = "Redis is full: raise its maxmemory."

    def prepare(self, server, environment):
        self.admin = redis.connect(server.url, fast=False)

    def cause(self):
        self.admin.config_set("maxmemory", "1")

    def mend(self):
        self.admin.config_set("maxmemory", "0")


class Frozen:
    """It takes connections and never answers."""

    sentence = "Redis does not answer in time."

    def prepare(self, server, environment):
        self.server = server

    def cause(self):
        self.server.signal(signal.SIGSTOP)

    def mend(self):
        self.server.signal(signal.SIGCONT)


@pytest.fixture(params=[PasswordChanged, BecameReplica, Full, Frozen])
def trouble(request, own_redis, environment, monkeypatch):
    """A Redis of the test's own, to be brought into trouble. Ask for it before `app`."""
    made = request.param()
    made.prepare(own_redis, environment)
    monkeypatch.setattr(queues, "REST_SECONDS", 0.2)
    yield made
    made.mend()


def click(client, name="two_steps"):
    """Press the button; the run's id, after checking that the answer was quick and right."""
    answer, seconds = timed(lambda: client.post(f"/tasks/{name}", headers={"Accept": "application/json"}))
    assert answer.status_code == 202, answer.text
    assert seconds < CLICK_SECONDS
    return answer.json["run_id"]


def logged(caplog, words):
    return sum(words in record.getMessage() for record in caplog.records)


def test_redis_in_trouble_delays_a_run_and_nothing_else(trouble, app, client, susan, workers, caplog):
    login(client, susan)
    worker = workers.ours()
    client.get("/tasks")

    trouble.cause()

    run_id = click(client)
    for path in ("/tasks", f"/runs/{run_id}", "/notifications", "/health/queues"):
        answer, seconds = timed(lambda path=path: client.get(path))
        assert (answer.status_code, seconds < CLICK_SECONDS) == (200, True), path
    assert "Queued: starting is delayed" in client.get(f"/runs/{run_id}").text
    housekeeping.sweep()
    assert (fresh(run_id).state, fresh(run_id).sent_to) == ("queued", None)
    assert logged(caplog, trouble.sentence) == 1
    worker.wait_until(lambda: trouble.sentence in worker.output, "word of the trouble")
    time.sleep(1)  # several sweeps

    trouble.mend()

    assert wait_for(run_id, lambda row: not row.is_active).state == "succeeded"
    time.sleep(queues.REST_SECONDS)
    housekeeping.sweep()
    assert logged(caplog, "Redis is back") == 1
    worker.wait_until(lambda: "Redis is back" in worker.output, "word that Redis is back")
    assert worker.output.count(trouble.sentence) == worker.output.count("Redis is back") == 1
    assert "Traceback" not in worker.output


def test_a_run_goes_on_through_a_redis_in_trouble(trouble, app, client, susan, workers):
    login(client, susan)
    worker = workers.ours()
    run_id = click(client, "slow")
    wait_for(run_id, lambda row: row.done > 5)

    trouble.cause()

    ended = wait_for(run_id, lambda row: not row.is_active)
    assert (ended.state, ended.done, ended.claim) == ("succeeded", 100, 1)
    trouble.mend()
    assert wait_for(click(client), lambda row: not row.is_active).state == "succeeded"
    assert worker.process.poll() is None


def test_a_job_taken_in_the_moment_redis_fills_up_is_not_lost(own_redis, environment, request):
    """It has left its queue and cannot be begun: it is sent again as soon as Redis is well."""
    environment["TASK_MODULES"] = "tests.trials,tests.fills_up"
    client, susan = request.getfixturevalue("client"), request.getfixturevalue("susan")
    worker = request.getfixturevalue("workers").ours()
    login(client, susan)

    run_id = click(client)
    worker.wait_until(lambda: "Redis is full" in worker.output, "word that Redis is full")
    wait_for(run_id, lambda row: row.sent_to is None)
    redis.connect(own_redis.url, fast=False).config_set("maxmemory", "0")

    ended = wait_for(run_id, lambda row: not row.is_active)
    assert (ended.state, ended.claim, ended.send, ended.strikes) == ("succeeded", 1, 2, 0)
    assert worker.process.poll() is None
    assert "Traceback" not in worker.output


def test_a_worker_that_starts_before_redis_waits_for_it(own_redis, app, environment, tmp_path):
    own_redis.kill()
    worker = Process([sys.executable, "-m", "flask", "worker"], environment, tmp_path / "early.log")
    try:
        worker.wait_until(lambda: "Redis is away" in worker.output, "word that Redis is away")
        time.sleep(2)

        own_redis.start()

        connection = redis.connect(own_redis.url)
        worker.wait_until(lambda: rq.Worker.count(connection=connection) == 1, "registered worker")
        worker.wait_until(lambda: "Redis is back" in worker.output, "word that Redis is back")
        assert worker.output.count("Redis is away") == worker.output.count("Redis is back") == 1
        assert "Traceback" not in worker.output
    finally:
        worker.stop()


def test_a_worker_waiting_for_redis_can_be_stopped(own_redis, app, environment, tmp_path):
    own_redis.kill()
    worker = Process([sys.executable, "-m", "flask", "worker"], environment, tmp_path / "early.log")
    worker.wait_until(lambda: "Redis is away" in worker.output, "word that Redis is away")

    worker.signal(signal.SIGTERM)

    worker.process.wait(PATIENCE_SECONDS)


def test_an_idle_worker_leaves_at_once_while_redis_is_away(own_redis, app, workers):
    worker = workers.ours()
    connection = redis.connect(own_redis.url)
    worker.wait_until(
        lambda: [each.get_state() for each in rq.Worker.all(connection)] == ["idle"], "worker that waits for jobs"
    )
    own_redis.kill()
    worker.wait_until(lambda: "Redis is away" in worker.output, "word that Redis is away")

    worker.signal(signal.SIGTERM)

    assert worker.process.wait(PATIENCE_SECONDS) == 0
    assert "Traceback" not in worker.output


def test_a_redis_that_dies_while_a_worker_introduces_itself_is_waited_for(own_redis, app):
    class Unlucky(SteadfastWorker):
        def subscribe(self):
            if not is_hit:
                is_hit.append(own_redis.kill())
                threading.Timer(1, own_redis.start).start()
            super().subscribe()

    is_hit = []
    connection = redis.connect(own_redis.url, fast=False)
    worker = Unlucky([rq.Queue("microblog-tasks", connection=connection)], connection=connection, app=app)

    worker.bootstrap("WARNING")

    try:
        assert is_hit and [each.name for each in rq.Worker.all(connection=connection)] == [worker.name]
    finally:
        worker.teardown()


def test_a_worker_registers_again_though_its_state_was_written_after_a_flush(own_redis, app):
    connection = redis.connect(own_redis.url, fast=False)
    worker = SteadfastWorker([rq.Queue("microblog-tasks", connection=connection)], connection=connection, app=app)
    worker.bootstrap("WARNING")
    connection.flushall()
    worker.set_state("busy")

    worker.heartbeat()

    try:
        (registered,) = rq.Worker.all(queue=worker.queues[0])
        assert (registered.name, registered.get_state()) == (worker.name, "busy")
    finally:
        worker.teardown()


def test_a_worker_registers_again_when_its_key_ran_out(own_redis, app):
    """It was frozen for so long that Redis forgot it, and nobody looked before it wrote its state."""
    connection = redis.connect(own_redis.url, fast=False)
    worker = SteadfastWorker([rq.Queue("microblog-tasks", connection=connection)], connection=connection, app=app)
    worker.bootstrap("WARNING")
    connection.delete(worker.key)
    worker.set_state("idle")

    worker.heartbeat()

    try:
        (registered,) = rq.Worker.all(connection=connection)
        assert registered.queue_names() == ["microblog-tasks"]
    finally:
        worker.teardown()


def test_a_worker_that_is_gone_is_counted_for_35_seconds_and_one_that_works_is_not_hidden(app, susan, workers):
    connection = redis.connect(app.config["REDIS_URL"])
    worker = workers.ours()
    (name,) = workers._names()
    key = f"rq:worker:{name}"
    worker.wait_until(lambda: 0 < connection.ttl(key) <= 35, "first word that it is there")

    start("patient", susan, count=1000, seconds=0.05)
    worker.wait_until(lambda: connection.hget(key, "state") == b"busy", "worker at work")
    connection.srem("rq:workers", key)

    worker.wait_until(lambda: workers._names() == {name}, "worker that registered again")
    assert connection.hget(key, "state") == b"busy" and 0 < connection.ttl(key) <= 35


def test_redis_restarted_empty(own_redis, app, client, susan, john, workers):
    """What waited there is sent again, and a worker that was there before registers again and takes it."""
    worker = workers.ours("microblog-high")
    login(client, susan)
    run_id = click(client)
    assert fresh(run_id).sent_to == "microblog-tasks"

    own_redis.kill()
    shutil.rmtree(own_redis.folder)
    own_redis.start()

    worker.wait_until(lambda: workers._names(), "worker that registered again")
    workers.ours()

    ended = wait_for(run_id, lambda row: not row.is_active)
    assert (ended.state, ended.send) == ("succeeded", 2)
    assert wait_for(click(client, "short_one"), lambda row: not row.is_active).state == "succeeded"
    assert worker.process.poll() is None


def test_a_redis_that_evicts_is_warned_of_once(own_redis, app, workers):
    redis.connect(own_redis.url).config_set("maxmemory-policy", "allkeys-lru")
    warning = "Redis loses jobs when it is full (maxmemory-policy allkeys-lru): set it to noeviction."

    worker = workers.ours()

    worker.wait_until(lambda: warning in worker.output, "warning")
    time.sleep(1.5)
    assert worker.output.count(warning) == 1
    result = app.test_cli_runner().invoke(args=["doctor"])
    assert "maxmemory-policy allkeys-lru" in result.output


def test_a_web_server_warns_of_a_redis_that_evicts(own_redis, app, request):
    redis.connect(own_redis.url).config_set("maxmemory-policy", "volatile-ttl")

    server = request.getfixturevalue("live_server")

    server.wait_until(lambda: "maxmemory-policy volatile-ttl" in server.output, "warning")
    time.sleep(1.5)
    assert server.output.count("maxmemory-policy volatile-ttl") == 1


def test_a_redis_that_keeps_is_not_warned_of(app, caplog):
    queues.examine()

    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]
