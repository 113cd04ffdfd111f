"""The comments feature."""

from flask import Flask

from app.comments import models as models


def init_app(app: Flask) -> None:
    """Register pages and commands."""
