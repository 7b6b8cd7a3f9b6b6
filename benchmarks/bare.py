"""The reference of `poll`: one Flask route that returns JSON, on the same server with the same settings."""

import os

from flask import Flask, jsonify
from granian import Granian
from granian.constants import Interfaces

from launch import lifeline, serve

app = Flask("bare")


@app.get("/notifications")
def answer():
    """As much JSON as an idle poll."""
    return jsonify(
        cursor=1842, reset=False, more=False, now="2026-11-21T22:45:03.120Z", poll={"next_ms": 15000},
        unread=0, active=0, live={}, notifications=[],
    )  # fmt: skip


def load() -> Flask:
    """In granian's worker, which must not outlive its parent."""
    import multiprocessing

    parent = multiprocessing.parent_process()
    if parent is not None and parent.pid is not None:
        lifeline.die_with(parent.pid)
    return app


if __name__ == "__main__":
    Granian(
        "bare:app",
        address="127.0.0.1",
        port=int(os.environ["PORT"]),
        interface=Interfaces.WSGI,
        websockets=False,
        blocking_threads=serve.THREADS,
        backpressure=serve.CONNECTIONS,
        workers_kill_timeout=10,
    ).serve(target_loader=load, wrap_loader=False)
