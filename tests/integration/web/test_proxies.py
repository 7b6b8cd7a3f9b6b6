import pytest
from flask import request

FORGED = {"X-Forwarded-For": "203.0.113.9, 198.51.100.7", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "forged"}


@pytest.fixture
def seen(app, client):
    """What the site takes for true of a request."""

    @app.get("/seen")
    def seen():
        return [request.remote_addr, request.scheme, request.host]

    return lambda: client.get("/seen", headers=FORGED).json


@pytest.fixture
def behind(request, environment):
    environment["TRUSTED_PROXIES"] = request.param


def test_nobody_is_believed_by_default(seen):
    assert seen() == ["127.0.0.1", "http", "localhost"]


@pytest.mark.parametrize("behind", ["1"], indirect=True)
def test_a_trusted_proxy_is_believed_the_last_address_alone(behind, seen):
    assert seen() == ["198.51.100.7", "https", "forged"]
