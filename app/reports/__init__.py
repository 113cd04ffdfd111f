"""Everything printed: posters, slips, and the notice of a round's figures."""

from flask import Flask

from app.reports import tasks
from app.reports.staff_views import bp


def init_app(app: Flask) -> None:
    """Register pages and background work."""
    app.register_blueprint(bp)
    tasks.init_app(app)
