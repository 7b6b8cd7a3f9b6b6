"""A real mail server beside a test, as difficult as the test wants it: it refuses, is busy, breaks off or is silent."""

import asyncio
import email
import email.policy
import os
import shutil
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.processes import PATIENCE_SECONDS, free_port


class MailServer:
    """`letters` is what it took, in order. `answers` says what it says to a recipient, or about a sender, instead."""

    def __init__(self) -> None:
        self.letters: list[EmailMessage] = []
        self.answers: dict[str, str] = {}
        self.says_of_senders = "250 OK"
        self.breaks_off_before_data: set[str] = set()
        self.breaks_off_after_data: set[str] = set()
        self.silent_for: set[str] = set()
        self.ends_after: int | None = None
        self.meanwhile: Callable[[], object] = lambda: None
        self.connections = 0
        self.port = free_port()
        self.certificate: ssl.SSLContext | None = None  # of a server that takes letters after STARTTLS only
        self.speaks_tls_from_the_start = False
        self.logins: dict[bytes, bytes] = {}  # with any, only who signs in with one may write
        self._controller: Controller | None = None

    def start(self) -> None:
        of_every_connection = self.certificate if self.speaks_tls_from_the_start else None
        self._controller = _Controller(self, hostname="127.0.0.1", port=self.port, ssl_context=of_every_connection)
        self._controller.start()
        self.connections = 0  # the controller itself has knocked once

    def stop(self) -> None:
        if self._controller is not None:
            self._controller.stop(no_assert=True)
            self._controller = None

    def to(self, address: str) -> list[EmailMessage]:
        return [letter for letter in list(self.letters) if letter["X-RcptTo"] == address]

    def wait_for(self, count: int) -> None:
        until = time.monotonic() + PATIENCE_SECONDS
        while len(self.letters) < count:
            assert time.monotonic() < until, f"{len(self.letters)} of {count} letters came"
            time.sleep(0.02)

    def check_login(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _way: str, given: object
    ) -> AuthResult:
        is_known = isinstance(given, LoginPassword) and self.logins.get(given.login) == given.password
        return AuthResult(success=is_known, handled=False)

    async def handle_MAIL(self, server: SMTP, session: Session, envelope: Envelope, address: str, _: list) -> str:  # noqa: N802
        if self.says_of_senders.startswith("250"):
            envelope.mail_from = address
        return self.says_of_senders

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, _: list) -> str:  # noqa: N802
        if address in self.silent_for:
            await asyncio.sleep(3600)
        if address in self.breaks_off_before_data:
            server.transport.abort()
        answer = self.answers.get(address, "250 OK")
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        letter = email.message_from_bytes(envelope.content, policy=email.policy.default)
        letter["X-RcptTo"] = envelope.rcpt_tos[0]
        await asyncio.to_thread(self.meanwhile)
        self.letters.append(letter)
        if envelope.rcpt_tos[0] in self.breaks_off_after_data:
            server.transport.abort()
        if self.ends_after is not None and len(self.letters) % self.ends_after == 0:
            asyncio.get_running_loop().call_later(0.02, server.transport.abort)
        return "250 taken"


class _Controller(Controller):
    def factory(self) -> SMTP:
        server: MailServer = self.handler
        server.connections += 1
        after_starttls = None if server.speaks_tls_from_the_start else server.certificate
        return SMTP(
            server,
            enable_SMTPUTF8=True,
            tls_context=after_starttls,
            require_starttls=after_starttls is not None,
            authenticator=server.check_login,
            auth_required=bool(server.logins),
            auth_require_tls=server.certificate is not None and not server.speaks_tls_from_the_start,
        )


@pytest.fixture
def mail_server(environment: dict[str, str]) -> Iterator[MailServer]:
    """Ask for it before `app`, and the app's letters go to it."""
    server = MailServer()
    server.start()
    environment |= {"MAIL_SERVER": "127.0.0.1", "MAIL_PORT": str(server.port)}
    yield server
    server.stop()


@pytest.fixture(scope="session")
def certificate_files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that only who is told so trusts, and its key."""
    if shutil.which("openssl") is None and os.environ.get("CI") != "true":
        pytest.skip("No openssl here to make a certificate with: install it, or let CI run these.")
    folder = tmp_path_factory.mktemp("certificate")
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    told = ["-days", "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*made, *told], check=True, capture_output=True)
    return certificate, key


@pytest.fixture
def certificate(certificate_files: tuple[Path, Path]) -> ssl.SSLContext:
    """What a server needs to speak TLS on 127.0.0.1."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate_files)
    return context
