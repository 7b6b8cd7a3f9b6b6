"""What the items of a batch hand in, to be written together when it commits: one statement instead of one an item."""

from collections.abc import Callable
from typing import Any

ENOUGH = 500


class Gathering:
    """Things handed in since the last commit; `write` gets them inside the batch's transaction."""

    def __init__(self, write: Callable[[list[Any]], object]) -> None:
        self.write = write
        self.things: list[Any] = []

    def hand_over(self) -> None:
        """Write what was handed in, if anything was."""
        if self.things:
            things = list(self.things)
            self.things.clear()
            self.write(things)
