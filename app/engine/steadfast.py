"""RQ's worker, made to outlive its Redis: away, full, read-only or emptied, it waits for it and says so once."""

import contextlib
import logging
import time
from typing import Any

import redis
from flask import Flask
from rq import Queue, Worker, worker_registration
from rq.job import Job

from app.engine import queues

WAIT_SECONDS = 3.0
# Who was not heard of for so long is not counted as a worker any more, where RQ has 65 and 90 seconds. It is heard of
# every 15 seconds, and every 5 while it works.
SILENT_SECONDS = 35


class SteadfastWorker(Worker):
    """Whatever goes wrong with Redis, the worker stays, the horse is waited for, and the log has two lines."""

    max_connection_wait_time = WAIT_SECONDS

    def __init__(self, *args: Any, app: Flask, **options: Any) -> None:
        super().__init__(*args, **options)
        self.app = app
        self.log.addFilter(self._says_it_in_our_words)

    def bootstrap(self, *args: Any, **options: Any) -> None:
        """Redis may go away while the worker introduces itself there: it waits, and introduces itself again."""
        while True:
            try:
                super().bootstrap(*args, **options)
                return
            except redis.RedisError as error:
                queues.note_trouble(self.app, error)
            queues.wait_until_well(self.app)
            with contextlib.suppress(redis.RedisError):
                self.connection.delete(self.key)  # or it would be told that there is one of its name

    def dequeue_job_and_maintain_ttl(
        self, timeout: int | None, max_idle_time: int | None = None
    ) -> tuple[Job, Queue] | None:
        """RQ waits for a Redis that is away, and quits when it is read-only or full: that is waited for too."""
        while True:
            try:
                return super().dequeue_job_and_maintain_ttl(timeout, max_idle_time)
            except redis.RedisError as error:
                queues.note_trouble(self.app, error)
                time.sleep(WAIT_SECONDS)

    def execute_job(self, job: Job, queue: Queue) -> None:
        """Redis may go away while the horse works: wait for the horse, then for Redis."""
        try:
            super().execute_job(job, queue)
        except redis.RedisError as error:
            queues.note_trouble(self.app, error)
            if self.horse_pid:
                self.wait_for_horse()
                self._horse_pid = 0
            self.executions.clear()
            with contextlib.suppress(redis.RedisError):
                self.handle_job_lost(job)

    def handle_job_lost(self, job: Job) -> None:
        """It has left its queue, and Redis went away before it was done, or even begun."""

    def maintain_heartbeats(self, job: Job, execution: Any) -> None:
        """Redis away is no reason to leave the horse alone. A flush in the middle of a long run hides nobody."""
        with contextlib.suppress(redis.RedisError):
            super().maintain_heartbeats(job, execution)
            self.connection.hset(self.key, mapping=self.serialize())
            worker_registration.register(self)

    def heartbeat(self, timeout: int | None = None, pipeline: Any = None) -> None:
        """Register again after Redis was flushed or restarted empty, or when it took too long (SILENT_SECONDS,
        whatever RQ asks for); without Redis there is nobody to tell.
        """
        if pipeline is not None:
            super().heartbeat(SILENT_SECONDS, pipeline)
            return
        try:
            if not self._is_horse and not self._is_registered():
                self.connection.delete(self.key)  # or it would be told that there is one of its name
                with contextlib.suppress(ValueError):
                    self.register_birth()
                self.set_state(self._state)
            super().heartbeat(SILENT_SECONDS)
            queues.note_answer(self.app)
        except redis.RedisError as error:
            queues.note_trouble(self.app, error)

    def set_state(self, state: str, pipeline: Any = None) -> None:
        """Redis away is no reason to quit: the loop waits for it where it takes the next job."""
        with contextlib.suppress(redis.RedisError):
            super().set_state(state, pipeline)

    def check_for_suspension(self, burst: bool) -> None:
        """As `set_state`."""
        with contextlib.suppress(redis.RedisError):
            super().check_for_suspension(burst)

    def run_maintenance_tasks(self) -> None:
        """As `set_state`."""
        with contextlib.suppress(redis.RedisError):
            super().run_maintenance_tasks()

    def set_shutdown_requested_date(self) -> None:
        """As `set_state`; this one is called from a signal's handler."""
        with contextlib.suppress(redis.RedisError):
            super().set_shutdown_requested_date()

    def teardown(self) -> None:
        """Without Redis there is nobody to take leave of."""
        with contextlib.suppress(redis.RedisError):
            super().teardown()

    def _is_registered(self) -> bool:
        """That its own key is there says nothing: whatever RQ writes of its state makes it anew, but for the birth."""
        with self.connection.pipeline(transaction=False) as pipeline:
            pipeline.sismember(self.redis_workers_keys, self.key)
            pipeline.hexists(self.key, "birth")
            return all(pipeline.execute())

    def _says_it_in_our_words(self, record: logging.LogRecord) -> bool:
        """RQ logs each of its tries to reach Redis; ours are one line when it goes and one when it comes."""
        if "could not connect to Redis" not in str(record.msg):
            return True
        cause = record.args[1] if isinstance(record.args, tuple) else None
        if isinstance(cause, redis.RedisError):
            queues.note_trouble(self.app, cause)
        return False
