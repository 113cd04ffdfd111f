"""Who speaks for a home changes by two persons: one proposes with evidence, another agrees.

Old phones are told before anything changes, sessions of an ended phone end at once, and a vote by
the new phone waits a day in a round (`rounds.new_phones`; THREATS.md T23, T25, T33).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, update

from app.accounts.actions import revoke_codes
from app.accounts.models import HouseholdSession, Staff
from app.accounts.sessions import end_all
from app.accounts.vouching import check_second_person
from app.core import clock
from app.core.db import db, once
from app.core.errors import Refused, msg
from app.core.guards import Identity
from app.households.models import ChangeKind, HomeChange, Outcome
from app.journal.actions import OFFICE, record
from app.journal.models import Kind
from app.notices.actions import tell
from app.notices.models import MessageKind
from app.notices.queries import is_mobile
from app.roster.models import Contact, Household
from app.roster.people import phones as read_phones
from app.roster.transfer import change_owners, make_owners
from app.rounds.models import RegisterEntry, Vote
from app.rounds.queries import counting_round


class BadPhone(Refused):
    """What was typed is no telephone number."""


class OnFileAlready(Refused):
    """The home has this number."""


class NothingToChange(Refused):
    """Neither a number to add nor one to end, or it is ended already."""


class NoEvidence(Refused):
    """A change needs its reason and the paper it rests on."""


class WaitsAlready(Refused):
    """Something about this home waits for a second person."""


class AlreadySettled(Refused):
    """Somebody has decided it meanwhile."""


class NotYourself(Refused):
    """A second person must agree."""


class RegisterIsFrozen(Refused):
    """While a round counts, owners change by its register."""


class BadDate(Refused):
    """Nobody owns a home from tomorrow on."""


@dataclass(frozen=True)
class Evidence:
    """Why, and on which paper it rests; `photo` names its sealed picture in the file store."""

    reason: str
    paper: str
    photo: str | None = None


@dataclass(frozen=True)
class PhoneChange:
    """A number to put on file (with whose it is), the contact to end, or both."""

    phone: str = ""
    name: str = ""
    ending_id: int | None = None


def propose_phone(
    household: Household, change: PhoneChange, evidence: Evidence, *, by: Identity
) -> HomeChange:
    """Ask a second person to change the phones of a home.

    Refuses `NothingToChange`, `BadPhone`, `OnFileAlready`, `NoEvidence` and `WaitsAlready`.
    """
    phone = _number(change.phone) if change.phone.strip() else None
    if phone is None and change.ending_id is None:
        raise NothingToChange(msg("请填要登记的号码，或者选一个要停用的号码。"))
    _check_phones(household.id, phone, change.ending_id)
    return _propose(
        household,
        HomeChange(
            kind=ChangeKind.PHONE,
            phone=phone,
            name=change.name.strip(),
            ending_id=change.ending_id,
            owners=[],
        ),
        evidence,
        by,
    )


def propose_owners(
    household: Household, names: Sequence[str], since: datetime, evidence: Evidence, *, by: Identity
) -> HomeChange:
    """Ask a second person to note that a home changed hands, while no round counts.

    Refuses `RegisterIsFrozen`, `BadDate`, `NothingToChange`, `NoEvidence` and `WaitsAlready`.
    """
    _check_no_round(household)
    names = [name.strip() for name in names if name.strip()]
    if not names:
        raise NothingToChange(msg("请填新业主的姓名。"))
    if since > clock.now():
        raise BadDate(msg("过户日期不能晚于今天。"))
    _check_evidence(evidence)
    _check_nothing_waits(household.id)
    # Names of people stand in the roster alone; the proposal only points at them.
    owners = make_owners(household.premises.entrance.building.compound_id, names)
    change = HomeChange(kind=ChangeKind.OWNERS, owners=owners, since=since)
    return _propose(household, change, evidence, by)


def approve(change: HomeChange, *, by: Identity) -> None:
    """Agree as the second person: now it happens.

    Refuses `AlreadySettled`, `NotYourself`, and what may have come in the way since.
    """
    _lock(change)
    same = NotYourself(msg("要由另一个人同意，您自己提的不能自己同意。"))
    check_second_person(change.proposed_by_id, by, same)
    facts = (
        _change_phones(change) if change.kind == ChangeKind.PHONE else _change_owners(change, by)
    )
    _settle(change, Outcome.APPROVED, "", by)
    _record(change, Kind.IDENTITY_CHANGE, facts, by)


def decline(change: HomeChange, why: str, *, by: Identity) -> None:
    """Say no with a reason, or take one's own proposal back; refuses `AlreadySettled`."""
    _lock(change)
    if not why.strip():
        raise NoEvidence(msg("请写明理由。"))
    is_own = change.proposed_by_id == by.id
    _settle(change, Outcome.TAKEN_BACK if is_own else Outcome.DECLINED, why.strip(), by)
    _record(change, Kind.DECISION_DECLINED, {}, by)


def sign_out(household: Household, *, by: Identity) -> None:
    """End every browser of a home at once, as when a phone was lost (THREATS.md T25)."""
    end_all(household.id)
    record(OFFICE, Kind.SESSIONS_ENDED, {"hh": household.commitment}, actor=by.commitment)


