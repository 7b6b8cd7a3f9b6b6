"""A provider of text messages beside a test: it takes the form that they all take, or answers as the test wants it."""

import base64
import json
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl

import pytest

from app.adapters.channels import HttpSmsChannel


class SmsProvider:
    """`messages` is what it took; `answers` the status it gives to messages for a number instead of 201.

    With a certificate it speaks https.
    """

    def __init__(self, certificate: ssl.SSLContext | None = None) -> None:
        self.messages: list[dict[str, str]] = []
        self.answers: dict[str, int] = {}
        self.silent_for: set[str] = set()
        self.password, self.has_a_list = "secret", True
        self.over = threading.Event()
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:  # the base class's name
                provider.answer(self)

            def do_GET(self) -> None:  # the base class's name
                provider.answer_list(self)

            def log_message(self, *_words: object) -> None:
                """Nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        if certificate is not None:
            self._server.socket = certificate.wrap_socket(self._server.socket, server_side=True)
        scheme = "https" if certificate is not None else "http"
        self.url = f"{scheme}://127.0.0.1:{self._server.server_port}/2010-04-01/Accounts/account/Messages.json"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def channel(self, **options) -> HttpSmsChannel:
        return HttpSmsChannel(self.url, "account", "secret", "+1555", **options)

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        form = dict(parse_qsl(handler.rfile.read(int(handler.headers["Content-Length"])).decode()))
        if form["To"] in self.silent_for:
            self.over.wait()
            return
        status = self.answers.get(form["To"], 201)
        if status == 201:
            signature = base64.b64decode(handler.headers["Authorization"].removeprefix("Basic ")).decode()
            self.messages.append({**form, "signed in as": signature})
        self._say(handler, status, {"sid": "SM1"})

    def answer_list(self, handler: BaseHTTPRequestHandler) -> None:
        if not self.has_a_list:
            self._say(handler, 405, {})
            return
        wanted = base64.b64encode(f"account:{self.password}".encode()).decode()
        is_known = handler.headers["Authorization"] == f"Basic {wanted}"
        self._say(handler, 200 if is_known else 401, {"messages": []})

    def _say(self, handler: BaseHTTPRequestHandler, status: int, answer: object) -> None:
        body = json.dumps(answer if status < 300 else {"message": "it says so", "code": 21211}).encode()
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    def stop(self) -> None:
        self.over.set()
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def sms_provider(environment: dict[str, str]) -> Iterator[SmsProvider]:
    """Ask for it before `app`, and the app's text messages go to it."""
    provider = SmsProvider()
    environment |= {"SMS_URL": provider.url, "SMS_USERNAME": "account", "SMS_PASSWORD": "secret", "SMS_FROM": "+1555"}
    yield provider
    provider.stop()
