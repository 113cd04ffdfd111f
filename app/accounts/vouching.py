"""Vouching: an invited account is a person of its own once somebody else says so (decision 6).

Whoever invites could use the link themself, and several links in one hand are one person.
"""

from typing import Any

from sqlalchemy import Select, false, func, select

from app.accounts.models import Staff
from app.accounts.queries import are_two_persons, near_to, people_within
from app.accounts.standing import NotAllowed
from app.core import clock
from app.core.db import db
from app.core.errors import Refused, msg
from app.core.guards import Identity, Role
from app.journal.actions import OFFICE, record
from app.journal.models import Kind
from app.roster.models import Area

VOUCHERS = (Role.OFFICE, Role.DISTRICT, Role.ADMIN)


def waiting_for(by: Identity) -> Select[Staff]:
    """The accounts in use for which this person may vouch, within their scope.

    They are a second person to whoever invited the account, and so known to be one themself: or
    somebody with two links would vouch with the one for the other.
    """
    if by.role not in VOUCHERS:
        return select(Staff).where(false())
    found = select(Staff).where(
        ~Staff.is_vouched,
        Staff.enrolled_at.is_not(None),
        Staff.closed_at.is_(None),
        Staff.id != by.id,
        Staff.made_by_id.not_in(near_to(by)),
    )
    if by.area_path != "/":
        found = found.join(Area, Area.id == Staff.area_id)
        found = found.where(Area.path.startswith(by.area_path))
    return found


def listed(by: Identity, words: str, *, waiting_only: bool) -> Select[Any]:
    """`people_within`, or those among them who wait for this person's word."""
    people = people_within(by, words)
    if waiting_only:
        people = people.where(Staff.id.in_(waiting_for(by).with_only_columns(Staff.id)))
    return people


def waiting(by: Identity) -> int:
    """How many accounts wait for this person's word."""
    if by.role not in VOUCHERS:
        return 0
    return db.session.scalars(waiting_for(by).with_only_columns(func.count(Staff.id))).one()


def is_vouched(by: Identity) -> bool:
    """Whether this person is known to be one of their own."""
    return db.session.get_one(Staff, by.id).is_vouched


def may_vouch(by: Identity, staff: Staff) -> bool:
    """Whether this person may say of that account that its holder uses it."""
    return db.session.scalar(waiting_for(by).where(Staff.id == staff.id)) is not None


def vouch(staff: Staff, *, by: Identity) -> None:
    """Say that one knows the person, and that they use the account; refuses `NotAllowed`."""
    check_may_vouch(by, staff)
    staff.vouched_at, staff.vouched_by_id = clock.now(), by.id
    record(OFFICE, Kind.STAFF, {"vouched": staff.id}, actor=by.commitment)


def check_may_vouch(by: Identity, staff: Staff) -> None:
    """Refuse `NotAllowed` unless `may_vouch`."""
    if staff.is_vouched:
        raise NotAllowed(msg("这个账号不用再确认。"))
    if staff.enrolled_at is None:
        raise NotAllowed(msg("这个人还没有用邀请登录过，登录以后才能确认。"))
    if not may_vouch(by, staff):
        raise NotAllowed(msg("要由邀请人以外、自己的账号已经确认过的另一位同事来确认。"))


def check_second_person(first_id: int | None, by: Identity, refusal: Refused) -> None:
    """Raise the refusal unless `by` is a second person to `first_id`.

    Its words give way where the only reason is that nobody vouched yet for one of the two.
    """
    if are_two_persons(first_id, by):
        return
    raise type(refusal)(lacks_voucher(first_id, by) or refusal.message)


def lacks_voucher(first_id: int | None, by: Identity) -> str:
    """The words, as a msgid, when nobody vouched yet for `by` or `first_id`; else empty."""
    if first_id is None or first_id == by.id:
        return ""
    if not is_vouched(by):
        return msg("您的账号还没有第二个人确认是本人在用，这一步要由别人来做。")
    if not db.session.get_one(Staff, first_id).is_vouched:
        return msg("前一步的账号还没有第二个人确认是本人在用。请先到“工作人员”里确认。")
    return ""
