"""The worker's door: one file per task; a job of ours names `perform`."""


def load() -> None:
    """Import every task file."""
