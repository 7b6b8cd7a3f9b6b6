"""`flask members`: who there is, and what only those who run the site may change."""

import click
from flask.cli import with_appcontext

from app.errors import ProductError
from app.extensions import db
from app.models import User
from app.services import accounts

LINE = "{:<24} {:<10} {:<10} {:<11} {}"


@click.group("members")
def command() -> None:
    """List members; change a role, a password or an address, suspend and restore."""


@command.command("list")
@click.option("--role", type=click.Choice(accounts.ROLES), help="Those alone.")
@with_appcontext
def list_members(role: str | None) -> None:
    """Every member, by name."""
    click.echo(LINE.format("NAME", "ROLE", "STANDING", "SINCE", "LAST SEEN"))
    for member in db.session.scalars(accounts.everybody(role).execution_options(yield_per=500)):
        standing = "suspended" if member.is_suspended else "active"
        seen = f"{member.last_seen_at:%Y-%m-%d}" if member.last_seen_at else "never"
        click.echo(LINE.format(member.username, member.role, standing, f"{member.created_at:%Y-%m-%d}", seen))


@command.command("role")
@click.argument("name")
@click.argument("role", type=click.Choice(accounts.ROLES))
@with_appcontext
def set_role(name: str, role: str) -> None:
    """Let NAME do what a member, a moderator or an admin may."""
    member = _named(name)
    accounts.set_role(member, role)
    _commit(f"{member.username} is {'an' if role == 'admin' else 'a'} {role} now.")


@command.command("suspend")
@click.argument("name")
@with_appcontext
def suspend(name: str) -> None:
    """End every sign-in of NAME and allow no new one."""
    member = _named(name)
    accounts.suspend(member)
    _commit(f"{member.username} is suspended.")


@command.command("restore")
@click.argument("name")
@with_appcontext
def restore(name: str) -> None:
    """Let a suspended NAME sign in again."""
    member = _named(name)
    accounts.restore(member)
    _commit(f"{member.username} may sign in again.")


@command.command("password")
@click.argument("name")
@with_appcontext
def set_password(name: str) -> None:
    """Ask for a new password for NAME, and end every sign-in made with the old one."""
    member = _named(name)
    password = click.prompt("New password", hide_input=True, confirmation_prompt="Once more")
    try:
        accounts.set_password(member, password)
    except ProductError as error:
        raise click.ClickException(error.message) from None
    _commit(f"{member.username} has a new password and must sign in again everywhere.")


@command.command("address")
@click.argument("name")
@click.argument("email")
@with_appcontext
def set_address(name: str, email: str) -> None:
    """Have letters for NAME go to another address, for them to confirm, and end every sign-in."""
    member = _named(name)
    try:
        accounts.set_email(member, email)
    except ProductError as error:
        raise click.ClickException(error.message) from None
    _commit(f"Letters for {member.username} go to {member.email}, once it is confirmed. Every sign-in has ended.")


def _named(name: str) -> User:
    member = accounts.named(name)
    if member is None:
        raise click.ClickException(f"There is no member called {name!r}. `flask members list` names them all.")
    return member


def _commit(sentence: str) -> None:
    db.session.commit()
    click.echo(sentence)
