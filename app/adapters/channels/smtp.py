"""Letters by mail: one connection for many, with the standard library's client, one command at a time.

Each command is sent by itself because it matters *where* a connection breaks: before the last dot nothing was sent,
after it the letter may be on its way.
"""

import hashlib
import re
import smtplib
import ssl
from contextlib import suppress
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime, parseaddr
from typing import TYPE_CHECKING, Any

from app.adapters.channels.troubles import Away, Later, Refused, Unsure

if TYPE_CHECKING:
    from app.adapters.channels import Message

CONNECT_SECONDS = 10.0
ANSWER_SECONDS = 30.0
LAST_ANSWER_SECONDS = 120.0  # after the last dot servers look for viruses, and who goes too early sends it twice
TLS_FROM_THE_START = 465
_OK, _FINAL = 2, 5
_GO_AHEAD, _SHUTTING_DOWN = 354, 421
_FULL_STOP = re.compile(rb"(?m)^\.")
_WORST = 1000  # characters of a server's answer that are kept


class _Lines(EmailPolicy):
    """Folds a subject, whose encoded words have 75 characters at most (RFC 2047 §2), and nothing else: a long address
    in a header would come out encoded.
    """

    def fold_binary(self, name: str, value: Any) -> bytes:
        """The header as it is sent."""
        length = 76 if name.lower() == "subject" else 990
        return super(_Lines, self.clone(max_line_length=length)).fold_binary(name, value)


LINES = _Lines(linesep="\r\n")


class SmtpChannel:
    """A mail server: port 465 speaks TLS from the start, others after STARTTLS where `starts_tls` says so."""

    is_lasting = True

    def __init__(
        self,
        server: str,
        port: int,
        starts_tls: bool = False,
        username: str = "",
        password: str = "",
        sender: str = "microblog@localhost",
        answer_seconds: float = ANSWER_SECONDS,
        last_answer_seconds: float = LAST_ANSWER_SECONDS,
    ) -> None:
        self.server, self.port, self.starts_tls = server, port, starts_tls
        self.username, self.password = username, password
        self.sender, self.answer_seconds, self.last_answer_seconds = sender, answer_seconds, last_answer_seconds
        self._smtp: smtplib.SMTP | None = None

    def send(self, message: "Message") -> None:
        """Hand it over, on the open connection or a new one: servers end one after so many letters or so long."""
        letter = compose(message, self.sender)
        if self._smtp is not None:
            try:
                self._transmit(self._smtp, message.to, letter)
                return
            except Away:
                self.close()
        self._transmit(self._open(), message.to, letter)

    def probe(self) -> None:
        """See whether the server lets us in, and leave again. Raises Away."""
        self._open()
        self.close()

    @property
    def tells_password(self) -> bool:
        """True if the password travels unencrypted, and further than this machine."""
        is_open = not self.starts_tls and self.port != TLS_FROM_THE_START
        return bool(self.username) and is_open and self.server not in ("localhost", "127.0.0.1", "::1")

    def close(self) -> None:
        """Say goodbye, if anybody listens."""
        smtp, self._smtp = self._smtp, None
        if smtp is not None:
            with suppress(OSError, smtplib.SMTPException):
                smtp.quit()
            smtp.close()

    def _open(self) -> smtplib.SMTP:
        smtp: smtplib.SMTP | None = None
        try:
            if self.port == TLS_FROM_THE_START:
                context = ssl.create_default_context()
                smtp = smtplib.SMTP_SSL(self.server, self.port, timeout=CONNECT_SECONDS, context=context)
            else:
                smtp = smtplib.SMTP(self.server, self.port, timeout=CONNECT_SECONDS)
            self._be_patient(smtp, self.answer_seconds)
            smtp.ehlo_or_helo_if_needed()
            if self.starts_tls and self.port != TLS_FROM_THE_START:
                smtp.starttls(context=ssl.create_default_context())
                smtp.ehlo()
            if self.username:
                smtp.login(self.username, self.password)
        except Exception as error:  # a name, port or password that cannot be is no letter's fault either
            if smtp is not None:
                smtp.close()
            raise Away(f"{self.server}:{self.port} does not let us in: {_told(error)}.") from error
        self._smtp = smtp
        return smtp

    def _transmit(self, smtp: smtplib.SMTP, to: str, letter: EmailMessage) -> None:
        is_plain = to.isascii()
        if not is_plain and not smtp.has_extn("smtputf8"):
            raise Refused(f"{self.server} knows no addresses beyond ASCII.")
        data = letter.as_bytes(policy=LINES.clone(utf8=not is_plain))
        self._envelope(smtp, to, [] if is_plain else ["SMTPUTF8"])
        try:
            code, answer = smtp.docmd("data")
            if code == _GO_AHEAD:
                smtp.send(_FULL_STOP.sub(b"..", data) + b".\r\n")
        except (OSError, smtplib.SMTPException) as error:
            self._drop()
            raise Away(f"{self.server} broke off: {_told(error)}.") from error
        if code == _GO_AHEAD:
            try:
                self._be_patient(smtp, self.last_answer_seconds)
                code, answer = smtp.getreply()
                self._be_patient(smtp, self.answer_seconds)
            except (OSError, smtplib.SMTPException) as error:
                self._drop()
                raise Unsure(f"{self.server} fell silent before it confirmed: {_told(error)}.") from error
        self._judge(smtp, code, answer)

    def _envelope(self, smtp: smtplib.SMTP, to: str, options: list[str]) -> None:
        """From and to. What is said against the sender is said against us, not against this letter."""
        try:
            code, answer = smtp.mail(parseaddr(self.sender)[1], options)
            if code // 100 != _OK:
                self._drop()
                raise Away(f"{self.server} does not take letters from us: {_words(code, answer)}.")
            code, answer = smtp.rcpt(to)
        except (OSError, smtplib.SMTPException) as error:
            self._drop()
            raise Away(f"{self.server} broke off: {_told(error)}.") from error
        self._judge(smtp, code, answer)

    def _judge(self, smtp: smtplib.SMTP, code: int, answer: bytes) -> None:
        if code // 100 == _OK:
            return
        said = f"{self.server} says {_words(code, answer)}."
        if code == _SHUTTING_DOWN:
            self._drop()
            raise Away(said)
        with suppress(OSError, smtplib.SMTPException):
            smtp.rset()
        if code // 100 == _FINAL:
            raise Refused(said)
        raise Later(said)

    @staticmethod
    def _be_patient(smtp: smtplib.SMTP, seconds: float) -> None:
        if smtp.sock is not None:
            smtp.sock.settimeout(seconds)

    def _drop(self) -> None:
        """The connection is of no use any more; no word of goodbye."""
        smtp, self._smtp = self._smtp, None
        if smtp is not None:
            smtp.close()


