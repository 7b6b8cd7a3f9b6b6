"""The ways a letter leaves the house: by mail or as a text message, or into the log where no server is set."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from app.adapters.channels.console import ConsoleChannel
from app.adapters.channels.memory import MemoryChannel
from app.adapters.channels.sms import HttpSmsChannel
from app.adapters.channels.smtp import SmtpChannel
from app.adapters.channels.troubles import Away, ChannelTrouble, Later, Refused, Unsure

EMAIL, SMS = "email", "sms"


@dataclass(frozen=True)
class Message:
    """A letter as a channel needs it. `key` names it for ever: the same letter twice is the same message twice."""

    key: str
    to: str
    subject: str
    text: str
    written_at: datetime
    html: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


class Channel(Protocol):
    """One open way out. Raises nothing but ChannelTrouble: see troubles.py for what each means for the letter."""

    is_lasting: bool  # True where another server has the letter afterwards; False where only our own row does

    def send(self, message: Message) -> None:
        """Hand the message over; when it returns the other side has taken it."""

    def close(self) -> None:
        """Let go of the connection, if there is one."""


def open_channel(name: str, settings: Mapping[str, Any]) -> Channel:
    """The channel called `name`, as the settings have it. Connects when the first message is sent."""
    if name == EMAIL and settings["MAIL_SERVER"]:
        return SmtpChannel(
            server=settings["MAIL_SERVER"],
            port=int(settings["MAIL_PORT"]),
            starts_tls=settings["MAIL_USE_TLS"],
            username=settings["MAIL_USERNAME"],
            password=settings["MAIL_PASSWORD"],
            sender=settings["MAIL_FROM"],
        )
    if name == SMS and settings["SMS_URL"]:
        return HttpSmsChannel(
            url=settings["SMS_URL"],
            username=settings["SMS_USERNAME"],
            password=settings["SMS_PASSWORD"],
            sender=settings["SMS_FROM"],
        )
    return ConsoleChannel(name, shows_words=settings["MICROBLOG_ENV"] != "production")


__all__ = [
    "EMAIL",
    "SMS",
    "Away",
    "Channel",
    "ChannelTrouble",
    "ConsoleChannel",
    "HttpSmsChannel",
    "Later",
    "MemoryChannel",
    "Message",
    "Refused",
    "SmtpChannel",
    "Unsure",
    "open_channel",
]
