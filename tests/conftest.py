"""Fixtures for every test: a fresh database, a private Redis, real workers, a real server, a real browser."""

from importlib.util import find_spec

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
