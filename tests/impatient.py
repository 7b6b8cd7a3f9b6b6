"""A worker's process loads this by TASK_MODULES: a task told to stop has a second, and a broken one no pause."""

from app.engine import pulse, runner

pulse.HANGING_CANCEL_SECONDS = 1.0
runner.BACKOFF_SECONDS = 0.5
