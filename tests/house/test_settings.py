"""Every setting is documented, and nothing else is."""

import ast
import re
from pathlib import Path

import config

ROOT = Path(config.__file__).parent
# read by launch/, or by compose: no setting of the app itself
OUTSIDE = {"HOST", "PORT", "POSTGRES_PASSWORD", "REDIS_PASSWORD"}


def test_env_example_names_exactly_the_settings_that_are_read():
    assert documented() == read_by_config() | OUTSIDE


def test_every_documented_setting_has_a_comment_above_its_group():
    lines = (ROOT / ".env.example").read_text().splitlines()
    for before, line in zip(["", *lines], lines, strict=False):
        if re.match(r"[A-Z_]+=", line):
            assert before.startswith("#") or re.match(r"[A-Z_]+=", before), line


def documented() -> set[str]:
    return set(re.findall(r"^([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))


def read_by_config() -> set[str]:
    """The names given to `env.get(…)`, `self._number(env, …)` and `self._choice(env, …)`."""
    calls = [node for node in ast.walk(ast.parse((ROOT / "config.py").read_text())) if isinstance(node, ast.Call)]
    words = [word.value for call in calls for word in call.args if isinstance(word, ast.Constant)]
    return {word for word in words if isinstance(word, str) and re.fullmatch(r"[A-Z][A-Z_]+", word)}
