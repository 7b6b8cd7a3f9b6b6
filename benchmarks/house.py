"""A house to measure in: a fresh instance, its own Redis, seeded members and real processes, all gone at the end."""

import http.client
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from flask import Flask

from app import create_app
from app.adapters import redis
from app.engine import monitor
from app.extensions import db
from app.models import Run, User
from app.services import schema, seeding
from config import Config
from launch import embedded_redis

ROOT = Path(__file__).resolve().parent.parent


@contextmanager
def open_house(users: int = 10, posts: int = 0, follows: int = 3) -> Iterator[Flask]:
    """An app in an open app context, over a migrated, seeded SQLite (or BENCHMARK_DATABASE_URL) and its own Redis."""
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="microblog-benchmark-"))
        url = stack.enter_context(_own_redis(Path(folder) / "redis"))
        os.environ.update(INSTANCE_PATH=folder, REDIS_URL=url, SECRET_KEY="only-for-benchmarks-" * 2)
        os.environ["DATABASE_URL"] = os.environ.get("BENCHMARK_DATABASE_URL", "")
        os.environ["STORAGE_URL"] = ""
        os.environ["SCHEDULES"] = "off"
        app = create_app(Config(dict(os.environ)))
        stack.enter_context(app.app_context())
        schema.prepare()
        seed(users, posts, follows)
        yield app
        db.session.remove()
        db.engine.dispose()


def seed(users: int, posts: int, follows: int, number: int = 1) -> None:
    """Members `member_<number>_0` … with posts and follows."""
    for _written in seeding.plant(users, posts, follows, number, is_open=False):
        db.session.commit()


def first_member() -> User:
    """The member whose pages and runs are measured."""
    return db.session.query(User).order_by(User.id).first()


@contextmanager
def process(*command: str, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """A child in the house's environment, ended by its pid."""
    child = subprocess.Popen(
        [sys.executable, "-m", *command],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield child
    finally:
        child.terminate()
        child.wait(20)


@contextmanager
def served(module: str = "launch.serve") -> Iterator[int]:
    """The port of a served app: ours, or the reference in `module`."""
    port = free_port()
    with process(module, PORT=str(port), HOST="127.0.0.1"):
        wait_until(lambda: listens(port), 60)
        yield port


class Visitor:
    """A signed-in member's kept connection."""

    def __init__(self, app: Flask, port: int, member: User | None) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port)
        self.headers = {"Cookie": f"session={_cookie(app, member)}"} if member else {}

    def get(self, path: str, **headers: str) -> tuple[int, bytes]:
        """Status and body."""
        return self.request("GET", path, None, headers)

    def request(self, method: str, path: str, body: str | None, headers: dict[str, str]) -> tuple[int, bytes]:
        """Status and body."""
        self.connection.request(method, path, body, {**self.headers, **headers})
        answer = self.connection.getresponse()
        return answer.status, answer.read()


def look(run_id: str) -> Run:
    """The run as it is now."""
    db.session.rollback()
    row = db.session.get(Run, run_id, populate_existing=True)
    assert row is not None
    return row


def is_listening(pid: int) -> bool:
    """True if a worker of that process is registered."""
    monitor.refresh()
    return any(worker.pid == pid for worker in monitor.workers())


def parent(pid: int) -> int:
    """The process id of its parent (Linux)."""
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def alternate(
    first: Callable[[], object], second: Callable[[], object], rounds: int, calls: int
) -> tuple[float, float]:
    """Median seconds a call of each, measured turn by turn so that a noisy machine is noisy for both."""
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds):
        for place, call in enumerate((first, second)):
            began = time.perf_counter()
            for _ in range(calls):
                call()
            times[place].append((time.perf_counter() - began) / calls)
    return statistics.median(times[0]), statistics.median(times[1])


def percentile(values: list[float], share: float) -> float:
    """The value below which `share` (0–1) of them lie."""
    return sorted(values)[min(int(len(values) * share), len(values) - 1)]


def say(name: str, value: float, bound: str = "", unit: str = "") -> None:
    """A line of the report."""
    print(f"{name:<58} {value:>12,.3f} {unit:<4} {bound}", flush=True)


def peak_memory_megabytes() -> float:
    """The most this process ever held (Linux). Not `ru_maxrss`: that remembers the parent's peak over an exec."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def wait_until(is_so: Callable[[], object], seconds: float) -> None:
    """Until it is so. Raises TimeoutError."""
    until = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > until:
            raise TimeoutError("It did not come about in time.")
        time.sleep(0.005)


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def _own_redis(folder: Path) -> Iterator[str]:
    folder.mkdir(parents=True)
    port = free_port()
    server = subprocess.Popen(embedded_redis.server_command(embedded_redis.find_program(), folder, port))
    url = f"redis://127.0.0.1:{port}/0"
    try:
        wait_until(lambda: redis.answers(url), 10)
        yield url
    finally:
        server.terminate()
        server.wait(10)


def listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _cookie(app: Flask, member: User) -> str:
    serializer = app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]
    return str(serializer.dumps({"_user_id": member.get_id(), "_fresh": True}))
