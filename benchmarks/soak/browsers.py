"""Open pages, as many as asked for, that poll for their members' notifications as static/js does, at the server's pace.

A process of its own, given the port and the members' cookies on stdin; at SIGTERM each asks a last time, and what they
saw, how long it took and what each knows of its member's runs goes to stdout.
"""

import asyncio
import json
import random
import signal
import sys
import time
from collections import Counter

TIMEOUT_SECONDS, LONGEST_PAUSE_SECONDS = 10.0, 10.0
LINES = b"\r\n"


class Page:
    """One of them: the cursor it has reached and the newest it knows under each key."""

    def __init__(self, port: int, user_id: int, cookie: str, seen: Counter[str], seconds: list[float]) -> None:
        self.port, self.user_id, self.seen, self.seconds = port, user_id, seen, seconds
        self.since, self.tries = 0, 0
        self.known: dict[str, tuple[int, str]] = {}
        self._cookie = cookie.encode()
        self._etag = b""
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def keep_polling(self, over: asyncio.Event) -> None:
        """Until it is over, and then once more."""
        await asyncio.sleep(random.uniform(0, 3))
        while not over.is_set():
            pause = await self.poll()
            try:
                await asyncio.wait_for(over.wait(), pause)
            except TimeoutError:
                pass
        for _ in range(5):
            if await self.poll() and not self.tries:
                break

    async def poll(self) -> float:
        """Ask once; seconds until the next."""
        began = time.perf_counter()
        try:
            status, head, body = await asyncio.wait_for(self._ask(), TIMEOUT_SECONDS)
        except (OSError, EOFError, asyncio.IncompleteReadError, TimeoutError) as error:
            self.seen["not in 10 s" if isinstance(error, TimeoutError) else "cut"] += 1
            self._hang_up()
            self.tries += 1
            return random.uniform(0, min(2**self.tries, LONGEST_PAUSE_SECONDS))
        self.seconds.append(time.perf_counter() - began)
        self.seen[str(status)] += 1
        if status == 200:
            self._learn(json.loads(body), head)
        self.tries = 0 if status in (200, 304) else self.tries + 1
        return self._pace if not self.tries else random.uniform(0.5, min(2**self.tries, LONGEST_PAUSE_SECONDS))

    _pace = 1.0

    def _learn(self, told: dict, head: bytes) -> None:
        if told["reset"]:
            self.known.clear()
        for row in told["notifications"]:
            if row["seq"] > self.known.get(row["key"], (0, ""))[0]:
                data = row["data"]  # of a run, or the number of a badge
                self.known[row["key"]] = (row["seq"], data.get("state", "") if isinstance(data, dict) else "")
        self.since, self._pace = told["cursor"], 0 if told["more"] else told["poll"]["next_ms"] / 1000
        self._etag = _field(head, b"etag")

    async def _ask(self) -> tuple[int, bytes, bytes]:
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self.port)
        reader, writer = self._streams
        lines = [b"GET /notifications?since=%d HTTP/1.1" % self.since, b"Host: soak", b"Cookie: " + self._cookie]
        lines += [b"If-None-Match: " + self._etag] if self._etag else []
        writer.write(LINES.join(lines) + 2 * LINES)
        await writer.drain()
        head = await reader.readuntil(2 * LINES)
        body = await reader.readexactly(int(_field(head, b"content-length") or 0))
        return int(head.split(b" ", 2)[1]), head, body

    def _hang_up(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


def _field(head: bytes, name: bytes) -> bytes:
    for line in head.split(LINES):
        if line[: len(name) + 1].lower() == name + b":":
            return line.partition(b":")[2].strip()
    return b""


async def main() -> None:
    """Poll until SIGTERM, then tell."""
    site, over = json.loads(sys.stdin.readline()), asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, over.set)
    seen: Counter[str] = Counter()
    seconds: list[float] = []
    pages = [Page(site["port"], user_id, cookie, seen, seconds) for user_id, cookie in site["pages"]]
    await asyncio.gather(*(page.keep_polling(over) for page in pages))
    seconds.sort()
    shares = {f"p{share}": seconds[int(len(seconds) * share / 100)] for share in (50, 95, 99)} if seconds else {}
    known = [[page.user_id, {key: state for key, (_seq, state) in page.known.items()}] for page in pages]
    json.dump(
        {"seen": seen, "seconds": {**shares, "slowest": seconds[-1]} if seconds else {}, "known": known}, sys.stdout
    )


if __name__ == "__main__":
    asyncio.run(main())
