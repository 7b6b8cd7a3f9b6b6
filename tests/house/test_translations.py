"""Every word of a letter is there in every language, and nothing of it gets lost on the way."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from babel.messages import extract
from babel.messages.pofile import read_po

from app import languages
from app.services import letter_samples, letters
from tests import documents

MAPPINGS = tomllib.loads((documents.ROOT / "pyproject.toml").read_text())["tool"]["babel"]["mappings"]
OTHERS = [code for code in languages.known() if code != languages.ENGLISH]
LINK = re.compile(r"https?://[^\s\"<]+")


def asked_for():
    """What the templates say in English: a text, or one and many."""
    found = set()
    for mapping in MAPPINGS:
        methods = [(pattern, mapping["method"]) for pattern in mapping["pattern"]]
        found |= {message for _file, _line, message, *_rest in extract.extract_from_dir(documents.ROOT, methods)}
    return found


@pytest.mark.parametrize("language", OTHERS)
def test_catalogue_says_everything_and_nothing_else(language):
    path = languages.FOLDER / language / "LC_MESSAGES" / "messages.po"
    catalogue = read_po(path.open("rb"), locale=language)
    messages = [message for message in catalogue if message.id]

    assert {message.id for message in messages} == asked_for(), "pybabel extract and update: docs/letters.md"
    assert not catalogue.obsolete and not [message.id for message in messages if message.fuzzy]
    for message in messages:
        forms = [message.string] if isinstance(message.string, str) else message.string
        assert all(forms), f"{message.id}: nobody has translated it"
    assert [(message.id, errors) for message, errors in catalogue.check()] == []
    assert [message.id for message in messages if not languages.is_sound(message)] == []


def test_documented_commands_work_in_a_fresh_clone_and_lose_nothing(tmp_path):
    for name in ("templates/email", "templates/sms", "app/translations"):
        shutil.copytree(documents.ROOT / name, tmp_path / name)
    shutil.copy(documents.ROOT / "pyproject.toml", tmp_path)
    guide = (documents.ROOT / "docs" / "letters.md").read_text()
    commands = re.findall(r"(?:^    |`)((?:mkdir|pybabel) [^`\n]+)", guide, re.MULTILINE)
    assert len(commands) == 4

    with_venv = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    for command in commands:
        subprocess.run(command, shell=True, check=True, cwd=tmp_path, env=with_venv, capture_output=True)

    assert read(tmp_path / "app" / "translations", "fr").keys() == asked_for()
    for language in set(OTHERS) - {"fr"}:  # should somebody write it, `init` has just begun it anew
        assert read(tmp_path / "app" / "translations", language) == read(languages.FOLDER, language)


def read(folder, language):
    with (folder / language / "LC_MESSAGES" / "messages.po").open("rb") as file:
        return {message.id: message.string for message in read_po(file, locale=language) if message.id}


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("kind", letters.KINDS)
def test_letter_of_another_language_tells_the_same(app, susan, kind, language):
    english = letter_samples.render(kind, susan, "en")
    other = letter_samples.render(kind, susan, language)

    for part in ("subject", "text", "html"):
        assert getattr(other, part) != getattr(english, part), f"the {part} is English"
        assert LINK.findall(getattr(other, part)) == LINK.findall(getattr(english, part))
    assert f'<html lang="{language}">' in other.html


def test_what_somebody_typed_is_no_markup_in_any_language(app, susan):
    susan.username = "<b>susan</b> %(name)s {{ 7 * 7 }}"

    for language in languages.known():
        words = letters.render("mention", language, member=susan, actor="<i>eve</i>", post_id=1, body="<script>")
        assert "<b>susan" not in words.html and "<i>eve" not in words.html and "<script>" not in words.html
        assert "%(name)s {{ 7 * 7 }}" in words.html
        assert "<b>susan</b> %(name)s {{ 7 * 7 }}" in words.text


def test_what_a_translator_wrote_is_no_markup_either(app):
    said = app.jinja_env.from_string("{{ _('Tom & <b>%(name)s</b>, 100 %%', name=name) }}")
    counted = app.jinja_env.from_string("{% trans count=1, name=name %}<i>{{ name }}{% pluralize %}{% endtrans %}")

    assert said.render(name="<i>") == "Tom &amp; &lt;b&gt;&lt;i&gt;&lt;/b&gt;, 100 %"
    assert counted.render(name="<i>") == "&lt;i&gt;&lt;i&gt;"
