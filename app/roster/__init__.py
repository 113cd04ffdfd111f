"""The roster feature."""

from flask import Flask

from app.roster import models as models
from app.roster.cli import roster_cli


def init_app(app: Flask) -> None:
    """Register pages and commands."""
    app.cli.add_command(roster_cli)
