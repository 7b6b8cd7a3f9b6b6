"""Proves a running compose stack from outside, with what Python brings along:

    docker compose up --detach --wait && python3 tests/smoke.py [http://127.0.0.1:8000]

A new member signs in, exports their posts and fetches the archive; then the worker in the middle of a run is killed,
and the run has to reach its end with a percent that never falls. Compose is asked by its usual ways (COMPOSE_FILE).
"""

import io
import json
import re
import secrets
import subprocess
import sys
import time
import urllib.error
import urllib.request
import zipfile
from http.cookiejar import CookieJar
from typing import Any
from urllib.parse import urlencode

ADDRESS = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8000"
START_SECONDS, RUN_SECONDS = 120, 120
KILL_AT_PERCENT = 30
POSTS = ("The first of three.", "Zażółć gęślą jaźń 🐦", "<b>The last</b> & done.")
TOKEN = re.compile(r'name="csrf[-_]token" (?:content|value)="([^"]+)"')
Json = dict[str, Any]


class Member:
    """A browser without JavaScript, or with: asks for pages or for JSON, and keeps its cookies."""

    def __init__(self) -> None:
        self.opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(CookieJar())
        )
        self.token = ""

    def get(self, path: str) -> bytes:
        with self.opener.open(ADDRESS + path, timeout=20) as answer:
            body: bytes = answer.read()
        if found := TOKEN.search(body.decode(errors="replace")):
            self.token = found[1]
        return body

    def post(self, path: str, accept: str = "text/html", **form: str) -> bytes:
        data = urlencode({"csrf_token": self.token, **form}).encode()
        request = urllib.request.Request(ADDRESS + path, data, {"Accept": accept})
        with self.opener.open(request, timeout=20) as answer:
            return bytes(answer.read())

    def joins(self) -> str:
        """Register under a name nobody has, and sign in."""
        name, password = f"smoke_{secrets.token_hex(4)}", secrets.token_hex(12)
        self.get("/auth/register")
        self.post("/auth/register", username=name, email=f"{name}@example.com", password=password, password2=password)
        self.get("/auth/login")
        self.post("/auth/login", username=name, password=password)
        home = self.get("/")
        check(f"/user/{name}".encode() in home, "signing in did not last to the next page: is the cookie Secure?")
        return name

    def starts(self, task: str) -> str:
        run: Json = json.loads(self.post(f"/tasks/{task}", accept="application/json"))
        return str(run["run_id"])

    def watches(self, run_id: str, until_percent: int | None = None, least: int = 0) -> Json:
        """Poll as the page does until the run ends or passes the mark; its percent may not fall below what it was."""
        cursor, shown, until = 0, {}, time.monotonic() + RUN_SECONDS
        while time.monotonic() < until:
            answer = json.loads(self.get(f"/notifications?since={cursor}"))
            cursor = answer["cursor"]
            for note in answer["notifications"]:
                if note["key"] == f"task_progress:{run_id}":
                    shown = note["data"]
                    percent = shown["percent"]
                    check(percent is None or percent >= least, f"the percent fell from {least} to {percent}")
                    least = percent or least
                    print(f"    {shown['state']:<10} {percent if percent is not None else '-':>3} %  {shown['text']}")
            if shown and (
                shown["state"] not in ("queued", "running", "retrying", "cancelling")
                or (until_percent is not None and least >= until_percent)
            ):
                return shown
            time.sleep(answer["poll"]["next_ms"] / 1000)
        raise SystemExit(f"FAILED: after {RUN_SECONDS} s the run is still {shown.get('state')}, {shown.get('text')}")


def main() -> None:
    began = time.monotonic()
    wait_until_ready()
    member = Member()
    say(f"signed in as {member.joins()}")
    exports(member)
    survives_a_kill(member)
    say(f"all well, {time.monotonic() - began:.0f} s")


def exports(member: Member) -> None:
    """Publish, export, fetch: the worker's file reaches the web."""
    for words in POSTS:
        member.get("/")
        member.post("/posts", body=words)
    run = member.watches(member.starts("export_posts"))
    check((run["state"], run["percent"]) == ("succeeded", 100), f"the export ended {run['state']}: {run['text']}")
    with zipfile.ZipFile(io.BytesIO(member.get(run["result_url"]))) as archive:
        found = [post["body"] for post in json.loads(archive.read("posts.json"))["posts"]]
    check(found == list(POSTS), f"the archive holds {found}")
    say("exported, fetched and read the archive")


def survives_a_kill(member: Member) -> None:
    """The worker that is at it dies by kill -9: the run goes on elsewhere, or here once the worker is back."""
    run_id = member.starts("example_long_task")
    at = member.watches(run_id, until_percent=KILL_AT_PERCENT)["percent"]
    workers = command("docker", "compose", "ps", "--quiet", "worker").split()
    busiest = max(workers, key=lambda worker: len(command("docker", "top", worker).splitlines()))
    command("docker", "kill", "--signal", "KILL", busiest)
    say(f"killed a worker of {len(workers)} at {at} %")
    if len(workers) == 1:
        command("docker", "start", busiest)

    run = member.watches(run_id, least=at)
    check((run["state"], run["percent"]) == ("succeeded", 100), f"the run ended {run['state']}: {run['text']}")
    command("docker", "start", busiest)
    say("the run went on and reached its end")


def wait_until_ready() -> None:
    until = time.monotonic() + START_SECONDS
    while True:
        try:
            Member().get("/health/ready")
            return
        except (OSError, urllib.error.URLError) as error:
            check(time.monotonic() < until, f"{ADDRESS} is not ready after {START_SECONDS} s: {error}")
            time.sleep(0.5)


def command(*words: str) -> str:
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout


def check(is_well: bool, otherwise: str) -> None:
    if not is_well:
        raise SystemExit(f"FAILED: {otherwise}")


def say(words: str) -> None:
    print(words, flush=True)


if __name__ == "__main__":
    main()
