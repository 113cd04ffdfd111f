"""The accounts feature."""

from flask import Flask

from app.accounts import models as models


def init_app(app: Flask) -> None:
    """Register pages and commands."""
