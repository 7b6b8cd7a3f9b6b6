"""What every channel promises, and what the mail server's answers mean."""

import re
import socket
import threading
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from app.adapters.channels import (
    Away,
    HttpSmsChannel,
    Later,
    MemoryChannel,
    Message,
    Refused,
    SmtpChannel,
    Unsure,
    smtp,
)
from tests.mail import MailServer
from tests.processes import free_port
from tests.sms import SmsProvider

HELLO = Message(
    key="hello:1",
    to="susan@example.com",
    subject="Grüße – and hello",
    text="First line.\n.\n..two dots\nÜber alles.\n",
    html="<p>Über alles.</p>",
    written_at=datetime(2026, 11, 22, 12, tzinfo=UTC),
)


class OverMail:
    """A real server, and the channel that leads to it."""

    def __init__(self, server: MailServer, _provider: SmsProvider) -> None:
        self.server = server
        self.channel = channel_to(server)

    def taken(self) -> list[str]:
        return [letter["X-RcptTo"] for letter in self.server.letters]

    def is_difficult(self, address: str, trouble: type) -> None:
        self.server.answers[address] = {Refused: "550 5.1.1 nobody here", Later: "451 4.3.0 busy"}[trouble]

    def goes_away(self) -> None:
        self.server.stop()


class InMemory:
    """The twin."""

    def __init__(self, _server: MailServer, _provider: SmsProvider) -> None:
        self.channel = MemoryChannel()

    def taken(self) -> list[str]:
        return [message.to for message in self.channel.sent]

    def is_difficult(self, address: str, trouble: type) -> None:
        self.channel.troubles[address] = trouble("It is difficult.")

    def goes_away(self) -> None:
        self.channel.is_away = True


class OverHttp:
    """A provider of text messages, and the channel that leads to it. It does not mind what a number looks like."""

    def __init__(self, _server: MailServer, provider: SmsProvider) -> None:
        self.provider = provider
        self.channel = provider.channel()

    def taken(self) -> list[str]:
        return [message["To"] for message in self.provider.messages]

    def is_difficult(self, address: str, trouble: type) -> None:
        self.provider.answers[address] = {Refused: 400, Later: 503}[trouble]

    def goes_away(self) -> None:
        self.provider.stop()


def channel_to(server: MailServer, **options) -> SmtpChannel:
    return SmtpChannel("127.0.0.1", server.port, sender="Microblog <post@example.org>", **options)


@pytest.fixture(params=[OverMail, OverHttp, InMemory])
def way(request, mail_server, sms_provider):
    way = request.param(mail_server, sms_provider)
    yield way
    way.channel.close()


def test_channel_takes_letter_after_letter(way):
    for name in ("susan", "john"):
        way.channel.send(replace(HELLO, to=f"{name}@example.com"))

    assert way.taken() == ["susan@example.com", "john@example.com"]


@pytest.mark.parametrize("trouble", [Refused, Later])
def test_trouble_with_one_letter_does_not_touch_the_next(way, trouble):
    way.is_difficult("john@example.com", trouble)

    with pytest.raises(trouble):
        way.channel.send(replace(HELLO, to="john@example.com"))
    way.channel.send(HELLO)

    assert way.taken() == ["susan@example.com"]


def test_channel_that_is_gone_is_away(way):
    way.channel.send(HELLO)
    way.goes_away()

    with pytest.raises(Away):
        way.channel.send(HELLO)


def test_letter_arrives_as_it_was_written(mail_server):
    channel = channel_to(mail_server)
    unsubscribe = "<https://example.org/letters/unsubscribe/" + "x" * 120 + ">"

    channel.send(replace(HELLO, headers={"List-Unsubscribe": unsubscribe}))

    (letter,) = mail_server.letters
    assert letter["From"] == "Microblog <post@example.org>" and letter["To"] == "susan@example.com"
    assert letter["Subject"] == HELLO.subject
    assert letter.get_body(("plain",)).get_content().replace("\r\n", "\n") == HELLO.text
    assert letter.get_body(("html",)).get_content().strip() == HELLO.html
    assert letter["Date"].datetime == HELLO.written_at
    assert letter["Auto-Submitted"] == "auto-generated"
    assert letter["List-Unsubscribe"] == unsubscribe
    channel.close()


