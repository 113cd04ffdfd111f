"""Signing in to the desk: user name, password and second factor, judged together (THREATS §4)."""

import hashlib
from datetime import timedelta

from sqlalchemy import select

from app.accounts import desk_sessions, second_factor
from app.accounts.models import Staff
from app.accounts.passwords import is_password
from app.accounts.second_factor import Proof
from app.core import limits
from app.core.db import db, release
from app.core.errors import Refused, msg
from app.core.forms import canonical
from app.journal.actions import OFFICE, record
from app.journal.models import Kind

TRIES, WINDOW = 5, timedelta(minutes=15)


class WrongPassword(Refused):
    """Name or password is wrong; which of them, nobody is told."""


def check(username: str, password: str, code: str, key: str) -> Staff:
    """The member of staff who signs in; whoever has no second factor yet must enrol first.

    Refuses `TooManyTries` after five tries in a quarter of an hour, whatever the name,
    `WrongPassword`, and `NoCode` or `WrongCode` once the password was right.
    """
    name = canonical(username).lower()
    limited = f"staff:{hashlib.sha256(name.encode()).hexdigest()[:32]}"
    spent = limits.spend(limited, most=TRIES, window=WINDOW)
    open_account = (Staff.username == name, Staff.closed_at.is_(None))
    staff = db.session.scalar(select(Staff).where(*open_account))
    staff_id, stored = (staff.id, staff.password_hash) if staff else (None, None)
    release()  # The slow hash must not hold the write lock.
    if not is_password(stored, password) or staff_id is None:
        raise WrongPassword(msg("用户名或密码不对。"))
    staff = db.session.get_one(Staff, staff_id)
    if staff.enrolled_at:
        second_factor.prove(staff, code, key)
    limits.give_back(spent)
    return staff


def prove_again(staff: Staff, code: str, key: str) -> Proof:
    """Let a signed-in person show again who they are; refuses as `check` does."""
    spent = limits.spend(f"prove:{staff.id}", most=TRIES, window=WINDOW)
    proof = second_factor.prove(staff, code, key)
    limits.give_back(spent)
    return proof


def begin(staff: Staff, browser: str) -> str:
    """Let this browser act for somebody who was checked; returns the token it keeps."""
    token = desk_sessions.begin(staff.id, browser)
    actor = staff.identity.commitment
    record(OFFICE, Kind.STAFF, {"signed_in": staff.id}, actor=actor)
    return token
