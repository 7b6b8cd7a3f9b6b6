"""Files in a folder. With more than one machine it must be a shared one."""

import os
import shutil
from datetime import datetime
from pathlib import Path
from typing import BinaryIO


class LocalStorage:
    """Finished files under `<root>/kept`, parts under `<root>/parts`: one file system, so that a move is atomic."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def put(self, key: str, file: Path) -> None:
        """Move a finished local file in, in one step."""
        target = self._path(key)
        target.parent.mkdir(parents=True, exist_ok=True)
        with open(file, "rb") as written:
            os.fsync(written.fileno())
        os.replace(file, target)

    def open(self, key: str) -> BinaryIO:
        """The file for reading. Raises FileNotFoundError."""
        return open(self._path(key), "rb")

    def remove_all(self, prefix: str) -> None:
        """Remove every file under the prefix."""
        shutil.rmtree(self._path(prefix), ignore_errors=True)

    def parts(self, run_id: str) -> Path:
        """A folder for a run's unfinished files."""
        folder = self.root / "parts" / run_id
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def parts_older_than(self, moment: datetime) -> list[str]:
        """The names of folders of parts in which no file was begun since `moment`, sorted."""
        folders = [folder for folder in (self.root / "parts").glob("*") if folder.is_dir()]
        return sorted(folder.name for folder in folders if folder.stat().st_mtime < moment.timestamp())

    def _path(self, key: str) -> Path:
        path = (self.root / "kept" / key).resolve()
        if not path.is_relative_to((self.root / "kept").resolve()):
            raise ValueError(f"{key!r} leads out of the storage.")
        return path
