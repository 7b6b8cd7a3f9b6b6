"""Who may import whom: the contracts of pyproject.toml, and those that need a closer look at the code."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import app

APP = Path(app.__file__).parent
REQUEST_NAMES = {"request", "session", "g", "flash", "url_for"}
HOME_OF_REQUESTS = ("web/", "api/", "links.py")
ENGINE_FOR_DOORS = {"task", "Run", "outbox", "control", "monitor"}
ENGINE_FOR = {
    "cli/": ENGINE_FOR_DOORS | {"worker", "housekeeping"},
    "tasks/__init__.py": ENGINE_FOR_DOORS | {"queues", "runner"},
    "tasks/": ENGINE_FOR_DOORS,
    "web/": ENGINE_FOR_DOORS,
    "api/": ENGINE_FOR_DOORS,
}
MODULES = sorted(file.relative_to(APP).as_posix() for file in APP.rglob("*.py"))


def test_import_contracts_hold():
    program = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([program, "--no-logo"], cwd=APP.parent, capture_output=True, text=True)

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("module", [name for name in MODULES if not name.startswith(HOME_OF_REQUESTS)])
def test_only_doors_for_browsers_and_programs_know_the_request(module):
    used = {name for source, name in imports_of(module) if source == "flask"}

    assert not used & REQUEST_NAMES


@pytest.mark.parametrize("module", [name for name in MODULES if name.startswith(tuple(ENGINE_FOR))])
def test_doors_use_the_engines_public_names_only(module):
    allowed = next(names for place, names in ENGINE_FOR.items() if module.startswith(place))
    direct = {name for source, name in imports_of(module) if source == "app.engine"}
    within = {source.split(".")[2] for source, _ in imports_of(module) if source.startswith("app.engine.")}

    assert direct | within <= allowed


def imports_of(module: str) -> Iterator[tuple[str, str]]:
    """(where from, what) of every import but those for types alone: `import a.b` gives ("a.b", "")."""
    tree = ast.parse((APP / module).read_text())
    for_types = [node for node in ast.walk(tree) if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)]
    left_out = {id(node) for branch in for_types for node in ast.walk(branch)}
    for node in ast.walk(tree):
        if id(node) in left_out:
            continue
        if isinstance(node, ast.ImportFrom):
            yield from ((node.module or "", alias.name) for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
