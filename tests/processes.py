"""Real processes beside a test: a private Redis, real workers, a real web server. Each is stopped by its own pid."""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import rq
from flask import Flask
from redis import RedisError

from app.adapters import redis
from launch import embedded_redis

ROOT = Path(__file__).resolve().parent.parent
PATIENCE_SECONDS = 60  # for what must come: a machine may be busy with other things


class Process:
    """A child in a session of its own; `stop` ends it and whatever it started."""

    def __init__(self, command: list[str], environment: dict[str, str], log: Path) -> None:
        self.command = command
        self.log = log
        with open(log, "ab") as output:
            self.process = subprocess.Popen(
                command,
                cwd=ROOT,
                env={**os.environ, **environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def output(self) -> str:
        """What it has written so far."""
        return self.log.read_text(errors="replace")

    def signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def kill(self) -> None:
        """`kill -9`, as a machine that loses power does."""
        self.signal(signal.SIGKILL)
        self.process.wait(PATIENCE_SECONDS)

    def stop(self, seconds: float = 10) -> None:
        """End it politely, then not."""
        if self.process.poll() is None:
            self.signal(signal.SIGCONT)
            self.process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(seconds)
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self.process.wait(PATIENCE_SECONDS)

    def wait_until(self, is_ready: Callable[[], object], what: str, seconds: float = PATIENCE_SECONDS) -> None:
        """Wait for `is_ready()`; raises with the process's output when it ends or takes too long."""
        until = time.monotonic() + seconds
        while not is_ready():
            if self.process.poll() is not None or time.monotonic() > until:
                raise AssertionError(f"{' '.join(self.command)}: no {what}\n{self.output}")
            time.sleep(0.02)


class RedisServer(Process):
    """A Redis of the test's own, on a free port; `start` again after `kill` finds the same port and, with
    `is_kept`, the same data."""

    def __init__(self, folder: Path, is_kept: bool = False) -> None:
        self.folder = folder
        self.is_kept = is_kept
        while not self._has_own_port():
            pass

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def _has_own_port(self) -> bool:
        self.port = free_port()
        try:
            self.start()
        except AssertionError:
            if "already in use" not in (self.folder / "server.log").read_text():
                raise
            return False
        return True

    def start(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        command = embedded_redis.server_command(embedded_redis.find_program(), self.folder, self.port)
        if not self.is_kept:
            command[command.index("yes")] = "no"
        super().__init__(command, {}, self.folder / "output.log")
        self.wait_until(self.is_up, "answer of its own")

    def is_up(self) -> bool:
        """True if it answers, and no other server that took the port in that moment: two tests on one Redis would take
        each other's jobs."""
        connection = redis.connect(self.url)
        try:
            return bool(connection.info("server")["process_id"] == self.pid)
        except RedisError:
            return False
        finally:
            connection.close()


class Workers:
    """Starts workers on the test's database and Redis, and waits until each has registered."""

    def __init__(self, environment: dict[str, str], folder: Path) -> None:
        self.environment = environment
        self.folder = folder
        self.started: list[Process] = []
        self.connection = redis.connect(environment["REDIS_URL"], fast=False)

    def ours(self, *queues: str, **environment: str) -> Process:
        """`flask worker` for the queues (both, in its own order, when none is named)."""
        named = ["--queues", ",".join(queues)] if queues else []
        return self._start([sys.executable, "-m", "flask", "worker", *named], environment)

    def stock(self, *queues: str, **environment: str) -> Process:
        """RQ's own `rq worker`, unchanged."""
        program = shutil.which("rq", path=str(Path(sys.executable).parent)) or "rq"
        return self._start([program, "worker", *(queues or ("microblog-tasks",))], environment)

    def stop(self) -> None:
        for process in self.started:
            process.stop(3)
        self.connection.close()

    def _start(self, command: list[str], environment: dict[str, str]) -> Process:
        before = self._names()
        log = self.folder / f"worker-{len(self.started) + 1}.log"
        process = Process(command, {**self.environment, **environment}, log)
        self.started.append(process)
        process.wait_until(lambda: self._names() - before, "registered worker")
        return process

    def _names(self) -> set[str]:
        return {worker.name for worker in rq.Worker.all(connection=self.connection)}


class LiveServer(Process):
    """The app as it is served: granian, on a free port."""

    def __init__(self, environment: dict[str, str], log: Path) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        environment |= {"HOST": "127.0.0.1", "PORT": str(port), "PUBLIC_URL": self.url}
        super().__init__([sys.executable, "-m", "launch.serve"], environment, log)
        self.wait_until(lambda: answers(port), "open port")


def free_port() -> int:
    """Where nobody listens. Below the ports that the kernel gives to who connects: none of them takes it meanwhile."""
    while True:
        port = 10_000 + secrets.randbelow(20_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def is_alive(pid: int) -> bool:
    """True while a process runs under that id; a zombie that nobody has collected does not count."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.fixture(scope="session")
def redis_server_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REDIS_URL", server.url)  # no test comes upon the Redis of whoever runs them
        yield server
    server.stop()


@pytest.fixture
def redis_url(redis_server_process: RedisServer) -> str:
    """The private Redis, emptied."""
    connection = redis.connect(redis_server_process.url)
    connection.flushall()
    connection.close()
    return redis_server_process.url


@pytest.fixture
def own_redis(environment: dict[str, str], tmp_path: Path) -> Iterator[RedisServer]:
    """A Redis for this test alone, to stop, freeze and start again. Ask for it before `app`."""
    server = RedisServer(tmp_path / "redis", is_kept=True)
    environment["REDIS_URL"] = server.url
    yield server
    server.stop()


@pytest.fixture
def workers(app: Flask, environment: dict[str, str], tmp_path: Path) -> Iterator[Workers]:
    """Start real workers: `workers.ours()`, `workers.stock()`."""
    started = Workers(environment, tmp_path)
    yield started
    started.stop()


@pytest.fixture
def live_server(app: Flask, environment: dict[str, str], tmp_path: Path) -> Iterator[LiveServer]:
    server = LiveServer(environment, tmp_path / "web.log")
    yield server
    server.stop()
