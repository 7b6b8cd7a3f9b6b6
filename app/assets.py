"""The files of `static/`, and the one fingerprint over all of them that their URLs carry."""

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

_TEXTS = ("text/", "image/svg", "application/json", "application/javascript")


@dataclass(frozen=True)
class File:
    """One file as it is served."""

    body: bytes
    mimetype: str

    @cached_property
    def digest(self) -> str:
        """What its ETag says."""
        return hashlib.sha256(self.body).hexdigest()[:16]

    @cached_property
    def gzipped(self) -> bytes | None:
        """The body compressed once for all requests, or None where that would save nothing."""
        if not self.mimetype.startswith(_TEXTS):
            return None
        small = gzip.compress(self.body, 9, mtime=0)
        return small if len(small) < len(self.body) else None


class Assets:
    """Every file of `folder`, and `vendored` ones (name: where it lies) beside them, read once."""

    def __init__(self, folder: Path, vendored: dict[str, Path], is_watching: bool = False) -> None:
        self._folder = folder
        self._vendored = vendored
        self._is_watching = is_watching
        self._seen: tuple[object, ...] = ()
        self._files: dict[str, File] = {}
        self._fingerprint = ""
        self._read()

    @property
    def fingerprint(self) -> str:
        """Twelve hex digits that change when any file does; in development the folder is looked at each time."""
        if self._is_watching:
            self._read()
        return self._fingerprint

    def find(self, path: str) -> File | None:
        """The file at `path` ("css/app.css"), or None."""
        return self._files.get(path)

    def _read(self) -> None:
        places = {path.relative_to(self._folder).as_posix(): path for path in self._folder.rglob("*") if path.is_file()}
        places |= self._vendored
        seen = tuple((name, *_mark(place)) for name, place in sorted(places.items()))
        if seen == self._seen:
            return
        self._files = {name: _load(place) for name, place in sorted(places.items())}
        whole = hashlib.sha256()
        for name, file in self._files.items():
            whole.update(f"{name}\0{file.digest}\n".encode())
        self._fingerprint = whole.hexdigest()[:12]
        self._seen = seen


def _mark(place: Path) -> tuple[int, int]:
    status = place.stat()
    return status.st_mtime_ns, status.st_size


def _load(place: Path) -> File:
    mimetype = mimetypes.guess_type(place.name)[0] or "application/octet-stream"
    return File(place.read_bytes(), mimetype)
