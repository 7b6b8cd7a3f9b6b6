"""The documents as tests read them: their files, and the code in them."""

import re
from pathlib import Path

import config

ROOT = Path(config.__file__).parent
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def code_blocks(document: str, language: str = "python") -> list[str]:
    """What stands between the fences of that language, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```$", (ROOT / document).read_text(), re.MULTILINE | re.DOTALL)


def files_in(document: str) -> dict[str, str]:
    """The blocks that begin with `# app/tasks/….py`: path and text."""
    blocks = ((re.match(r"# (app/tasks/\w+\.py)\n", block), block) for block in code_blocks(document))
    return {match[1]: block for match, block in blocks if match}


def shell_lines(document: str) -> str:
    """The block that is typed into `flask shell`."""
    return next(block for block in code_blocks(document) if block.startswith("# flask shell\n"))
