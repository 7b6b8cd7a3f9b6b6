"""A copy of this project to write in, as a student would in a checkout of their own."""

import os
import shutil
from pathlib import Path

import pytest

from tests import processes

PARTS = ("app", "launch", "migrations", "static", "templates", "tests")
FILES = (".flaskenv", "config.py", "microblog.py", "pyproject.toml")


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The copy's folder; workers and servers that the test starts run there, and are not measured for coverage."""
    folder = tmp_path / "checkout"
    for part in PARTS:
        shutil.copytree(processes.ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    for file in FILES:
        shutil.copy(processes.ROOT / file, folder / file)
    monkeypatch.setattr(processes, "ROOT", folder)
    for name in [name for name in os.environ if name.startswith("COVERAGE_")]:
        monkeypatch.delenv(name)
    return folder
