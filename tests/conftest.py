"""Fixtures for every test: a fresh database, a private Redis, real workers, a real server, a real browser."""

import gc
import signal
from importlib.util import find_spec

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell has its background jobs ignore it

pytest_plugins = [
    "tests.application",
    "tests.processes",
    "tests.engine_fixtures",
    "tests.chromium",
    "tests.checkout",
    "tests.mail",
    "tests.sms",
    "tests.hanging_up",
]
if find_spec("tests.cast"):
    pytest_plugins.append("tests.cast")


def pytest_collection_finish() -> None:
    """Each test makes an app and drops it. What was imported for all of them is no garbage: nobody looks at it again,
    which took a third of the suite's time.
    """
    gc.collect()
    gc.freeze()