def compose(message: "Message", sender: str) -> EmailMessage:
    """The letter as RFC 5322 has it; its Message-ID and Date come from its key, so sent twice it is one letter.

    Raises Refused for an address that is none.
    """
    letter = EmailMessage()
    name, address = parseaddr(sender)
    letter["From"] = Address(name, addr_spec=address)
    try:
        letter["To"] = Address(addr_spec=message.to)
    except Exception as error:  # the parser raises whatever it stumbles over
        raise Refused(f"{message.to!r} is no address.") from error
    letter["Subject"] = " ".join(message.subject.split())
    letter["Date"] = format_datetime(message.written_at)
    letter["Message-ID"] = message_id(message.key, address)
    letter["Auto-Submitted"] = "auto-generated"
    letter.set_content(message.text, cte="quoted-printable")
    if message.html is not None:
        letter.add_alternative(message.html, subtype="html", cte="quoted-printable")
    for header, value in message.headers.items():  # last: a Content-… set before would move to the first part
        letter[header] = value
    return letter


def message_id(key: str, sender: str) -> str:
    """Stable by key: a mail program shows a letter that came twice as one."""
    domain = sender.rpartition("@")[2] or "localhost"
    return f"<{hashlib.sha256(key.encode()).hexdigest()[:32]}@{domain}>"


def _told(error: Exception) -> str:
    if isinstance(error, UnicodeError):
        return "a name or password in the settings is not of the kind it understands"
    code = getattr(error, "smtp_code", None)
    if code is not None:
        return _words(int(code), _bytes(getattr(error, "smtp_error", b"")))
    return (str(error) or type(error).__name__).rstrip(".")[:_WORST]


def _words(code: int, answer: bytes) -> str:
    text = " ".join(answer.decode("utf-8", "replace").split()).rstrip(".")
    return f"{code} {text}"[:_WORST] if code > 0 else (text or "nothing")[:_WORST]


def _bytes(answer: Any) -> bytes:
    return answer if isinstance(answer, bytes) else str(answer).encode()
