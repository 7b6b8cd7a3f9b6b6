"""Where finished files lie, and the parts of unfinished ones."""

from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Protocol

from app.adapters.storage.local import LocalStorage


class Storage(Protocol):
    """A place for finished files under keys like `runs/<id>/posts.zip`."""

    def put(self, key: str, file: Path) -> None:
        """Move a finished local file in, in one step: it is there whole or not at all."""

    def open(self, key: str) -> BinaryIO:
        """The file for reading, seekable. Raises FileNotFoundError."""

    def remove_all(self, prefix: str) -> None:
        """Remove every file under the prefix; nothing there is no error."""

    def parts(self, run_id: str) -> Path:
        """A folder for a run's unfinished files, the same for every process."""

    def parts_older_than(self, moment: datetime) -> list[str]:
        """The names of such folders in which no file was begun since `moment`, sorted."""


class StorageError(RuntimeError):
    """STORAGE_URL names a storage that is not known; the message says which are."""


def open_storage(url: str) -> Storage:
    """The storage that `url` names: `file:<folder>`. Raises StorageError."""
    scheme, _, rest = url.partition(":")
    if scheme != "file" or not rest:
        raise StorageError(f"STORAGE_URL must look like file:/some/folder, not {url!r}.")
    return LocalStorage(Path(rest.removeprefix("//")))


__all__ = ["LocalStorage", "Storage", "StorageError", "open_storage"]
