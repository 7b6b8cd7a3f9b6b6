"""A channel's twin for tests: it keeps what it is given, and can be told to be difficult."""

from typing import TYPE_CHECKING

from app.adapters.channels.troubles import Away, ChannelTrouble

if TYPE_CHECKING:
    from app.adapters.channels import Message


class MemoryChannel:
    """`sent` is what was taken, in order; `troubles` says what happens to letters for an address instead."""

    is_lasting = True

    def __init__(self) -> None:
        self.sent: list[Message] = []
        self.troubles: dict[str, ChannelTrouble] = {}
        self.is_away = False

    def send(self, message: "Message") -> None:
        """Take it, or raise the trouble its address has."""
        if self.is_away:
            raise Away("The mail server does not answer.")
        if message.to in self.troubles:
            raise self.troubles[message.to]
        self.sent.append(message)

    def close(self) -> None:
        """Nothing is open."""
