"""The Python of docs/from-the-tutorial.md, run as it stands there."""

import re
import runpy

import pytest

from tests import documents

BLOCKS = documents.code_blocks("docs/from-the-tutorial.md")


@pytest.mark.usefixtures("cast")
@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_code_of_the_page_does_what_it_says(app, tmp_path, number):
    file = tmp_path / "block.py"
    file.write_text(BLOCKS[number])

    runpy.run_path(str(file))


def test_the_page_has_code_and_every_chapter():
    page = (documents.ROOT / "docs/from-the-tutorial.md").read_text()

    assert len(BLOCKS) >= 5
    rows = [re.search(rf"^\| {chapter} \| (.+) \| (.+) \| (.+) \|$", page, re.MULTILINE) for chapter in range(1, 24)]
    assert all(rows) and all("`" in row[2] for row in rows), "each names the tutorial's file"
