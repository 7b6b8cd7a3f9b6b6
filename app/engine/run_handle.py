"""Placeholder while the engine is built."""


class Run:
    """What a task is handed."""
