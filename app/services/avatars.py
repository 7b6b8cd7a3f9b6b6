"""Every member's picture: the one they handed in, or else one drawn here from a fingerprint of the name.

A handed-in one is kept under a new mark each time, so what lies at an address never changes, and whoever replaces it
can remove its files: nobody else's are there.
"""

import hashlib
import re
import secrets
import shutil
from pathlib import Path
from typing import BinaryIO

from flask import current_app
from sqlalchemy import select, update

from app.adapters import storage
from app.adapters.media import images
from app.errors import Invalid
from app.extensions import begin_writing, db
from app.models import User

MOST_BYTES = 5 * 1024 * 1024
SMALL, LARGE = 96, 192  # twice what pages show, for sharp screens
_MARK = re.compile(r"[0-9a-f]{32}")
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


def keep(member: User, file: BinaryIO) -> str | None:
    """Make the handed-in picture the member's; returns the mark of the one before, to `remove` after the commit.

    Raises Invalid for what is no picture, or too large a one; then nothing is changed or written.
    """
    squares = _squares(file)
    mark = secrets.token_hex(16)
    _store(mark, squares)
    return _exchange(member, mark)


def drop(member: User) -> str | None:
    """Go back to the drawn picture; returns the mark of the one before, to `remove` after the commit."""
    return _exchange(member, None)


def remove(mark: str | None) -> None:
    """Remove the files of a picture that nobody has any more; nothing there is no error."""
    if mark is not None:
        _storage().remove_all(_folder(mark))


def read(mark: str, side: int) -> bytes | None:
    """The kept picture as WebP, SMALL or LARGE; None if there is none."""
    if not _MARK.fullmatch(mark) or side not in (SMALL, LARGE):
        return None
    try:
        with _storage().open(f"{_folder(mark)}/{side}.webp") as file:
            return file.read()
    except FileNotFoundError:
        return None


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


def _exchange(member: User, mark: str | None) -> str | None:
    """The mark before: of two tabs at once the second is told the first one's, so that no file is left behind."""
    begin_writing(db.session.connection())
    locked = select(User.avatar_mark).where(User.id == member.id).with_for_update(key_share=True)
    before = db.session.scalar(locked)
    db.session.execute(update(User).where(User.id == member.id).values(avatar_mark=mark))
    return before


def _squares(file: BinaryIO) -> dict[int, bytes]:
    file.seek(0, 2)
    size = file.tell()
    file.seek(0)
    if size > MOST_BYTES:
        raise Invalid(f"A picture has at most {MOST_BYTES // 1024**2} MB; this one has {size / 1024**2:.1f}.")
    try:
        return images.squares(file, (SMALL, LARGE))
    except images.TooManyPixels as error:
        raise Invalid(f"This picture is too large: {error}. Make it smaller first.") from None
    except images.NotAPicture:
        raise Invalid("This is no PNG, JPEG, WebP or GIF that can be read. Choose another file.") from None


def _store(mark: str, squares: dict[int, bytes]) -> None:
    folder: Path = _storage().parts(f"avatar-{mark}")
    try:
        for side, picture in squares.items():
            (folder / str(side)).write_bytes(picture)
            _storage().put(f"{_folder(mark)}/{side}.webp", folder / str(side))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _folder(mark: str) -> str:
    return f"avatars/{mark}"


def _storage() -> storage.Storage:
    return storage.open_storage(current_app.config["STORAGE_URL"])


def _cell(place: int, die: int, inks: list[str]) -> str:
    shape, ink = die % (len(_SHAPES) + 2), inks[(die >> 4) % len(inks)]
    if shape >= len(_SHAPES):
        return ""  # some cells stay empty
    left, top = place % 3 * _CELL, place // 3 * _CELL
    return f'<path transform="translate({left} {top})" fill="{ink}" d="{_SHAPES[shape]}"/>'
