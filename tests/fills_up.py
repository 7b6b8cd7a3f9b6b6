"""A worker's process loads this by TASK_MODULES: in the moment it has taken its first job, Redis is full."""

from typing import Any

import rq

from app.adapters import redis
from config import Config

_take = rq.Queue.dequeue_any.__func__
_is_filled = False


def _take_and_fill(cls: type[rq.Queue], *args: Any, **options: Any) -> Any:
    global _is_filled
    taken = _take(cls, *args, **options)
    if taken is not None and not _is_filled:
        redis.connect(Config().REDIS_URL, fast=False).config_set("maxmemory", "1")
        _is_filled = True
    return taken


rq.Queue.dequeue_any = classmethod(_take_and_fill)
