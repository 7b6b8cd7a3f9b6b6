"""`./boot.sh demo`: everything on this machine alone. It finds or starts Redis, prepares the database, plants the
demo's members, and keeps the web server and two workers running until Ctrl-C."""

import http.client
import os
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path

from dotenv import dotenv_values

from app import create_app
from app.adapters import redis, redis_server
from app.extensions import db
from app.services import demo, schema
from config import ROOT, Config, ConfigError
from supervise import Child, keep_up

USUAL_PORT = 5000
USUAL_REDIS = "redis://127.0.0.1:6379/0"
WORKERS = {"worker": "microblog-high,microblog-tasks", "letters worker": "microblog-high"}
HELLO = """
  Microblog runs at  {address}        Ctrl-C stops it.

  Accounts     susan, john and david (the admin); the password of each is  microblog
  What to click
    1. Sign in as susan, open Tasks and press Export posts: the bar moves.
    2. Reload the page in mid-run, cancel a run, or `kill -9` a worker: the bar goes on where it was.
    3. Sign in as david and open Admin: queues, workers, runs.
"""
REDIS_HINT = "  A worker of your own:  export REDIS_URL={url}\n                         rq worker microblog-tasks\n"


def main() -> None:
    """Start what is missing, say where to go, and keep it all running."""
    host = os.environ.get("HOST") or "127.0.0.1"
    port = _free_port(host, int(os.environ.get("PORT") or USUAL_PORT))
    address = f"http://{'127.0.0.1' if host == '0.0.0.0' else host}:{port}"
    os.environ |= {"DEMO": "1", "HOST": host, "PORT": str(port)}
    os.environ.setdefault("PUBLIC_URL", address)
    server = _find_redis((Path(Config().INSTANCE_PATH) / "redis").resolve())
    _prepare()
    children = [
        *server,
        Child("web", [sys.executable, "serve.py"]),
        *(Child(name, [sys.executable, "-m", "flask", "worker", "--queues", it]) for name, it in WORKERS.items()),
    ]
    keep_up(children, _greeter(host, port, address))


def _find_redis(folder: Path) -> list[Child]:
    """Settle REDIS_URL for everything started here; the embedded server as a child where no other is given."""
    given = os.environ.get("REDIS_URL") or dotenv_values(ROOT / ".env").get("REDIS_URL")
    is_ours = redis.folder_of(USUAL_REDIS) == str(folder)  # another demo's: stand by, for that one may end first
    if given or (redis.answers(USUAL_REDIS) and not is_ours):
        os.environ["REDIS_URL"] = given or USUAL_REDIS
        return []
    redis_server.find_program()
    redis_server.forget_port(folder)
    server = Child("redis", redis_server.launch_command(folder), is_base=True)
    until = time.monotonic() + 15
    while not (url := redis_server.url_of(folder)):
        server.tend()
        if time.monotonic() > until:
            sys.exit(f"The embedded Redis does not answer: {folder / 'server.log'} may say why.")
        time.sleep(0.02)
    os.environ["REDIS_URL"] = url
    return [server]


def _prepare() -> None:
    app = create_app()
    with app.app_context():
        schema.prepare()
        demo.plant()
        db.session.commit()
        db.session.remove()
        db.engine.dispose()


def _greeter(host: str, port: int, address: str) -> Callable[[], None]:
    """Called again and again, says where to go once: as soon as the web server answers."""
    hello = HELLO.format(address=address)
    if os.environ["REDIS_URL"] != USUAL_REDIS:
        hello += REDIS_HINT.format(url=os.environ["REDIS_URL"])
    unsaid = [hello]

    def greet() -> None:
        if unsaid and _is_healthy(host, port):
            print(unsaid.pop(), flush=True)

    return greet


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
    for port in range(first, first + 100):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                continue
            return port
    raise ConfigError(f"No free port between {first} and {first + 99}: set PORT to another.")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
    except (ConfigError, redis_server.NoServerProgram) as error:
        sys.exit(str(error))
