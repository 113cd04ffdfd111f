"""The append-only record of what happened."""

from flask import Flask

from app.journal.cli import journal_cli


def init_app(app: Flask) -> None:
    """Register the commands."""
    app.cli.add_command(journal_cli)
