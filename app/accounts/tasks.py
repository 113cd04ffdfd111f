"""What the background does for the doors: send the codes asked for, and forget what is over."""

from flask import Flask, current_app

from app.accounts import desk_sessions, guessing, phone_codes
from app.accounts.phone_codes import NumberSpent
from app.core import alarms, clock, jobs, limits
from app.core.db import db, release
from app.core.limits import TooManyTries

# Longer than any window of a limit.
_KEPT = guessing.DAY * 2


def send_codes() -> None:
    """Queue a message for every code asked for by a phone on file, each in its own transaction."""
    key = current_app.extensions["juyi_config"].code_key
    for phone_code_id in phone_codes.waiting():
        release()
        try:
            phone_codes.send(phone_code_id, key)
        except NumberSpent as spent:
            release()
            phone_codes.put_off(phone_code_id, spent.wait)
        except TooManyTries:
            release()
            phone_codes.give_up(phone_code_id)
        db.session.commit()
    jobs.wake()


def forget_old() -> None:
    """Delete tries and codes that no limit looks back at any more, and old sign-ins."""
    limits.forget_tries(clock.now() - _KEPT)
    phone_codes.forget(clock.now() - _KEPT)
    desk_sessions.forget(clock.now() - desk_sessions.KEPT)
    db.session.commit()


def init_app(app: Flask) -> None:
    """Send as soon as somebody asked, look every minute for what was missed, and warn."""
    jobs.on_call(app, phone_codes.SEND, send_codes)
    jobs.every_minute(app, send_codes)
    jobs.every_minute(app, forget_old)
    alarms.watch(app, guessing.guessing_now, anybody_can_ring=True)
    alarms.watch(app, phone_codes.budgets_spent, anybody_can_ring=True)
