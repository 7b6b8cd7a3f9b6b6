"""The only maker of RQ queues, and all that is asked of Redis: send a job, is it still there, who listens.

Redis is a doorbell. After one failed connect it is left alone for five seconds, so a page never waits for it twice.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

import redis
from flask import Flask, current_app, has_app_context
from rq import Queue, Worker
from rq.exceptions import NoSuchJobError
from rq.job import Job

from app.adapters import redis as redis_adapter
from app.engine import faults
from app.engine.registry import DEFAULT_QUEUE, HIGH_QUEUE
from config import Config

log = logging.getLogger(__name__)

ENTRY_POINT = "app.tasks.perform"
PLAIN_ENTRY_POINT = "app.tasks.perform_plain"
QUEUES = (DEFAULT_QUEUE, HIGH_QUEUE)
REST_SECONDS = 5.0
FAILURE_TTL_SECONDS = 7 * 86400
KEEPING_POLICIES = ("noeviction", "")  # nothing where the server does not tell

_UNDER_WAY = (b"queued", b"started")
_RUN_ID_LENGTH = 36
Answer = TypeVar("Answer")


class RedisAway(Exception):
    """Redis cannot be reached or cannot take a job now; the message is one sentence with the cause."""


@dataclass(frozen=True)
class ListeningWorker:
    """A worker as Redis knows it."""

    name: str
    host: str
    pid: int
    queues: tuple[str, ...]
    state: str
    current_job: str | None
    last_heartbeat: datetime | None


class _Door:
    """One client per process, and the memory of its last failure."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.client = redis_adapter.connect(url, fast=True)
        self.closed_until = 0.0
        self.causes: set[str] = set()
        self.is_examined = False
        self.lock = threading.Lock()

    @property
    def is_down(self) -> bool:
        """True from the first failure until it can be written to again."""
        return bool(self.causes)


def init_app(app: Flask) -> None:
    """Bind the queues to the application's Redis; connects to nothing."""
    app.extensions["microblog-redis"] = _Door(app.config["REDIS_URL"])


def call(action: Callable[[redis.Redis], Answer]) -> Answer:
    """`action(client)`; raises RedisAway at once during the rest after a failure. Says once that Redis went or came."""
    app, door = _app(), _door()
    if time.monotonic() < door.closed_until:
        raise RedisAway("Redis does not answer.")
    try:
        faults.refuse_redis()
        answer = action(door.client)
    except redis.RedisError as error:
        door.closed_until = time.monotonic() + REST_SECONDS
        note_trouble(app, error)
        raise RedisAway(explain(error)) from error
    note_answer(app)
    return answer


def note_trouble(app: Flask, error: redis.RedisError) -> None:
    """Redis failed: the log says so, once for each cause until it is well again."""
    door: _Door = app.extensions["microblog-redis"]
    sentence = explain(error)
    with door.lock:
        if sentence not in door.causes:
            log.warning("Redis is away: %s Runs are kept and sent when it is back.", sentence)
        door.causes.add(sentence)


def note_answer(app: Flask) -> None:
    """Redis answered: if it was away the log says that it is back, as soon as it can also be written to."""
    door: _Door = app.extensions["microblog-redis"]
    if door.is_down and _is_writable(door.client):
        with door.lock:
            if door.is_down:
                log.warning("Redis is back.")
            door.causes.clear()


def wait_until_well(app: Flask) -> None:
    """Return when Redis can be written to; a worker has nothing to do before."""
    door: _Door = app.extensions["microblog-redis"]
    while True:
        try:
            _write(door.client)
            break
        except redis.RedisError as error:
            note_trouble(app, error)
            time.sleep(1)
    note_answer(app)


def examine() -> None:
    """Warn, once in this process, of a Redis that throws keys away when it is full: jobs are keys. Raises RedisAway."""
    door = _door()
    if door.is_examined:
        return
    policy = call(lambda client: str(client.info("memory").get("maxmemory_policy", "")))
    door.is_examined = True
    if policy not in KEEPING_POLICIES:
        log.warning("Redis loses jobs when it is full (maxmemory-policy %s): set it to noeviction.", policy)


def is_away() -> bool:
    """True if the last word from Redis in this process was a failure."""
    return _door().is_down


def explain(error: redis.RedisError) -> str:
    """One sentence: what is wrong with Redis and what to do."""
    text = str(error)
    if isinstance(error, redis.AuthenticationError) or "NOAUTH" in text or "WRONGPASS" in text:
        return "Redis refuses the password: check REDIS_URL."
    if isinstance(error, redis.ReadOnlyError) or "UNBLOCKED" in text:  # the latter while it becomes one
        return "Redis is a read-only replica: point REDIS_URL at the primary."
    if isinstance(error, redis.OutOfMemoryError):
        return "Redis is full: raise its maxmemory."
    if "MISCONF" in text:
        return "Redis cannot save to its disk: look at the server's disk and log."
    if isinstance(error, redis.BusyLoadingError):
        return "Redis is loading its data: it will be back by itself."
    if isinstance(error, redis.TimeoutError):
        return "Redis does not answer in time."
    return "Redis does not answer: start it, or check REDIS_URL."


