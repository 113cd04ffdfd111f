"""The roster feature."""

from flask import Flask

from app.roster import models as models


def init_app(app: Flask) -> None:
    """Register pages and commands."""
