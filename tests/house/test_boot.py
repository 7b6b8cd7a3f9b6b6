"""The commands at the door name what the house knows."""

import re
import tomllib
from pathlib import Path

from app.engine import registry
from launch import demo, supervise

ROOT = Path(supervise.__file__).parent.parent


def test_boot_and_demo_start_workers_on_the_engines_queues():
    boot = (ROOT / "boot.sh").read_text()

    assert re.search(r"^high=(\S+) tasks=(\S+)", boot, re.MULTILINE).groups() == (
        registry.HIGH_QUEUE,
        registry.DEFAULT_QUEUE,
    )
    assert list(demo.WORKERS.values()) == [f"{registry.HIGH_QUEUE},{registry.DEFAULT_QUEUE}", registry.HIGH_QUEUE]


def test_greeting_names_buttons_that_are_there(app):
    titles = {task.title for task in registry.all_tasks() if task.visible}

    named = re.findall(r"(?:Start beside|Start) ([A-Z][a-z ]+?)(?::|,| for)", demo.HELLO)

    assert named[0] == "Example long task"
    assert len(named) == 3 and set(named) <= titles


def test_supervisor_is_short():
    assert len(Path(supervise.__file__).read_text().splitlines()) <= 80


def test_python_that_boot_asks_for_is_the_one_the_project_asks_for():
    asked = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"]

    assert asked == ">=3.11"
    assert "(3, 11)" in (ROOT / "boot.sh").read_text()


def test_every_locked_requirement_has_a_hash():
    for name in ("requirements.txt", "requirements-dev.txt"):
        locked = (ROOT / name).read_text().replace("\\\n", " ").splitlines()
        assert all("--hash=sha256:" in line for line in locked if re.match(r"[a-zA-Z]", line)), name
        assert "://" not in "".join(locked), f"{name} names a package index"
