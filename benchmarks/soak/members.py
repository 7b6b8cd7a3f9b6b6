"""Members at their browsers, without JavaScript: they sign in, start tasks, cancel some, import each other's exports.

A process of its own, told where the site is on stdin; at SIGTERM it says on stdout what the site accepted. An answer
that was lost is asked for again under the same Idempotency-Key; where there is none, it counts as accepted only if the
site has a row of it, which is the conductor's to see.
"""

import http.client
import json
import random
import re
import signal
import sys
import threading
import time
import uuid
from collections import Counter
from dataclasses import asdict, dataclass
from urllib.parse import urlencode

TOKEN = re.compile(r'<meta name="csrf-token" content="([^"]+)">')
JSON = {"Accept": "application/json"}
MOST_ACTIVE = 3
ASKS = ("audit", "audit", "audit", "export_posts", "example_long_task", "import", "import")
over = threading.Event()


@dataclass
class Ask:
    """Asked of the site. `run_id` and `upload_id` as the answer named them; `is_accepted` None: no answer."""

    task: str
    key: str | None = None
    run_id: str | None = None
    upload_id: str | None = None
    is_accepted: bool | None = None


class Lost(Exception):
    """The answer did not come: the connection broke or the time was up."""


class Browser:
    """Keeps cookies and the last page's token."""

    def __init__(self, port: int, seen: Counter[str]) -> None:
        self.port, self.seen = port, seen
        self.cookies: dict[str, str] = {}
        self.token = ""
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)

    def get(self, path: str, **headers: str) -> tuple[int, str, bytes]:
        """Status, Location and body."""
        return self._ask("GET", path, None, headers)

    def post(
        self, path: str, fields: dict[str, object] | None = None, file: bytes | None = None, **headers: str
    ) -> tuple[int, str, bytes]:
        """Status, Location and body of a form that was sent."""
        if not self.token:
            self.get("/explore")
        values = {"csrf_token": self.token, **(fields or {})}
        body, kind = (_multipart(values, file)) if file else (urlencode(values).encode(), "x-www-form-urlencoded")
        kind = kind if file else f"application/{kind}"
        return self._ask("POST", path, body, {"Content-Type": kind, **headers})

    def _ask(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> tuple[int, str, bytes]:
        cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        try:
            self._connection.request(method, path, body, {"Cookie": cookie, **headers})
            answer = self._connection.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            self.seen["cut"] += 1
            raise Lost from error
        for line in answer.headers.get_all("Set-Cookie") or ():
            name, _, value = line.partition(";")[0].partition("=")
            self.cookies[name] = value
        if found := TOKEN.search(text.decode(errors="replace")) if b"csrf-token" in text[:4000] else None:
            self.token = found[1]
        self.seen[f"{answer.status // 100}xx"] += 1
        if answer.status >= 500:
            self.seen[f"{answer.status} {method} {re.sub('[0-9a-f]{8}-[0-9a-f-]+', '…', path)}"] += 1
        return answer.status, answer.headers.get("Location") or "", text


class Member(threading.Thread):
    """One of them. `archives` are the exports that all have downloaded so far; only importers import."""

    def __init__(self, site: dict, number: int, archives: list[bytes]) -> None:
        super().__init__(name=site["names"][number])
        self.dice = random.Random(f"{site['seed']} {number}")
        self.pause, self.password, self.is_importer = site["pause"], site["password"], number % 2 == 1
        self.seen: Counter[str] = Counter()
        self.browser = Browser(site["port"], self.seen)
        self.archives, self.asks = archives, []
        self.exports: list[str] = []
        self.upload: Ask | None = None

    def run(self) -> None:
        """Until it is over."""
        while not over.wait(self.dice.uniform(0, 2 * self.pause)):
            try:
                if "session" not in self.browser.cookies:
                    self._sign_in()
                self._take_a_turn()
            except Lost:
                pass

    def _sign_in(self) -> None:
        self.browser.get("/auth/login")
        status, *_ = self.browser.post("/auth/login", {"username": self.name, "password": self.password})
        if status != 302:
            self.browser.cookies.clear()

    def _take_a_turn(self) -> None:
        status, _location, body = self.browser.get("/notifications")
        if status != 200:
            if status == 401:
                self.browser.cookies.clear()
            return
        told = json.loads(body)
        runs = [row["data"] for row in told["notifications"] if row["name"] == "task_progress"]
        self._fetch_export(runs)
        running = [run["run_id"] for run in runs if run["state"] == "running"]
        if running and self.dice.random() < 0.05:
            self.browser.post(f"/runs/{self.dice.choice(running)}/cancel", **JSON)
        if told["active"] < MOST_ACTIVE:
            self._start()

    def _start(self) -> None:
        wanted = self.dice.choice(ASKS)
        if wanted == "import":
            if self.is_importer and self.archives:
                self._import()
            return
        if wanted == "export_posts" and self.is_importer:
            return  # the others' posts stay as they are, so that all exports of one member must be alike
        fields = {"count": self.dice.choice((50, 150, 300)), "seconds": 0.02} if wanted == "audit" else {}
        ask = Ask(wanted, key=str(uuid.UUID(int=self.dice.getrandbits(128))))
        self.asks.append(ask)
        while ask.is_accepted is None and not over.is_set():
            try:
                status, _location, body = self.browser.post(
                    f"/tasks/{wanted}", fields, **JSON, **{"Idempotency-Key": ask.key or ""}
                )
            except Lost:
                time.sleep(self.dice.uniform(0.5, 2))
                continue
            if status == 202:
                ask.run_id, ask.is_accepted = json.loads(body)["run_id"], True
                self.exports += [ask.run_id] if wanted == "export_posts" else []
            elif status < 500:
                ask.is_accepted = False
                self.seen[f"refused with {status}"] += 1
            else:
                time.sleep(self.dice.uniform(0.5, 2))

    def _fetch_export(self, runs: list[dict]) -> None:
        """The finished export becomes an archive for others to import."""
        for run in runs:
            if run["run_id"] in self.exports and run["state"] == "succeeded":
                status, _location, body = self.browser.get(f"/runs/{run['run_id']}/files/posts.zip")
                if status == 200:
                    self.exports.remove(run["run_id"])
                    self.archives.append(body)

    def _import(self) -> None:
        """One step further: hand a file in; import what the preview shows; now and then take it back."""
        if self.upload is None:
            self.upload = Ask("scan_archive")
            self.asks.append(self.upload)
            status, location, _body = self.browser.post("/imports", {}, file=self.dice.choice(self.archives))
            self.upload.is_accepted = status == 303
            self.upload.upload_id = location.rsplit("/", 1)[-1] if status == 303 else None
            if status != 303:
                self.upload = None
            return
        if self.upload.upload_id is None:
            self.upload = None
            return
        status, _location, body = self.browser.get(f"/imports/{self.upload.upload_id}")
        for act, task in (("confirm", "import_posts"), ("undo", "undo_import")):
            path = f"/imports/{self.upload.upload_id}/{act}"
            if path.encode() in body:
                if act == "undo" and self.dice.random() < 0.5:
                    break
                ask = Ask(task, upload_id=self.upload.upload_id)
                self.asks.append(ask)
                status, _location, _body = self.browser.post(path)
                ask.is_accepted = status == 303 if status < 500 else None
                return
        if b'data-state="running"' not in body and b'data-state="queued"' not in body:
            self.upload = None


def _multipart(values: dict[str, object], file: bytes) -> tuple[bytes, str]:
    edge = uuid.uuid4().hex
    head = "".join(
        f'--{edge}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in values.items()
    )
    opening = (
        f'{head}--{edge}\r\nContent-Disposition: form-data; name="file"; filename="posts.zip"\r\n'
        "Content-Type: application/zip\r\n\r\n"
    )
    return opening.encode() + file + f"\r\n--{edge}--\r\n".encode(), f"multipart/form-data; boundary={edge}"


def main() -> None:
    """Live until SIGTERM, then tell."""
    signal.signal(signal.SIGTERM, lambda *_: over.set())
    site = json.loads(sys.stdin.readline())
    archives: list[bytes] = []
    members = [Member(site, number, archives) for number in range(len(site["names"]))]
    for member in members:
        member.start()
    while not over.wait(1):
        pass
    for member in members:
        member.join()
    seen = sum((member.seen for member in members), Counter())
    json.dump({"asks": [asdict(ask) for member in members for ask in member.asks], "seen": seen}, sys.stdout)


if __name__ == "__main__":
    main()
