"""A worker's process loads this by TASK_MODULES: while the file READ_ONLY_FILE exists, SQLite takes no write."""

import os
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event

_file = Path(os.environ["READ_ONLY_FILE"])


@event.listens_for(Engine, "before_cursor_execute")
def _refuse_writes(connection: Any, cursor: Any, *_: Any) -> None:
    cursor.execute(f"PRAGMA query_only = {int(_file.exists())}")
