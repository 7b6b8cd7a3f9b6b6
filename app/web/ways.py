"""Where to go when something is done: back to where the member came from, if that is on this site."""

from urllib.parse import urlsplit

from flask import url_for


def back(wanted: str, but: str | None = None) -> str:
    """`wanted` if it is a path of ours, and not the page `but`, which is no longer there; else home."""
    is_there = _is_path_of_ours(wanted) and urlsplit(wanted).path != but
    return wanted if is_there else url_for("timeline.home")


def _is_path_of_ours(wanted: str) -> bool:
    # browsers read `//host`, `/\\host` and, skipping tabs and line ends, `/<tab>/host` as another site
    is_plain = all(character.isprintable() and character not in " \\" for character in wanted)
    return is_plain and wanted.startswith("/") and not wanted.startswith("//") and not urlsplit(wanted).netloc
