"""A worker's process loads this by TASK_MODULES: it and its horses may have a little more memory than they have now."""

import resource
import sys
from pathlib import Path

MORE_BYTES = 256 * 1024**2

if "worker" in sys.argv:
    held = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (held + MORE_BYTES, resource.RLIM_INFINITY))
