"""The roster feature."""

from flask import Flask

from app.roster import models as models
from app.roster import staff_views
from app.roster import tasks as tasks
from app.roster.cli import roster_cli


def init_app(app: Flask) -> None:
    """Register pages and commands; importing `tasks` defines the background work."""
    app.register_blueprint(staff_views.bp)
    app.cli.add_command(roster_cli)
