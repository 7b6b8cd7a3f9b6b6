"""Alike processes in a number that follows the work: more while jobs wait, fewer when it is quiet."""

import itertools
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass

from launch.supervise import Child, keep_up

LOOK_SECONDS = 1.0
QUIET_SECONDS = 10.0


@dataclass(frozen=True)
class Crowd:
    """What there is to do, and who is there for it: the ids of the processes that listen, and of the idle ones."""

    waiting: int
    listening: frozenset[int]
    idle: frozenset[int]


class Member(Child):
    """A child that may be asked to leave; then it is not started again."""

    is_leaving = False

    def tend(self) -> None:
        """As any child's, until it leaves."""
        if not self.is_leaving:
            super().tend()

    def leave(self) -> None:
        """Ask it to end, when what it has in hand allows."""
        self.send(signal.SIGTERM)
        self.is_leaving = True

    def send(self, number: int) -> None:
        """Who was asked to end is not asked twice: a worker takes that as an order to drop everything."""
        if number != signal.SIGTERM or not self.is_leaving:
            super().send(number)

    @property
    def is_gone(self) -> bool:
        """True once it has left."""
        return self.is_leaving and (self.process is None or self.process.poll() is not None)

    def is_among(self, pids: frozenset[int]) -> bool:
        """True if it runs under one of the ids."""
        return self.process is not None and self.process.pid in pids


class Pool:
    """From `least` to `most` processes of one command. `look` tells about the work, or None while nobody knows."""

    def __init__(self, command: list[str], least: int, most: int, look: Callable[[], Crowd | None]) -> None:
        self.command, self.least, self.most, self.look = command, least, most, look
        self.members: list[Child] = []
        self._numbers = itertools.count(1)
        self._looked_at = self._busy_at = time.monotonic()
        for _ in range(least):
            self._grow()

    def keep(self) -> None:
        """Until SIGTERM, SIGINT or SIGHUP, which reach every process; all are waited for."""
        keep_up(self.members, self._follow)

    def _follow(self) -> None:
        now = time.monotonic()
        if now - self._looked_at < LOOK_SECONDS:
            return
        self._looked_at = now
        self.members[:] = [member for member in self._all() if not member.is_gone]
        crowd = self.look()
        if crowd is not None:
            self._fit(crowd, now)

    def _fit(self, crowd: Crowd, now: float) -> None:
        staying = [member for member in self._all() if not member.is_leaving]
        starting = [member for member in staying if not member.is_among(crowd.listening)]
        idle = [member for member in staying if member.is_among(crowd.idle)]
        if crowd.waiting or not idle:
            self._busy_at = now
        if crowd.waiting > len(starting) and len(staying) < self.most:
            self._grow()
            print(f"{crowd.waiting} jobs wait: {len(staying) + 1} workers", flush=True)
        elif now - self._busy_at > QUIET_SECONDS and len(staying) > self.least:
            idle[-1].leave()
            print(f"it is quiet: {len(staying) - 1} workers", flush=True)

    def _grow(self) -> None:
        self.members.append(Member(f"worker {next(self._numbers)}", self.command))

    def _all(self) -> list[Member]:
        return [member for member in self.members if isinstance(member, Member)]
