"""The browser's pure modules, tested by Node's own runner."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent / "js"


@pytest.mark.parametrize(
    "file", sorted(FOLDER.glob("*.test.mjs")), ids=lambda file: file.name.removesuffix(".test.mjs")
)
def test_javascript(file: Path) -> None:
    node = shutil.which("node")
    if node is None and os.environ.get("CI") != "true":
        pytest.skip("No Node here: install one, or let CI run these.")

    command = [node or "node", "--no-warnings", "--test", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
