"""A worker's process loads this by TASK_MODULES: a task told to stop has a second, and a broken one waits for the test
to let it go on (`engine_fixtures.end_back_off`), however late that looks.
"""

from app.engine import pulse, runner

pulse.HANGING_CANCEL_SECONDS = 1.0
runner.BACKOFF_SECONDS = runner.BACKOFF_CAP_SECONDS = 1e7
