"""The server itself: how many browsers it bears."""

import resource
import socket
from urllib.parse import urlsplit

import pytest

BROWSERS = 500


@pytest.fixture
def few_files():
    """A machine that gives a process few files at first; the server helps itself to more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_500_browsers_that_keep_their_connections_are_all_answered(few_files, live_server):
    resource.setrlimit(resource.RLIMIT_NOFILE, (4 * BROWSERS, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    address = urlsplit(live_server.url)
    kept = []
    try:
        for _ in range(BROWSERS):
            kept.append(socket.create_connection((address.hostname, address.port), 10))
            kept[-1].sendall(b"GET /health HTTP/1.1\r\nHost: test\r\n\r\n")
            assert kept[-1].recv(4096).startswith(b"HTTP/1.1 200"), f"browser {len(kept)} is not answered"
    finally:
        for connection in kept:
            connection.close()
