"""The site under test: its own Valkey, a web server and workers, each started again a second after it ended."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import sqlalchemy
from psycopg import sql

from app.adapters import redis
from benchmarks import house
from launch import embedded_redis, lifeline

AGAIN_SECONDS = 1.0
MODULE = "benchmarks.soak.audit"


class Child:
    """A process of the site; what it says goes to a file of its name."""

    def __init__(self, name: str, command: list[str], folder: Path) -> None:
        self.name, self.starts, self.due_at = name, 0, 0.0
        self.log = folder / f"{name}.log"
        self._command = ["sh", "-c", 'exec "$@" >> "$0" 2>&1', str(self.log), *command]
        self.process: subprocess.Popen[bytes] | None = None

    def tend(self) -> None:
        """Start it if it is due; if it has ended, it will be in a second."""
        now = time.monotonic()
        if self.process is None:
            if now >= self.due_at:
                self.process, self.starts = lifeline.start(self._command), self.starts + 1
        elif self.process.poll() is not None:
            self.process, self.due_at = None, now + AGAIN_SECONDS

    @property
    def pid(self) -> int | None:
        """None while it is not there."""
        return self.process.pid if self.process is not None and self.process.poll() is None else None

    @property
    def children(self) -> list[int]:
        """What it has started and is still there: a worker's work horse."""
        try:
            return [int(pid) for pid in Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()]
        except OSError:
            return []

    def end(self) -> None:
        """Politely, and after some seconds not."""
        if self.process is None:
            return
        for number, seconds in ((signal.SIGCONT, 0.0), (signal.SIGTERM, 15.0), (signal.SIGKILL, 10.0)):
            if self.process.poll() is None:
                self.process.send_signal(number)
                try:
                    self.process.wait(seconds)
                except subprocess.TimeoutExpired:
                    pass


class Site:
    """All of it. The conductor has one thread, for its children live as long as the thread that started them."""

    def __init__(self, folder: Path, workers: int) -> None:
        self.port, redis_port = house.free_port(), house.free_port()
        self.redis_url = f"redis://127.0.0.1:{redis_port}/0"
        kept = folder / "redis"
        kept.mkdir()
        store = embedded_redis.server_command(embedded_redis.find_program(), kept, redis_port)
        self.redis = Child("redis", store, folder)
        self.web = Child("web", [sys.executable, "-m", "launch.serve"], folder)
        worker = [sys.executable, "-m", "flask", "worker"]
        self.workers = [Child(f"worker-{number}", worker, folder) for number in range(1, workers + 1)]
        os.environ.update(
            INSTANCE_PATH=str(folder),
            REDIS_URL=self.redis_url,
            STORAGE_URL="",
            SECRET_KEY="only-for-benchmarks-" * 2,
            TASK_MODULES=MODULE,
            HOST="127.0.0.1",
            PORT=str(self.port),
            PUBLIC_URL=f"http://127.0.0.1:{self.port}",
        )

    @property
    def children(self) -> list[Child]:
        """In the order they are started."""
        return [self.redis, self.web, *self.workers]

    def tend(self) -> None:
        """Start what is due."""
        for child in self.children:
            child.tend()

    def start(self) -> None:
        """Until Redis answers and the web listens."""
        self.redis.tend()
        house.wait_until(lambda: redis.answers(self.redis_url), 10)
        self.tend()
        house.wait_until(lambda: house.listens(self.port), 60)

    def end(self) -> None:
        """What stands on others first."""
        for child in (*self.workers, self.web, self.redis):
            child.end()


@contextmanager
def database(url: str) -> Iterator[str]:
    """The URL of an empty database: SQLite in the instance's folder, or one made on the given PostgreSQL server."""
    if not url:
        yield ""
        return
    server, name = sqlalchemy.make_url(url).set(drivername="postgresql"), f"soak_{os.getpid()}"
    with psycopg.connect(server.render_as_string(hide_password=False), autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            yield server.set(database=name).render_as_string(hide_password=False)
        finally:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
