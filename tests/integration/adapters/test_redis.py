import pytest
from redis import ConnectionError as RedisConnectionError

from app.adapters import redis
from tests.processes import free_port


def test_web_client_fails_at_once_when_redis_is_away(hanging_up):
    client = redis.connect(f"redis://127.0.0.1:{hanging_up.port}/0")

    with pytest.raises(RedisConnectionError):
        client.ping()

    assert hanging_up.calls == 1


def test_worker_client_may_wait_longer_than_a_web_client(redis_url):
    client = redis.connect(redis_url, fast=False)

    assert client.blpop(["nothing-comes"], timeout=1.5) is None


def test_server_tells_about_itself(redis_url):
    facts = redis.about(redis_url)

    assert facts.version and facts.maxmemory_policy == "noeviction"
    assert redis.about(f"redis://127.0.0.1:{free_port()}/0") is None
