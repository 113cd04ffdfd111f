"""The shared kernel: it knows no feature."""

from flask import Flask

from app.core.views import bp


def init_app(app: Flask) -> None:
    """Register the pages of no feature."""
    app.register_blueprint(bp)
