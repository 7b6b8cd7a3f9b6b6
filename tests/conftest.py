"""Fixtures for every test: a fresh database, a private Redis, real workers, a real server, a real browser."""

import signal
from importlib.util import find_spec

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell has its background jobs ignore it

pytest_plugins = [
    "tests.application",
    "tests.engine_fixtures",
    "tests.processes",
    "tests.chromium",
    "tests.checkout",
    "tests.mail",
    "tests.sms",
]
if find_spec("tests.cast"):
    pytest_plugins.append("tests.cast")
