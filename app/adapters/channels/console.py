"""Where no server is set: the letter stays in the outbox, to be read there, and in development goes to the log too."""

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.adapters.channels import Message

log = logging.getLogger(__name__)


class ConsoleChannel:
    """`shows_words` is False in production: a link that lets its reader in is not for logs."""

    is_lasting = False

    def __init__(self, name: str, shows_words: bool) -> None:
        self.name = name
        self.shows_words = shows_words

    def send(self, message: "Message") -> None:
        """Write it to the log; without its words, say only that it is there."""
        if self.shows_words:
            log.info("%s to %s: %s\n%s", self.name, message.to, message.subject, message.text.strip())
        else:
            log.info("%s kept in the outbox: no server is set for it", self.name)

    def close(self) -> None:
        """Nothing is open."""
