"""`flask staff …`: the first account of an installation is made on the server, and let in again."""

import secrets

import click
import pyotp
from flask.cli import AppGroup
from sqlalchemy import select

from app.accounts import actions, invitations, second_factor
from app.accounts.enrolling import code_key
from app.accounts.models import Staff
from app.core.db import db
from app.core.errors import Refused
from app.core.forms import canonical
from app.core.guards import Role
from app.core.tokens import random_token
from app.journal.actions import OFFICE, SYSTEM, record
from app.journal.models import Kind
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
    """Make an account; print its password and the secret of its second factor once."""
    chosen = password or secrets.token_urlsafe(9)
    secret = pyotp.random_base32()
    try:
        staff = actions.create_staff(
            username, name or username, Role(role), _area(area_name), chosen, by=None
        )
    except Refused as refusal:
        raise click.ClickException(str(refusal)) from refusal
    second_factor.keep(staff, secret, by=None)
    db.session.commit()
    click.echo(f"username: {username}  password: {chosen}  otp_secret: {secret}")
    click.echo(second_factor.address_of(staff.username, secret))


@staff_cli.command("code")
@click.argument("username")
def code(username: str) -> None:
    """Print a code of the moment, for whoever runs the server; the journal says so."""
    staff = _staff(username)
    if not staff.otp_sealed:
        raise click.ClickException(f"{username} has no second factor yet")
    click.echo(second_factor.code_now(staff))
    record(OFFICE, Kind.STAFF, {"code_shown": staff.id}, actor=SYSTEM)
    db.session.commit()


@staff_cli.command("invite")
@click.argument("username")
def invite(username: str) -> None:
    """Print a link that lets somebody in again; password and second factor are void at once."""
    staff = _staff(username)
    token = invitations.token_of(random_token(26), code_key())
    invitations.invite(staff, token, by=None)
    db.session.commit()
    click.echo(invitations.address_of(token))


def _staff(username: str) -> Staff:
    name = canonical(username).lower()
    found = db.session.scalar(
        select(Staff).where(Staff.username == name, Staff.closed_at.is_(None))
    )
    if found is None:
        raise click.ClickException(f"nobody is called {username}")
    return found


def _area(name: str | None) -> Area | None:
    if name is None:
        return None
    found = list(db.session.scalars(select(Area).where(Area.name == name)))
    if len(found) != 1:
        raise click.ClickException(f"{len(found)} areas are called {name}")
    return found[0]
