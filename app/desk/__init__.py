"""The staff's desk: district list, compound pages and live boards; it only reads."""

from flask import Flask

from app.desk.polls import Polls
from app.desk.staff_views import bp


def init_app(app: Flask) -> None:
    """Register the pages, and answer what boards ask over and over before anything else."""
    app.register_blueprint(bp)
    app.wsgi_app = Polls(app, app.wsgi_app)  # type: ignore[method-assign, assignment]
