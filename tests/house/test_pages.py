"""What no page may hold: our Content-Security-Policy forbids inline code, and nothing is fetched from elsewhere."""

import re
from pathlib import Path

import pytest

import config

ROOT = Path(config.__file__).parent
TEMPLATES = sorted(file.relative_to(ROOT).as_posix() for file in (ROOT / "templates").rglob("*.html"))
PAGES = [name for name in TEMPLATES if not name.startswith("templates/email/")]
STATIC = sorted(
    file.relative_to(ROOT).as_posix() for ending in ("css", "js") for file in (ROOT / "static").rglob(f"*.{ending}")
)
NOT_AN_ADDRESS = ("http://www.w3.org/",)  # the names of XML's own vocabularies


@pytest.mark.parametrize("name", PAGES)
def test_page_has_no_inline_code(name):
    text = without_comments((ROOT / name).read_text())

    assert not re.findall(r"<style\b|\sstyle\s*=|\son[a-z]+\s*=\s*[\"'{]|javascript:", text, re.IGNORECASE)
    for attributes, body in re.findall(r"<script\b([^>]*)>(.*?)</script>", text, re.IGNORECASE | re.DOTALL):
        assert "src=" in attributes and not body.strip()


@pytest.mark.parametrize("name", PAGES + STATIC)
def test_nothing_is_fetched_from_outside(name):
    addresses = re.findall(r"""(?:https?:)?//[a-z0-9][\w.-]+\.[a-z]{2,}[^\s"')]*""", quoted((ROOT / name).read_text()))

    assert not [address for address in addresses if not address.startswith(NOT_AN_ADDRESS)]


def quoted(text: str) -> str:
    """What stands in quotes or url(…): an address anywhere else is prose."""
    return "\n".join(re.findall(r"""["'(]([^"'()\n]*//[^"'()\n]*)""", text))


def without_comments(text: str) -> str:
    return re.sub(r"\{#.*?#\}", "", text, flags=re.DOTALL)
