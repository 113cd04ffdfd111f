"""The projects feature."""

from flask import Flask

from app.projects import models as models


def init_app(app: Flask) -> None:
    """Register pages and commands."""
