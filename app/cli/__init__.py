"""The door for a shell: `flask <command>`."""

from flask import Flask

from app.cli import doctor, members, new_task, prepare, seed, worker

COMMANDS = (doctor, members, new_task, prepare, seed, worker)


def register(app: Flask) -> None:
    """Add the commands to the application."""
    for module in COMMANDS:
        app.cli.add_command(module.command)
