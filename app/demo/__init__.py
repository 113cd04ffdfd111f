"""The sample district that `flask demo` loads."""

from flask import Flask

from app.demo.cli import demo


def init_app(app: Flask) -> None:
    """Register the command."""
    app.cli.add_command(demo)
