"""`flask staff create`: the first account of an installation is made on the server."""

import secrets

import click
from flask.cli import AppGroup
from sqlalchemy import select

from app.accounts import actions
from app.core.db import db
from app.core.errors import Refused
from app.core.guards import Role
from app.roster.models import Area

staff_cli = AppGroup("staff", help="Accounts of the staff.")


@staff_cli.command("create")
@click.argument("username")
@click.option("--name", help="The person's name; default: the user name.")
@click.option("--role", type=click.Choice([r.value for r in Role]), default="office")
@click.option("--area", "area_name", help="District, town or community; default: everything.")
@click.option("--password", help="Default: a random one, printed once.")
def create(
    username: str, name: str | None, role: str, area_name: str | None, password: str | None
) -> None:
    """Make an account and print its password once."""
    secret = password or secrets.token_urlsafe(9)
    try:
        actions.create_staff(
            username, name or username, Role(role), _area(area_name), secret, by=None
        )
    except Refused as refusal:
        raise click.ClickException(str(refusal)) from refusal
    db.session.commit()
    click.echo(f"username: {username}  password: {secret}")


def _area(name: str | None) -> Area | None:
    if name is None:
        return None
    found = list(db.session.scalars(select(Area).where(Area.name == name)))
    if len(found) != 1:
        raise click.ClickException(f"{len(found)} areas are called {name}")
    return found[0]
