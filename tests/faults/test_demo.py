"""`./boot.sh demo` under kill -9: what dies comes back, the demo leaves no orphan, and it starts again."""

import http.client
import os
import re
import signal
import time
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, build_opener

import pytest

from app.adapters import redis
from launch.demo import USUAL_REDIS
from tests.processes import PATIENCE_SECONDS, Process, free_port, is_alive

pytestmark = [
    pytest.mark.faults,
    pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at processes in /proc"),
]
FIRST_PAGE_SECONDS = 120
SECOND_PAGE_SECONDS = 15  # 5 on a quiet machine; on one that took long for the first, as much longer


@pytest.fixture
def demo(tmp_path):
    """Start a demo on a folder of its own; the same folder again when called again."""
    started: list[Process] = []
    environment = {
        "INSTANCE_PATH": str(tmp_path / "instance"),
        "DATABASE_URL": "",
        "STORAGE_URL": "",
        "REDIS_URL": "",
        "SECRET_KEY": "",
        "MICROBLOG_ENV": "",
        "PUBLIC_URL": "",
        "HOST": "",
        "SWEEP_SECONDS": "1",
        "SCHEDULES": "off",  # processes are counted here
    }

    def start(**changes: str) -> Process:
        port = str(free_port())
        log = tmp_path / f"demo-{len(started) + 1}.log"
        process = Process(["./boot.sh", "demo"], environment | {"PORT": port} | changes, log)
        started.append(process)
        process.wait_until(lambda: "What to click" in process.output, "greeting", FIRST_PAGE_SECONDS)
        process.port = int(process.output.partition("http://127.0.0.1:")[2].split()[0])
        return process

    yield start
    for process in started:
        process.stop(5)


def descendants(pid: int) -> dict[int, str]:
    """Every living process below `pid`, with its command line."""
    parents, commands = {}, {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            commands[int(folder.name)] = (folder / "cmdline").read_text().replace("\0", " ").strip()
            parents[int(folder.name)] = int(fields[1])
        except OSError:
            continue
    found, level = {}, {pid}
    while level:
        level = {child for child, parent in parents.items() if parent in level}
        found |= {child: commands[child] for child in level if is_alive(child)}
    return found


def the_one(process: Process, word: str) -> int:
    """The pid of the demo's own child whose command holds the word."""
    return min(pid for pid, command in descendants(process.pid).items() if word in command)


def horses(process: Process) -> list[int]:
    """The children of the demo's workers: each has a run in hand."""
    below = descendants(process.pid)
    workers = [pid for pid, command in below.items() if "flask worker" in command]
    return [pid for worker in workers for pid in descendants(worker)]


def start_a_long_task(port: int) -> None:
    """As susan would: sign in, press the button."""
    browser = build_opener(HTTPCookieProcessor())
    address = f"http://127.0.0.1:{port}"

    def send(path: str, page: str, **fields: str) -> None:
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', browser.open(address + page).read().decode())
        assert token is not None
        browser.open(address + path, urlencode({"csrf_token": token[1], **fields}).encode())

    send("/auth/login", "/auth/login", username="susan", password="microblog")
    send("/tasks/example_long_task", "/tasks")


def is_healthy(port: int) -> bool:
    return b'"ready"' in answer_of(port, "/health/ready")


def answer_of(port: int, path: str) -> bytes:
    """What the server says with a 200; nothing if it does not."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.read().replace(b" ", b"").replace(b"\n", b"") if answer.status == 200 else b""
    except (OSError, http.client.HTTPException):
        return b""
    finally:
        connection.close()


GONE_SECONDS = 6  # a work horse that were left alone would end by itself, after ten


def wait_until_gone(processes: dict[int, str]) -> None:
    until = time.monotonic() + GONE_SECONDS
    while left := {pid: command for pid, command in processes.items() if is_alive(pid)}:
        assert time.monotonic() < until, f"orphans: {left}"
        time.sleep(0.02)


def test_killed_web_server_comes_back(demo):
    process = demo()
    before = the_one(process, "launch.serve")

    os.kill(before, signal.SIGKILL)

    process.wait_until(lambda: not is_alive(before), "death")
    process.wait_until(lambda: is_healthy(process.port), "web server again")
    assert the_one(process, "launch.serve") != before


def test_killed_redis_comes_back_at_the_same_address(demo):
    process = demo()
    if "server 127" not in " ".join(descendants(process.pid).values()):
        pytest.skip("Another Redis answers on the usual port: the demo uses it.")
    before = the_one(process, "server 127")
    port = descendants(process.pid)[before].rpartition(":")[2]

    os.kill(before, signal.SIGKILL)

    process.wait_until(lambda: not is_alive(before), "death")
    process.wait_until(lambda: redis.answers(f"redis://127.0.0.1:{port}/0"), "Redis again")


def test_killed_demo_leaves_no_orphan_and_starts_again_quickly(demo):
    began = time.monotonic()
    process = demo()
    first_page_seconds = time.monotonic() - began
    start_a_long_task(process.port)
    process.wait_until(lambda: len(horses(process)) == 1, "work horse")
    below = descendants(process.pid)
    assert len(below) >= 6  # Redis perhaps, two web processes, two workers, a work horse

    process.kill()

    wait_until_gone(below)
    began = time.monotonic()
    again = demo(PORT=str(process.port))
    assert again.port == process.port
    assert time.monotonic() - began < max(SECOND_PAGE_SECONDS, 3 * first_page_seconds)
    assert "Installing" not in again.output


def test_terminated_demo_stops_everything_it_started(demo):
    process = demo()
    below = descendants(process.pid)

    process.signal(signal.SIGTERM)

    assert process.process.wait(PATIENCE_SECONDS) == 0
    wait_until_gone(below)


def test_demo_whose_port_is_taken_uses_the_next(demo):
    first = demo()

    second = demo(PORT=str(first.port))

    assert second.port > first.port
    for process in (first, second):
        process.wait_until(lambda process=process: is_healthy(process.port), "answer")


def test_second_demo_goes_on_when_the_first_one_ends(demo):
    """Both share the folder and so the embedded Redis; the second stands by to serve it."""
    first = demo()
    second = demo()

    first.signal(signal.SIGTERM)
    first.process.wait(PATIENCE_SECONDS)

    second.wait_until(lambda: is_healthy(second.port), "answer")
    second.wait_until(lambda: b'"redis":true' in answer_of(second.port, "/health/queues"), "Redis")


def test_demos_of_two_checkouts_do_not_share_a_redis(demo, tmp_path):
    first = demo()

    second = demo(INSTANCE_PATH=str(tmp_path / "another"))

    second.wait_until(lambda: "export REDIS_URL=" in second.output, "hint")
    assert redis_of(second) != redis_of(first)


def redis_of(process: Process) -> str:
    named = re.search(r"export REDIS_URL=(\S+)", process.output)
    return named[1] if named else USUAL_REDIS
