"""The bytes of an upload: streamed to disk, then handed to storage in one piece."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from flask import current_app

from app.adapters import storage
from app.errors import Invalid, NotFound
from app.services.imports import limits
from app.services.imports.archives import Refused
from app.services.imports.json_text import Readable

NO_LONGER_KEPT = ""
_COPY_BYTES = 1024 * 1024


def store(file: Readable, upload_id: str, key: str) -> int:
    """Keep the file under `key`, and return its length. Raises Refused above the limit, Invalid for an empty one."""
    folder = _storage().parts(f"upload-{upload_id}")
    size = 0
    try:
        with open(folder / "upload", "wb") as copy:
            while chunk := file.read(_COPY_BYTES):
                size += len(chunk)
                if size > limits.UPLOAD_BYTES:
                    raise Refused("A file to import has at most 2 GB.")
                copy.write(chunk)
        if size == 0:
            raise Invalid("This file is empty.")
        _storage().put(key, folder / "upload")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return size


@contextmanager
def opened(key: str) -> Iterator[BinaryIO]:
    """The bytes for reading, seekable. Raises NotFound when they are no longer kept."""
    try:
        if key == NO_LONGER_KEPT:
            raise FileNotFoundError(key)
        file = _storage().open(key)
    except FileNotFoundError as error:
        raise NotFound("The file is no longer kept. Upload it again.") from error
    with file:
        yield file


def remove(key: str) -> None:
    """Remove the bytes; nothing there is no error."""
    if key != NO_LONGER_KEPT:
        _storage().remove_all(key.rpartition("/")[0])


def shown(filename: str) -> str:
    """The name a browser gave, as a page may show it: no folders, nothing unprintable."""
    name = "".join(character for character in filename if character.isprintable()).replace("\\", "/")
    return name.rpartition("/")[2][-255:] or "upload"


def _storage() -> storage.Storage:
    return storage.open_storage(current_app.config["STORAGE_URL"])
