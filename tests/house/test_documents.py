"""What the documents say is so: links lead somewhere, commands and settings exist, and nothing is left out."""

import inspect
import re
from urllib.parse import unquote

import pytest

from app.engine import Run, registry, task
from app.web import health
from tests import documents

NAMES = [file.relative_to(documents.ROOT).as_posix() for file in documents.DOCUMENTS]
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)|(?:src|srcset|href)=\"([^\"]+)\"")
LOOKS_LIKE_A_SETTING = re.compile(r"\b(?:[A-Z][A-Z0-9]+_[A-Z0-9_]+|DEMO|HOST|PORT)\b")
# capitals that are no settings of ours
OTHERS = {"FLASK_APP", "COMPOSE_FILE", "TEST_DATABASE_URL", "POSTGRES_TEST_URL", "LC_MESSAGES"}


def text_of(name):
    return (documents.ROOT / name).read_text()


def everything():
    return "\n".join(map(text_of, NAMES))


@pytest.mark.parametrize("name", NAMES)
def test_every_link_leads_somewhere(name):
    for found in LINK.findall(without_code(text_of(name))):
        target, _, place = "".join(found).partition("#")
        if re.match(r"[a-z]+:", target):
            continue
        file = (documents.ROOT / name).parent / unquote(target) if target else documents.ROOT / name
        assert file.exists(), f"{name}: {target}"
        if place:
            assert place in headings(file.read_text()), f"{name}: {target}#{place}"


@pytest.mark.parametrize("name", NAMES)
def test_every_command_of_boot_exists(name):
    known = set(re.findall(r"^  (\w+)\)", text_of("boot.sh"), re.MULTILINE))

    assert set(re.findall(r"\./boot\.sh (\w+)", text_of(name))) <= known


@pytest.mark.parametrize("name", NAMES)
def test_every_flask_command_and_its_options_exist(app, name):
    for command, rest in re.findall(r"(?:`|^    |-m )flask ([a-z][a-z-]*)([^`#\n]*)", text_of(name), re.MULTILINE):
        assert command in app.cli.list_commands(None) or command in {"run", "shell"}, command
        if command in app.cli.commands:
            options = {option for each in app.cli.commands[command].params for option in each.opts}
            assert set(re.findall(r"--[a-z-]+", rest)) <= options, f"flask {command}{rest}"


@pytest.mark.parametrize("name", NAMES)
def test_every_setting_named_is_one(name):
    known = set(re.findall(r"^([A-Z_]+)=", text_of(".env.example"), re.MULTILINE))
    named = set(LOOKS_LIKE_A_SETTING.findall(without_code(text_of(name), "python")))

    assert named - known - OTHERS == set()


def test_every_setting_is_explained_to_who_runs_a_site():
    known = set(re.findall(r"^([A-Z_]+)=", text_of(".env.example"), re.MULTILINE))

    assert known - set(re.findall(r"`([A-Z_]+)`", text_of("docs/operations.md"))) == set()


def test_every_task_is_explained(app):
    ours = {each.name for each in registry.all_tasks() if each.function.__module__.startswith("app.tasks.")}

    assert ours - set(re.findall(r"`(\w+)`", text_of("docs/operations.md"))) == set()


def test_everything_a_tasks_author_has_is_explained():
    page = text_of("docs/first-task.md")
    handle = {name for name in vars(Run) if not name.startswith("_") and name not in ("where", "settle")}

    assert {name for name in handle if f"run.{name}" not in page} == set()
    assert {name for name in inspect.signature(task).parameters if f"`{name}`" not in page} == set()


def test_every_health_address_is_explained():
    source = inspect.getsource(health)

    for address in re.findall(r"@bp\.get\(\"([^\"]+)\"\)", source):
        assert f"`{address}`" in text_of("docs/operations.md")


def test_every_benchmark_is_explained():
    names = {file.stem for file in (documents.ROOT / "benchmarks").glob("*.py")} - {"__init__", "bare", "house"}

    assert {name for name in names if f"`{name}`" not in text_of("docs/operations.md")} == set()


def test_the_promise_is_the_same_wherever_it_stands():
    promise = text_of("README.md").partition("## What is promised")[2].partition("After `kill -9`")[0]
    sentences = re.findall(r"^- .+$", promise, re.MULTILINE)

    assert len(sentences) == 4
    assert [sentence for sentence in sentences if sentence not in text_of("docs/operations.md")] == []


def test_every_command_of_ours_is_explained(app):
    ours = [name for name, command in app.cli.commands.items() if "app.cli" in command.callback.__module__]

    assert len(ours) >= 4
    assert [name for name in ours if f"flask {name}" not in everything()] == []


def test_decisions_are_all_listed():
    listed = re.findall(r"\]\((\d{4}-[\w-]+\.md)\)", text_of("docs/decisions/README.md"))

    assert listed == sorted(file.name for file in (documents.ROOT / "docs/decisions").glob("0*.md"))


@pytest.mark.parametrize("name", NAMES)
def test_nothing_of_one_machine_is_in_them(name):
    assert not re.findall(r"(?<![\w.])/(?:home|work|root|Users|tmp)/", text_of(name))


def headings(text):
    """The places of a page that can be linked to, as they are commonly made from its headings."""
    titles = re.findall(r"^#+ (.+)$", without_code(text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def without_code(text, language=r"\w*"):
    return re.sub(rf"^```{language}\n.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
