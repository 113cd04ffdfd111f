"""The background's work on messages: sending what is due, forgetting what is old.

While a gateway is asked no transaction is open and no connection is held: a slow provider must not
take them from those who vote. One transaction writes down what became of a letter and claims the
next, so whoever is killed leaves at most one message in doubt.
"""

import threading
import traceback
from datetime import timedelta

import structlog
from flask import Flask, current_app

from app.core import alarms, clock, jobs
from app.core.db import db
from app.notices import delivery
from app.notices.actions import CODES
from app.notices.delivery import Later, Never, Outcome, Sent, Unanswered
from app.notices.gateways import Busy, Gateway, Letter, Rejected
from app.notices.queries import GATEWAY, busy_compounds

log = structlog.get_logger()
# One at a time in this process; the next minute comes while five thousand are being sent.
_rounds = threading.Lock()
# A lawful day at its busiest tells two phones of each home of its new slip and of its vote.
USUAL_FOR_A_HOME, DAY = 4, timedelta(hours=24)


def send_codes() -> None:
    """Send the codes somebody waits for, whatever else is being sent."""
    _send(codes_only=True)


def send_waiting() -> None:
    """Send everything that is due, until nothing is left."""
    if not _rounds.acquire(blocking=False):
        return
    try:
        delivery.tidy()
        db.session.commit()
        _send()
    finally:
        _rounds.release()


def forget_old() -> None:
    """Blank the phones and texts of what ended long ago."""
    if delivery.blank_old():
        db.session.commit()


def too_many_sent() -> str | None:
    """What the operator is told of a compound whose messages cost more than a lawful day does.

    They still go out: whoever could stop them by causing many could vote for a home unheard.
    """
    compounds = busy_compounds(clock.now() - DAY, USUAL_FOR_A_HOME)
    names = ", ".join(map(str, compounds))
    return f"unusually many messages at compound {names}" if compounds else None


def _send(*, codes_only: bool = False) -> None:
    gateway: Gateway | None = current_app.extensions[GATEWAY]
    if gateway is None:
        return
    letter = delivery.claim(codes_only=codes_only)
    while letter is not None:
        db.session.commit()
        db.session.close()
        outcome = _handed_over(gateway, letter)
        pause = delivery.settle(letter, outcome)
        if pause is not None and letter.is_code:
            jobs.call_later(CODES, int(pause.total_seconds()))
        letter = delivery.claim(codes_only=codes_only)
    db.session.commit()


def _handed_over(gateway: Gateway, letter: Letter) -> Outcome:
    """What became of it. A provider's words may repeat the text, so they are no line of the log."""
    try:
        return Sent(gateway.send(letter))
    except Busy as busy:
        log.warning("gateway busy", message=letter.message_id)
        return Later(str(busy))
    except Rejected as no:
        log.warning("message rejected", message=letter.message_id)
        return Never(str(no))
    except Exception as error:
        kind, where = type(error).__name__, traceback.format_tb(error.__traceback__)[-1]
        log.error("gateway gave no answer", message=letter.message_id, kind=kind, where=where)
        return Unanswered(kind)


def init_app(app: Flask) -> None:
    """Send codes when called, everything once a minute; warn of what costs too much."""
    jobs.on_call(app, CODES, send_codes)
    jobs.every_minute(app, send_waiting)
    jobs.every_minute(app, forget_old)
    alarms.watch(app, too_many_sent, anybody_can_ring=True)
