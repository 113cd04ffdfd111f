"""What the background does for rounds: note the close of each at its minute, recount by night."""

import structlog
from flask import Flask

from app.core import alarms
from app.core.db import db
from app.core.jobs import every_minute
from app.rounds.actions import close_due_rounds
from app.rounds.models import Round
from app.rounds.recounting import differences, disagreement, due_rounds, remember_recount

log = structlog.get_logger()


def close_rounds() -> None:
    """Record every close that is due; time itself already refuses late votes."""
    close_due_rounds()
    db.session.commit()


def recount_rounds() -> None:
    """Compare each round with its journal once a night; a difference rings until it is mended."""
    for round_id in due_rounds():
        if not remember_recount(db.session.get_one(Round, round_id)):
            differ = differences(db.session.get_one(Round, round_id))
            log.error("recount differs", round=round_id, differences=differ[:20])
        db.session.commit()


def init_app(app: Flask) -> None:
    """Run them every minute, and let a recount that differed be heard."""
    every_minute(app, close_rounds)
    every_minute(app, recount_rounds)
    alarms.watch(app, disagreement)