def note_export(compounds: int, homes: int, *, by: Identity) -> None:
    """Record that somebody took a list of homes away, and how long it was (THREATS.md T05)."""
    facts = {"list": "households", "compounds": compounds, "homes": homes}
    record(OFFICE, Kind.EXPORT, facts, actor=by.commitment)


def _number(written: str) -> str:
    """The one number in what was typed, as a ledger's cell is read."""
    found = read_phones(written).numbers
    if len(found) != 1 or not (is_mobile(found[0]) or found[0].startswith("0")):
        raise BadPhone(msg("电话号码不对：手机号是 11 位，固定电话写成 0953-2012345。"))
    return found[0]


def _check_phones(household_id: int, phone: str | None, ending_id: int | None) -> None:
    of_home = (Contact.household_id == household_id, Contact.ended_at.is_(None))
    current = dict(db.session.execute(select(Contact.id, Contact.phone).where(*of_home)).all())
    if ending_id is not None and ending_id not in current:
        raise NothingToChange(msg("要停用的号码已经停用了。"))
    if phone in current.values():
        raise OnFileAlready(msg("这个号码已经登记在这一户。"))


def _check_evidence(evidence: Evidence) -> None:
    if not evidence.reason.strip() or not evidence.paper.strip():
        raise NoEvidence(msg("请写明理由，和依据的是哪份材料。"))


def _check_nothing_waits(household_id: int) -> None:
    waiting = (HomeChange.household_id == household_id, HomeChange.outcome == Outcome.WAITING)
    if db.session.scalar(select(HomeChange.id).where(*waiting)) is not None:
        raise WaitsAlready(_WAITS)


def _check_no_round(household: Household) -> None:
    if counting_round(household.premises.entrance.building.compound_id) is not None:
        raise RegisterIsFrozen(msg("这一轮征询的登记册已锁定，过户请在登记册里由两人办。"))


def _propose(
    household: Household, change: HomeChange, evidence: Evidence, by: Identity
) -> HomeChange:
    _check_evidence(evidence)
    _check_nothing_waits(household.id)
    change.household = household
    change.reason, change.evidence = evidence.reason.strip(), evidence.paper.strip()
    change.photo = evidence.photo
    change.proposed_at, change.proposed_by_id = clock.now(), by.id
    with once(WaitsAlready(_WAITS)):
        db.session.add(change)
    _record(change, Kind.DECISION_PROPOSED, {}, by)
    return change


def _lock(change: HomeChange) -> None:
    db.session.refresh(change, with_for_update=True)
    if not change.is_waiting:
        raise AlreadySettled(msg("这件事刚刚已经有人决定了。"))


def _change_phones(change: HomeChange) -> dict[str, object]:
    home, now = change.household_id, clock.now()
    _check_phones(home, change.phone, change.ending_id)
    # While the old phones are still on file: they are the ones that must hear of it (T33).
    tell([home], MessageKind.PHONE_CHANGED, f"change:{change.id}")
    if change.ending_id is not None:
        db.session.get_one(Contact, change.ending_id).ended_at = now
        begun = (
            HouseholdSession.contact_id == change.ending_id,
            HouseholdSession.ended_at.is_(None),
        )
        db.session.execute(update(HouseholdSession).where(*begun).values(ended_at=now))
    db.session.flush()
    if change.phone is not None:
        with once(OnFileAlready(msg("这个号码已经登记在这一户。"))):
            db.session.add(
                Contact(household_id=home, phone=change.phone, name=change.name, since=now)
            )
    ended = int(change.ending_id is not None)
    return {"change": "phone", "added": int(change.phone is not None), "ended": ended}


def _change_owners(change: HomeChange, by: Identity) -> dict[str, object]:
    household = change.household
    _check_no_round(household)
    tell([household.id], MessageKind.PHONE_CHANGED, f"change:{change.id}")
    change_owners(household.premises, change.owners, by=by, since=_from_when(change))
    # Whoever held the code or a browser of the former owner speaks for this home no more (T23).
    revoke_codes([household], by=by)
    return {"change": "owners", "owners": len(change.owners)}


def _from_when(change: HomeChange) -> datetime:
    """The day of the deed; the present moment where the former owner has voted after that day.

    What was said before the present owners came is for nobody else to read (RULES.md §5).
    """
    now, since = clock.now(), change.since or clock.now()
    last = select(func.max(Vote.cast_at)).join(RegisterEntry, RegisterEntry.id == Vote.entry_id)
    voted = db.session.scalar(last.where(RegisterEntry.household_id == change.household_id))
    return now if voted is not None and voted >= since else since


def _settle(change: HomeChange, outcome: Outcome, why: str, by: Identity) -> None:
    change.outcome, change.note = outcome, why
    change.settled_at, change.settled_by_id = clock.now(), by.id
    db.session.flush()


def _record(change: HomeChange, kind: Kind, facts: dict[str, object], by: Identity) -> None:
    proposer = db.session.get_one(Staff, change.proposed_by_id).identity
    about = {
        "hh": change.household.commitment,
        "home_change": change.id,
        "about": change.kind.value,
        "reason": change.reason_commitment,
        "proposer": proposer.commitment,
    }
    record(OFFICE, kind, {**about, **facts}, actor=by.commitment)


_WAITS = msg("这一户已经有一件改动在等第二个人，请先办完。")