def job_id(run_id: str, claim: int, number: int) -> str:
    """The name of the `number`-th envelope of a run, which offers this claim.

    A sender's word of its number may come after the claim has been taken and lost: without the claim in it, the
    next envelope would have a dead one's name, and be thrown away as that.
    """
    return f"{run_id}-{claim}-{number}"


def run_of(job_id: str) -> str | None:
    """The run that an envelope is for; None for a plain job, which has none."""
    return job_id[:_RUN_ID_LENGTH] if len(job_id) > _RUN_ID_LENGTH else None


def number_of(job_id: str) -> int:
    """Which of its run's envelopes this is."""
    return int(job_id.rpartition("-")[2])


def send(run_id: str, claim: int, number: int, queue: str, at_front: bool = False) -> None:
    """Ring the bell for a run: a job that names the claim it may take. Raises RedisAway."""
    call(
        lambda client: Queue(queue, connection=client).enqueue_call(
            ENTRY_POINT,
            args=(run_id, claim),
            job_id=job_id(run_id, claim, number),
            timeout=-1,
            result_ttl=0,
            failure_ttl=FAILURE_TTL_SECONDS,
            description=f"{run_id} claim {claim}",
            at_front=at_front,
        )
    )


def is_waiting(run_id: str, claim: int, number: int, queue: str) -> bool:
    """True if the envelope still lies in its queue. Raises RedisAway.

    Asks the list itself: a worker killed between taking a job and beginning it leaves one that says "queued".
    """
    name = job_id(run_id, claim, number)
    return call(lambda client: Queue(queue, connection=client).get_job_position(name)) is not None


def are_over(envelopes: Sequence[tuple[str, int, int]]) -> list[bool]:
    """For each (run, claim, number): true if it is gone from Redis, or has ended there. Raises RedisAway."""

    def look(client: redis.Redis) -> list[bytes | None]:
        with client.pipeline(transaction=False) as pipeline:
            for envelope in envelopes:
                pipeline.hget(Job.key_for(job_id(*envelope)), "status")
            return pipeline.execute()

    return [status not in _UNDER_WAY for status in call(look)]


def forget(run_id: str, claim: int, number: int) -> None:
    """Remove a dead claim's envelope from RQ's registries, so that `rq info` tells the truth. Raises RedisAway."""

    def remove(client: redis.Redis) -> None:
        try:
            Job.fetch(job_id(run_id, claim, number), connection=client).delete()
        except NoSuchJobError:
            pass

    call(remove)


def listening() -> list[ListeningWorker]:
    """The workers registered in Redis, by name. Raises RedisAway."""

    def look(client: redis.Redis) -> list[ListeningWorker]:
        return [
            ListeningWorker(
                name=worker.name,
                host=worker.hostname or "",
                pid=worker.pid or 0,
                queues=tuple(worker.queue_names()),
                state=str(worker.get_state()),
                current_job=worker.get_current_job_id(),
                last_heartbeat=worker.last_heartbeat,
            )
            for worker in Worker.all(connection=client)
        ]

    return sorted(call(look), key=lambda worker: worker.name)


def waiting(names: Sequence[str]) -> int:
    """How many jobs lie in those queues, the tutorial's plain ones among them. Raises RedisAway."""
    return call(lambda client: sum(Queue(name, connection=client).count for name in names))


def _app() -> Flask:
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]  # the proxy's own way out
    return app


def _door() -> _Door:
    door: _Door = current_app.extensions["microblog-redis"]
    return door


def _is_writable(client: redis.Redis) -> bool:
    try:
        _write(client)
    except redis.RedisError:
        return False
    return True


def _write(client: redis.Redis) -> None:
    """A read-only or full server answers questions; only this tells."""
    faults.refuse_redis()
    client.set("microblog:well", 1, px=1000)


class PlainQueue(Queue):
    """The tutorial's queue: `enqueue` any plain function, and it runs inside the app. Connects when first used."""

    def __init__(self, name: str = DEFAULT_QUEUE) -> None:
        self._clients: dict[str, redis.Redis] = {}
        super().__init__(name, connection=redis_adapter.connect("redis://127.0.0.1:6379/0"), default_timeout=-1)

    @property
    def connection(self) -> redis.Redis:
        """The client of the current app's Redis; outside an app, of the environment's."""
        url = current_app.config["REDIS_URL"] if has_app_context() else Config().REDIS_URL
        if url not in self._clients:
            self._clients[url] = redis_adapter.connect(url)
        return self._clients[url]

    @connection.setter
    def connection(self, _client: redis.Redis) -> None:
        """RQ's constructor sets one; the property decides instead."""

    def create_job(  # type: ignore[override]  # the rest of RQ's twenty options pass through by name
        self, func: Any, args: Any = None, kwargs: Any = None, **options: Any
    ) -> Job:
        """An envelope that opens the app around `func`, a function or its dotted path."""
        path = func if isinstance(func, str) else f"{func.__module__}.{func.__qualname__}"
        options["description"] = options.get("description") or path
        return super().create_job(PLAIN_ENTRY_POINT, args=(path, *(args or ())), kwargs=kwargs, **options)
