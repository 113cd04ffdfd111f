"""The staff's desk: district list, compound pages and live boards; it only reads."""

from flask import Flask

from app.desk.staff_views import bp


def init_app(app: Flask) -> None:
    """Register the pages."""
    app.register_blueprint(bp)
