"""The shared kernel: it knows no feature."""

from flask import Flask

from app.core import markdown
from app.core.cli import worker
from app.core.views import bp


def init_app(app: Flask) -> None:
    """Register the pages and commands of no feature."""
    app.register_blueprint(bp)
    markdown.init(app)
    app.cli.add_command(worker)
