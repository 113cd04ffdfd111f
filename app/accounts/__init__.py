"""Staff accounts, household codes and signed-in households."""

from flask import Flask

from app.accounts import journal_views, login_views, me_views, staff_views, tasks, views
from app.accounts.cli import staff_cli


def init_app(app: Flask) -> None:
    """Register pages, commands and background work."""
    app.cli.add_command(staff_cli)
    for pages in (login_views, me_views, staff_views, journal_views):
        pages.init_app(app)
    views.init_app(app)
    tasks.init_app(app)
