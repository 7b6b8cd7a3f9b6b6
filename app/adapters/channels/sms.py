"""Text messages over HTTPS, in the form that most providers took over from Twilio: a POST of To, From and Body.

The address is the provider's own, e.g. https://api.twilio.com/2010-04-01/Accounts/<account>/Messages.json.
"""

import base64
import http.client
import json
import ssl
from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

from app.adapters.channels.troubles import Away, Later, Refused, Unsure

if TYPE_CHECKING:
    from app.adapters.channels import Message

CONNECT_SECONDS, ANSWER_SECONDS = 10.0, 30.0
_MOST_BYTES = 64 * 1024
_OK, _SERVER_ERROR = 2, 5
# a provider that lists nothing has looked at the sign-in first, or does not tell
_NO_SUCH_LIST = 405
# about this one message; whatever else is refused is refused to us: the sign-in, the address, the pace
_ABOUT_THE_MESSAGE = frozenset({400, 413, 422})


class HttpSmsChannel:
    """A provider's address, signed in to with every message (basic auth). Redirects are not followed."""

    is_lasting = True

    def __init__(
        self, url: str, username: str, password: str, sender: str, answer_seconds: float = ANSWER_SECONDS
    ) -> None:
        self.url = urlsplit(url)
        self.sender, self.answer_seconds = sender, answer_seconds
        self._signature = base64.b64encode(f"{username}:{password}".encode()).decode()

    def send(self, message: "Message") -> None:
        """Hand it to the provider. An answer that never comes may have been a yes."""
        status, said = self._ask("POST", urlencode({"To": message.to, "From": self.sender, "Body": message.text}))
        if status // 100 == _OK:
            return
        if status in _ABOUT_THE_MESSAGE:
            raise Refused(said)
        if status // 100 == _SERVER_ERROR:
            raise Later(said)
        raise Away(said)

    def probe(self) -> None:
        """See whether the provider refuses us: ask for the list of messages, at the same address. Raises Away."""
        try:
            status, said = self._ask("GET")
        except Unsure as silence:
            raise Away(str(silence)) from silence
        if status // 100 != _OK and status != _NO_SUCH_LIST:
            raise Away(said)

    def close(self) -> None:
        """Nothing stays open between two messages."""

    def _connect(self) -> http.client.HTTPConnection:
        host = self.url.hostname or ""
        connection: http.client.HTTPConnection
        try:
            port = self.url.port
            if self.url.scheme == "https":
                context = ssl.create_default_context()
                connection = http.client.HTTPSConnection(host, port, timeout=CONNECT_SECONDS, context=context)
            else:
                connection = http.client.HTTPConnection(host, port, timeout=CONNECT_SECONDS)
            connection.connect()
        except Exception as error:  # a name or port that cannot be is no message's fault either
            raise Away(f"{host} does not let us in: {_told(error)}.") from error
        if connection.sock is not None:
            connection.sock.settimeout(self.answer_seconds)
        return connection

    def _ask(self, method: str, form: str | None = None) -> tuple[int, str]:
        """The status, and what was said in a sentence."""
        connection = self._connect()
        try:
            self._say(connection, method, form)
            answer = connection.getresponse()
            words = _words(answer.read(_MOST_BYTES))
        except (OSError, http.client.HTTPException) as error:
            raise Unsure(f"{self.url.hostname} fell silent before it confirmed: {_told(error)}.") from error
        finally:
            connection.close()
        return answer.status, f"{self.url.hostname} says {answer.status} {words or answer.reason}".rstrip(".") + "."

    def _say(self, connection: http.client.HTTPConnection, method: str, form: str | None) -> None:
        headers = {"Authorization": f"Basic {self._signature}", "Accept": "application/json"}
        if form is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded; charset=utf-8"
        path = (self.url.path or "/") + (f"?{self.url.query}" if self.url.query else "")
        try:
            connection.request(method, path, form, headers)
        except (OSError, http.client.HTTPException, UnicodeError) as error:
            raise Away(f"{self.url.hostname} broke off: {_told(error)}.") from error


def _words(body: bytes) -> str:
    """The provider's sentence, where its answer has one."""
    with suppress(ValueError, AttributeError):
        return str(json.loads(body).get("message") or "")[:300]
    return ""


def _told(error: Exception) -> str:
    return (str(error) or type(error).__name__).rstrip(".")
