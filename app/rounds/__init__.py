"""The rounds feature."""

from flask import Flask

from app.rounds import models as models


def init_app(app: Flask) -> None:
    """Register pages and commands."""
