"""Opens Redis clients. A web process must fail fast when Redis is away; a worker may wait for it."""

from dataclasses import dataclass

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

CONNECT_SECONDS = 0.25
ANSWER_SECONDS = 0.5  # a page that finds it frozen still answers within a second


@dataclass(frozen=True)
class ServerFacts:
    """What a server says of itself; the policy is empty where it does not tell."""

    version: str
    maxmemory_policy: str


def connect(url: str, fast: bool = True) -> redis.Redis:
    """A client for `url`; nothing is opened before its first command.

    `fast` is for web processes: one try, no retries, so a request never hangs (redis-py's own default is ten tries,
    3–4 s). Without it the client is redis-py's own, for a worker whose blocking reads last as long as they like.
    """
    if not fast:
        return redis.Redis.from_url(url)
    return redis.Redis.from_url(
        url,
        retry=Retry(NoBackoff(), 0),
        socket_connect_timeout=CONNECT_SECONDS,
        socket_timeout=ANSWER_SECONDS,
    )


def answers(url: str) -> bool:
    """True if a Redis or Valkey at `url` answers a PING at once."""
    client = connect(url)
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False
    finally:
        client.close()


def about(url: str) -> ServerFacts | None:
    """What the server at `url` says of itself, or None if it does not answer."""
    client = connect(url)
    try:
        info = client.info()
        version = str(info.get("valkey_version") or info.get("redis_version"))
        return ServerFacts(version, str(info.get("maxmemory_policy", "")))
    except redis.RedisError:
        return None
    finally:
        client.close()