@pytest.mark.parametrize(
    "subject",
    ["Über " * 40, "ü" * 200, "a" * 200, "Grüße von Zoë an alle, die hier sind, und an die anderen auch " * 3],
)
def test_long_subject_is_written_in_words_every_program_reads(mail_server, subject):
    channel = channel_to(mail_server)

    channel.send(replace(HELLO, subject=subject))

    (letter,) = mail_server.letters
    assert letter["Subject"] == subject.strip()
    lines = smtp.compose(replace(HELLO, subject=subject), "post@example.org").as_bytes(policy=smtp.LINES)
    words = re.findall(rb"=\?utf-8\?.*?\?=", lines.partition(b"\r\nDate:")[0])
    assert all(len(word) <= 75 for word in words) and (words or subject.isascii())
    channel.close()


def test_same_key_is_the_same_message_id(mail_server):
    for key in ("a", "a", "b"):
        channel = channel_to(mail_server)
        channel.send(replace(HELLO, key=key))
        channel.close()

    first, again, other = (letter["Message-ID"] for letter in mail_server.letters)
    assert first == again != other
    assert first.endswith("@example.org>")


def test_many_letters_share_a_connection(mail_server):
    channel = channel_to(mail_server)

    for _number in range(20):
        channel.send(HELLO)

    assert (len(mail_server.letters), mail_server.connections) == (20, 1)
    channel.close()


def test_connection_the_server_has_ended_is_opened_anew(mail_server):
    mail_server.ends_after = 2
    channel = channel_to(mail_server)

    for _number in range(5):
        channel.send(HELLO)
        channel._smtp.sock.settimeout(1)
        if len(mail_server.letters) % 2 == 0:
            assert channel._smtp.sock.recv(1, socket.MSG_PEEK) == b""

    assert (len(mail_server.letters), mail_server.connections) == (5, 3)
    channel.close()


def test_break_before_the_last_dot_sent_nothing(mail_server):
    mail_server.breaks_off_before_data.add(HELLO.to)

    with pytest.raises(Away):
        channel_to(mail_server).send(HELLO)

    assert mail_server.letters == []


def test_break_after_the_last_dot_leaves_us_unsure(mail_server):
    mail_server.breaks_off_after_data.add(HELLO.to)

    with pytest.raises(Unsure):
        channel_to(mail_server).send(HELLO)


def test_silent_server_is_given_up(mail_server):
    mail_server.silent_for.add(HELLO.to)

    with pytest.raises(Away):
        channel_to(mail_server, answer_seconds=0.2).send(HELLO)


def test_server_that_never_says_what_became_of_a_letter_is_left(mail_server):
    is_over = threading.Event()
    mail_server.meanwhile = lambda: is_over.wait(20)

    with pytest.raises(Unsure):
        channel_to(mail_server, last_answer_seconds=0.2).send(HELLO)
    is_over.set()


@pytest.mark.parametrize("answer", ["530 sign in first", "550 not from you", "451 greylisted", "421 closing"])
def test_what_is_said_against_the_sender_is_no_letters_fault(mail_server, answer):
    mail_server.says_of_senders = answer

    with pytest.raises(Away, match=answer):
        channel_to(mail_server).send(HELLO)


def test_server_that_knows_no_tls_gets_no_letter_where_tls_is_asked_for(mail_server):
    with pytest.raises(Away):
        channel_to(mail_server, starts_tls=True).send(HELLO)

    assert mail_server.letters == []


@pytest.mark.parametrize("changed", [{"server": "mail..example.org"}, {"port": 99999}, {"password": "schlüssel"}])
def test_settings_that_lead_nowhere_are_no_letters_fault(mail_server, changed):
    mail_server.logins = {b"microblog": b"secret"}
    settings = {"server": "127.0.0.1", "port": mail_server.port, "username": "microblog", "password": "secret"}

    with pytest.raises(Away) as trouble:
        SmtpChannel(**(settings | changed)).send(HELLO)

    assert "schl" not in str(trouble.value) and "xfc" not in str(trouble.value)


@pytest.mark.parametrize("url", ["https://sms..example.org/", "http://127.0.0.1:99999/", "http://127.0.0.1:x/"])
def test_provider_that_is_nowhere_is_no_messages_fault(url):
    with pytest.raises(Away):
        HttpSmsChannel(url, "account", "secret", "+1555").send(HELLO)


