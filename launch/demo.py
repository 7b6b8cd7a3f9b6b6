"""`./boot.sh demo`: everything on this machine alone. It finds or starts Redis, then keeps the web server (which
prepares the database and plants the demo's members) and two workers running until Ctrl-C."""

import http.client
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from dotenv import dotenv_values

from config import ROOT, Config, ConfigError
from launch import embedded_redis, ports
from launch.supervise import Child, keep_up

USUAL_PORT = 5000
REDIS_PORT = embedded_redis.USUAL_PORT
USUAL_REDIS = f"redis://127.0.0.1:{REDIS_PORT}/0"
REDIS_SECONDS = 15
CLAIM_SECONDS = 20
WORKERS = {"worker": "microblog-high,microblog-tasks", "letters worker": "microblog-high"}
HELLO = """
  Microblog runs at  {address}        Ctrl-C stops it.

  Accounts     susan, john and david (the admin); the password of each is  microblog
  What to click
    1. Sign in as susan, open Tasks and press Start beside Example long task: a bar for ten seconds.
       Reload the page meanwhile, or `kill -9` a worker: the bar goes on where it was. Cancel stops it.
    2. Start Export posts, and Download when its card is green.
    3. Start Make samples for a longer bar: 100,000 posts.
    4. Sign in as david and open Admin: queues, workers, runs.
"""
REDIS_HINT = "  A worker of your own:  export REDIS_URL={url}\n                         rq worker microblog-tasks\n"


def main() -> None:
    """Start what is missing, say where to go, and keep it all running."""
    host = os.environ.get("HOST") or "127.0.0.1"
    port = _free_port(host, int(os.environ.get("PORT") or USUAL_PORT))
    address = f"http://{'127.0.0.1' if host == '0.0.0.0' else host}:{port}"
    public_url = os.environ.get("PUBLIC_URL") or address
    os.environ |= {"DEMO": "1", "HOST": host, "PORT": str(port), "PUBLIC_URL": public_url}
    folder = (Path(Config().INSTANCE_PATH) / "redis").resolve()
    children = _find_redis(folder)
    children.append(Child("web", [sys.executable, "-m", "launch.serve"]))

    def when_served() -> None:
        print(HELLO.format(address=address), flush=True)
        if os.environ["REDIS_URL"] != USUAL_REDIS:
            print(REDIS_HINT.format(url=os.environ["REDIS_URL"]), flush=True)
        for name, queues in WORKERS.items():
            children.append(Child(name, [sys.executable, "-m", "flask", "worker", "--queues", queues]))

    greet = _once(lambda: _is_healthy(host, port), when_served)
    claim = _every(CLAIM_SECONDS, lambda: embedded_redis.claim(folder, REDIS_PORT))

    def meanwhile() -> None:
        greet()
        if os.environ["REDIS_URL"] == USUAL_REDIS:
            claim()

    keep_up(children, meanwhile)


def _find_redis(folder: Path) -> list[Child]:
    """Settle REDIS_URL for everything started here; the embedded server as a child where no other is given.

    A Redis on the usual port that another checkout's demo uses is left to it.
    """
    given = os.environ.get("REDIS_URL") or dotenv_values(ROOT / ".env").get("REDIS_URL")
    # another demo's of this folder does not count as given: it may end first, so stand by to take its place
    is_another = embedded_redis.answers(REDIS_PORT) and not embedded_redis.keeps(folder, REDIS_PORT)
    if given or (is_another and embedded_redis.claim(folder, REDIS_PORT)):
        os.environ["REDIS_URL"] = given or USUAL_REDIS
        return []
    embedded_redis.find_program()
    embedded_redis.forget_port(folder)
    server = Child("redis", embedded_redis.launch_command(folder), is_base=True)
    until = time.monotonic() + REDIS_SECONDS
    while not (url := embedded_redis.url_of(folder)):
        server.tend()
        if time.monotonic() > until:
            sys.exit(f"The embedded Redis does not answer: {folder / 'server.log'} may say why.")
        time.sleep(0.02)
    os.environ["REDIS_URL"] = url
    return [server]


def _once(is_time: Callable[[], bool], action: Callable[[], None]) -> Callable[[], None]:
    """A function to call again and again, that acts the first time it is time."""
    left = [action]

    def look() -> None:
        if left and is_time():
            left.pop()()

    return look


def _every(seconds: float, action: Callable[[], object]) -> Callable[[], None]:
    """A function to call again and again, that acts at once and then each time so many seconds have passed."""
    due_at = 0.0

    def look() -> None:
        nonlocal due_at
        if time.monotonic() >= due_at:
            due_at = time.monotonic() + seconds
            action()

    return look


def _is_healthy(host: str, port: int) -> bool:
    connection = http.client.HTTPConnection(host, port, timeout=0.5)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _free_port(host: str, first: int) -> int:
    port = ports.first_free(host, range(first, first + 100))
    if port is None:
        raise ConfigError(f"No free port between {first} and {first + 99}: set PORT to another.")
    return port


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
    except (ConfigError, embedded_redis.NoServerProgram) as error:
        sys.exit(str(error))
