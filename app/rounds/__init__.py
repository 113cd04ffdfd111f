"""Consultations: rounds, their frozen register, votes and results."""

from flask import Flask

from app.roster.guarding import gate
from app.rounds import (
    ballot_views,
    matter_views,
    objection_views,
    queries,
    residents,
    staff_views,
    tasks,
    views,
)
from app.rounds.cli import rounds_cli

# What residents see stands on one blueprint; importing a module puts its pages there.
_FOR_RESIDENTS = (views, ballot_views, objection_views)


def init_app(app: Flask) -> None:
    """Register pages, commands and background work."""
    app.cli.add_command(rounds_cli)
    app.register_blueprint(residents.bp)
    app.register_blueprint(staff_views.bp)
    app.register_blueprint(matter_views.bp)
    gate.is_shut = queries.is_counting
    tasks.init_app(app)
