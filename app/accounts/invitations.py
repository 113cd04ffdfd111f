"""Invitations: the only way into a new account, and back into one whose phone was lost (T40).

The person sets the password themself, so that nobody else ever knew it (decision 6). One table
serves the first time and every later one: a link works once, for three days.
"""

from datetime import timedelta

from flask import current_app
from sqlalchemy import select, update

from app.accounts import desk_sessions, second_factor
from app.accounts.desk_sessions import token_digest
from app.accounts.models import Invitation, Staff
from app.accounts.standing import check_may_look_after
from app.core import clock
from app.core.db import db
from app.core.errors import Refused, msg
from app.core.guards import Identity
from app.core.tokens import keyed_digest
from app.journal.actions import OFFICE, SYSTEM, record
from app.journal.models import Kind

HOURS = 72
LIFE = timedelta(hours=HOURS)
_TOKEN_LENGTH = 32


class NotValid(Refused):
    """The link was used, is too old, or was replaced by a later one."""


def token_of(nonce: str, key: str) -> str:
    """The token of a link (128 bits), made of a nonce that the inviter's browser keeps.

    So the link can be shown after the page was changed, and stands readable nowhere.
    """
    return keyed_digest(key, f"invitation {nonce}")[:_TOKEN_LENGTH]


def address_of(token: str) -> str:
    """The link to hand over; its host is the configured one, whatever the request says (T11)."""
    return f"{current_app.extensions['juyi_config'].base_url}/invite/{token}"


def invite(staff: Staff, token: str, *, by: Identity | None) -> Invitation:
    """Let somebody in by a link, once; what they had before (password, second factor) is void now.

    `by` is None on the command line of the server. Refuses `NotAllowed` unless they stand below.
    """
    if by is not None:
        check_may_look_after(by, staff)
    _end_open(staff.id)
    desk_sessions.end_all(staff.id)
    second_factor.forget(staff)
    staff.password_hash = None
    # Whoever hands the link over could use it: these two are never two persons, and somebody
    # else has to vouch for the account (decision 6).
    staff.made_by_id = by.id if by else staff.made_by_id
    staff.vouched_by_id = staff.vouched_at = None
    invitation = Invitation(
        staff=staff,
        token_digest=token_digest(token),
        made_at=clock.now(),
        made_by_id=by.id if by else None,
        expires_at=clock.now() + LIFE,
    )
    db.session.add(invitation)
    actor = by.commitment if by else SYSTEM
    record(OFFICE, Kind.STAFF, {"invited": staff.id}, actor=actor)
    return invitation


def load(token: str) -> Invitation:
    """The invitation behind a link; refuses `NotValid` unless it can still be used."""
    found = db.session.scalar(
        select(Invitation).where(Invitation.token_digest == token_digest(token))
    )
    return _standing(found)


def accept(token: str, password_hash: str) -> Staff:
    """Use the link up: this is the password now; the second factor comes next.

    Refuses `NotValid`.
    """
    found = db.session.scalar(
        select(Invitation)
        .where(Invitation.token_digest == token_digest(token))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    invitation = _standing(found)
    staff = invitation.staff
    invitation.used_at = clock.now()
    staff.password_hash = password_hash
    actor = staff.identity.commitment
    record(OFFICE, Kind.STAFF, {"invitation_used": staff.id}, actor=actor)
    return staff


def _standing(found: Invitation | None) -> Invitation:
    is_over = found is None or found.used_at or found.ended_at or found.staff.closed_at
    if found is None or is_over or found.expires_at <= clock.now():
        raise NotValid(msg("这个邀请用过了、过期了，或者已经换了新的。请找邀请您的同事再要一个。"))
    return found


def _end_open(staff_id: int) -> None:
    db.session.execute(
        update(Invitation)
        .where(Invitation.staff_id == staff_id, Invitation.used_at.is_(None))
        .where(Invitation.ended_at.is_(None))
        .values(ended_at=clock.now())
    )
