"""A worker's process loads this by TASK_MODULES and behaves as on macOS: no kernel ends a horse with its parent."""

from app.engine import worker

worker._libc = None
