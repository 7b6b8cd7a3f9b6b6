"""`flask doctor`: a line for each thing that can be wrong, and what to do about it."""

import click
from flask import current_app
from flask.cli import with_appcontext

from app.services import doctor


@click.command("doctor")
@with_appcontext
def command() -> None:
    """Examine the installation; exit 1 if something is wrong."""
    findings = doctor.examine(current_app.config)
    for finding in findings:
        click.echo(f"{'ok     ' if finding.is_well else 'WRONG  '}  {finding.subject:<13} {finding.text}")
    if not all(finding.is_well for finding in findings):
        raise SystemExit(1)
