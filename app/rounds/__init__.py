"""Consultations: rounds, their frozen register, votes and results."""

from flask import Flask

from app.rounds import staff_views, tasks, views
from app.rounds.cli import rounds_cli


def init_app(app: Flask) -> None:
    """Register pages, commands and background work."""
    app.cli.add_command(rounds_cli)
    app.register_blueprint(views.bp)
    app.register_blueprint(staff_views.bp)
    tasks.init_app(app)
