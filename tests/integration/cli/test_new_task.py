import subprocess
import sys

import pytest

from app import tasks
from app.cli import new_task

NO_NAMES = ("Water", "water-plants", "class", "1st", "../water", "queue", "perform", "export_posts")


def new(app, *words):
    return app.test_cli_runner().invoke(args=["new-task", *words])


def test_written_task_and_its_test_pass_as_they_are(app, checkout):
    written = new(app, "water_plants", "--folder", str(checkout))

    assert written.exit_code == 0, written.output
    files = ["app/tasks/water_plants.py", "tests/integration/tasks/test_water_plants.py"]
    assert len((checkout / files[0]).read_text().splitlines()) <= 10
    assert_passes("pytest -q -p no:cacheprovider", files[1:], checkout)
    assert_passes("ruff check", files, checkout)
    assert_passes("ruff format --check", files, checkout)


def test_task_it_wrote_may_not_be_overwritten(app, tmp_path):
    new(app, "water_plants", "--folder", str(tmp_path))
    file = tmp_path / "app/tasks/water_plants.py"
    file.write_text("mine")

    again = new(app, "water_plants", "--folder", str(tmp_path))

    assert again.exit_code == 1
    assert "app/tasks/water_plants.py is there already" in again.output
    assert file.read_text() == "mine"


@pytest.mark.parametrize("name", NO_NAMES)
def test_name_that_cannot_be_is_refused_in_a_sentence(app, tmp_path, name):
    refused = new(app, name, "--folder", str(tmp_path))

    assert refused.exit_code == 1
    assert refused.output.startswith("Error: ") and name in refused.output
    assert list(tmp_path.glob("app")) == []


def test_names_that_the_package_of_tasks_needs_are_kept():
    own = {name for name, value in vars(tasks).items() if getattr(value, "__module__", "") == tasks.__name__}

    assert {name for name in own if not name.startswith("_")} | {"queue"} == new_task.TAKEN


def assert_passes(module, files, folder):
    command = [sys.executable, "-m", *module.split(), *files]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=250)
    assert done.returncode == 0, done.stdout + done.stderr
