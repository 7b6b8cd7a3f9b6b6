"""A picture for a member who has none: drawn here from a fingerprint of the name, the same for ever."""

import hashlib
import re

_FINGERPRINT = re.compile(r"[0-9a-f]{16}")
# (ground, shapes) that keep apart from each other in light and in dark
_PALETTES = (
    ("#0b6a7b", "#f2b544", "#f7efe2"),
    ("#27304f", "#ef7d57", "#f2d7b6"),
    ("#7a2e4d", "#f4a9a0", "#f7e3c8"),
    ("#2f5d50", "#d9e07a", "#f4f0dc"),
    ("#c8553d", "#f3c969", "#2b2d42"),
    ("#4b3f72", "#8fd6c8", "#f6e7cb"),
    ("#d99a2b", "#27304f", "#fdf3dc"),
    ("#356f9e", "#f6d186", "#eef4f7"),
)
_CELL = 20
# quarter discs, a disc, a leaf and a half: each fills one cell of the three by three
_SHAPES = (
    "M0 0H20A20 20 0 0 1 0 20Z",
    "M20 0V20A20 20 0 0 1 0 0Z",
    "M20 20H0A20 20 0 0 1 20 0Z",
    "M0 20V0A20 20 0 0 1 20 20Z",
    "M10 2A8 8 0 0 1 10 18A8 8 0 0 1 10 2Z",
    "M0 0A20 20 0 0 1 20 20A20 20 0 0 1 0 0Z",
    "M0 0H20V10H0Z",
    "M0 0H20V20H0Z",
)


def fingerprint(username: str) -> str:
    """Sixteen hex digits that stand for the name in the picture's address."""
    return hashlib.sha256(username.lower().encode()).hexdigest()[:16]


def drawing(mark: str) -> str | None:
    """The fingerprint's picture as SVG, or None if it is not one."""
    if not _FINGERPRINT.fullmatch(mark):
        return None
    dice = hashlib.sha256(mark.encode()).digest()
    ground, *inks = _PALETTES[dice[0] % len(_PALETTES)]
    cells = "".join(_cell(place, dice[place + 1], inks) for place in range(9))
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 60 60" shape-rendering="geometricPrecision">'
        f'<rect width="60" height="60" fill="{ground}"/>{cells}</svg>'
    )


def _cell(place: int, die: int, inks: list[str]) -> str:
    shape, ink = die % (len(_SHAPES) + 2), inks[(die >> 4) % len(inks)]
    if shape >= len(_SHAPES):
        return ""  # some cells stay empty
    left, top = place % 3 * _CELL, place // 3 * _CELL
    return f'<path transform="translate({left} {top})" fill="{ink}" d="{_SHAPES[shape]}"/>'