@pytest.fixture(params=["after STARTTLS", "from the start"])
def tls_server(request, certificate, monkeypatch):
    server = MailServer()
    server.certificate = certificate
    server.speaks_tls_from_the_start = request.param == "from the start"
    if server.speaks_tls_from_the_start:
        monkeypatch.setattr(smtp, "TLS_FROM_THE_START", server.port)
    server.logins = {b"microblog": b"secret"}
    server.start()
    yield server
    server.stop()


def signed_in(server, password="secret"):
    return SmtpChannel(
        "127.0.0.1",
        server.port,
        starts_tls=not server.speaks_tls_from_the_start,
        username="microblog",
        password=password,
    )


def test_letter_goes_over_tls_to_a_server_that_is_trusted(tls_server, certificate_files, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate_files[0]))

    channel = signed_in(tls_server)
    channel.send(HELLO)
    channel.close()

    assert [letter["X-RcptTo"] for letter in tls_server.letters] == [HELLO.to]


def test_wrong_password_is_no_letters_fault(tls_server, certificate_files, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate_files[0]))

    with pytest.raises(Away, match="535"):
        signed_in(tls_server, password="wrong").send(HELLO)


def test_server_whose_certificate_nobody_signed_gets_no_letter(tls_server):
    with pytest.raises(Away, match="certificate"):
        signed_in(tls_server).send(HELLO)

    assert tls_server.letters == []


@pytest.mark.parametrize(
    ("settings", "is_told"),
    [
        ({"server": "mail.example.org"}, True),
        ({"server": "mail.example.org", "starts_tls": True}, False),
        ({"server": "mail.example.org", "port": 465}, False),
        ({"server": "mail.example.org", "username": ""}, False),
        ({"server": "127.0.0.1"}, False),
    ],
)
def test_password_that_travels_openly_is_known(settings, is_told):
    assert (
        SmtpChannel(**({"port": 587, "username": "microblog", "password": "secret"} | settings)).tells_password
        is is_told
    )


@pytest.mark.parametrize("to", ["no address", "a@b@c", "", "x\r\nBcc: y@example.com"])
def test_letter_to_no_address_is_refused_before_anything_is_said(to):
    with pytest.raises(Refused):
        SmtpChannel("127.0.0.1", free_port()).send(replace(HELLO, to=to))


def test_subject_cannot_bring_headers_of_its_own():
    letter = smtp.compose(replace(HELLO, subject="one\r\nBcc: two@example.com"), "post@example.org")

    assert letter["Bcc"] is None
    assert letter["Subject"] == "one Bcc: two@example.com"


def test_text_message_is_a_signed_form(sms_provider):
    sms_provider.channel().send(replace(HELLO, to="+4915112345678"))

    (message,) = sms_provider.messages
    assert (message["To"], message["From"], message["Body"]) == ("+4915112345678", "+1555", HELLO.text)
    assert message["signed in as"] == "account:secret"


@pytest.mark.parametrize("status", [301, 401, 403, 404, 429])
def test_what_a_provider_says_to_us_is_no_messages_fault(sms_provider, status):
    sms_provider.answers[HELLO.to] = status

    with pytest.raises(Away, match=f"{status} it says so"):
        sms_provider.channel().send(HELLO)


def test_provider_whose_answer_is_lost_may_have_taken_it(sms_provider):
    sms_provider.silent_for.add(HELLO.to)

    with pytest.raises(Unsure):
        sms_provider.channel(answer_seconds=0.2).send(HELLO)


@pytest.fixture
def https_provider(certificate):
    provider = SmsProvider(certificate)
    yield provider
    provider.stop()


def test_text_message_goes_over_https_to_a_provider_that_is_trusted(https_provider, certificate_files, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate_files[0]))

    https_provider.channel().send(replace(HELLO, to="+4915112345678"))

    assert [message["To"] for message in https_provider.messages] == ["+4915112345678"]


def test_provider_whose_certificate_nobody_signed_gets_no_message(https_provider):
    with pytest.raises(Away, match="certificate"):
        https_provider.channel().send(HELLO)

    assert https_provider.messages == []
