"""What the background does for rounds: note the close of each at its minute."""

from flask import Flask

from app.core.db import db
from app.core.jobs import every_minute
from app.rounds.actions import close_due_rounds


def close_rounds() -> None:
    """Record every close that is due; time itself already refuses late votes."""
    close_due_rounds()
    db.session.commit()


def init_app(app: Flask) -> None:
    """Run it every minute."""
    every_minute(app, close_rounds)
