"""A server that takes every call and hangs up: who counts its calls sees how often somebody tries."""

import socket
import threading
from collections.abc import Iterator

import pytest


class HangingUp:
    """`calls` is how often somebody has connected so far."""

    def __init__(self) -> None:
        self.calls = 0
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._take, daemon=True).start()

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _take(self) -> None:
        while True:
            try:
                call, _from = self._socket.accept()
            except OSError:  # closed
                return
            self.calls += 1
            call.close()


@pytest.fixture
def hanging_up() -> Iterator[HangingUp]:
    server = HangingUp()
    yield server
    server.close()
