"""For development: notices that code changed on disk, by the files' times, once a second."""

import logging
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0

Times = dict[Path, int]


def watch(folder: Path, files: Iterable[Path], act: Callable[[], None]) -> None:
    """Call `act` once, from a thread, when a .py below `folder` or one of `files` was written, added or removed.

    While what was written is not Python (a save in the middle of a thought) it waits for the next change.
    """
    known = _times(folder, files := list(files))
    threading.Thread(target=_look, args=(folder, files, known, act), name="reload", daemon=True).start()


def _look(folder: Path, files: list[Path], known: Times, act: Callable[[], None]) -> None:
    changed: set[Path] = set()
    while True:
        time.sleep(LOOK_SECONDS)
        seen = _times(folder, files)
        new = {file for file in known.keys() | seen.keys() if known.get(file) != seen.get(file)}
        known, changed = seen, changed | new
        if new and not _says_what_is_broken(changed):
            log.warning("%s changed: the worker starts again", ", ".join(sorted(file.name for file in changed)))
            act()
            return


def _times(folder: Path, files: Iterable[Path]) -> Times:
    times = {}
    for file in (*folder.rglob("*.py"), *files):
        try:
            times[file] = file.stat().st_mtime_ns
        except OSError:
            continue  # removed since it was listed
    return times


def _says_what_is_broken(files: Iterable[Path]) -> bool:
    for file in sorted(files):
        try:
            compile(file.read_bytes(), file.name, "exec")
        except OSError:
            continue
        except (SyntaxError, ValueError) as error:
            log.warning("%s is not Python yet (%s): the worker goes on with the code it has", file.name, error)
            return True
    return False
