"""The register a round counts against: frozen from the roster, then changed by two persons only.

How each kind of premises counts is RULES.md §2.2, as the profile of the round has it.
"""

import hashlib
from collections.abc import Iterable, Mapping

from sqlalchemy import func, insert, select
from sqlalchemy.orm import joinedload, selectinload

from app.accounts.actions import revoke_codes
from app.core import clock
from app.core.db import db
from app.core.errors import Refused, msg
from app.core.guards import Identity
from app.core.tokens import commitment, random_bytes
from app.journal.models import Kind
from app.roster.models import Building, Entrance, Household, Premises
from app.roster.transfer import change_owners, make_owners
from app.rounds import effects
from app.rounds.cases import Decision, DecisionKind
from app.rounds.decisions import (
    WAITS_ALREADY,
    AlreadyProposed,
    Facts,
    Grounds,
    applies,
    propose,
    waiting,
)
from app.rounds.lifecycle import Verb
from app.rounds.models import RegisterEntry, Round, Voice, Vote
from app.rounds.profile import (
    Switches,
    case_of,
    counts_as_household,
    counts_as_property,
    holder_of,
)
from app.rounds.steps import NotReady


class NotOnRoster(Refused):
    """Only what stands in the compound's roster can be put on its register."""


class AlreadyOnRegister(Refused):
    """The premises are on the register."""


class NothingToCorrect(Refused):
    """The register says what the roster says."""


class GoneFromRegister(Refused):
    """The entry was struck off before."""


class NoOwner(Refused):
    """A transfer names at least one new owner."""


def premises_in_order(compound_id: int) -> list[tuple[Premises, Household | None]]:
    """Everything separately owned in a compound, in the order of doors, with its household."""
    rows = db.session.execute(
        select(Premises, Household)
        .outerjoin(Household, Household.premises_id == Premises.id)
        .join(Entrance, Entrance.id == Premises.entrance_id)
        .join(Building, Building.id == Entrance.building_id)
        .where(Building.compound_id == compound_id)
        .options(
            joinedload(Premises.entrance).joinedload(Entrance.building),
            selectinload(Premises.tenures),
        )
        .order_by(Building.position, Entrance.position, Premises.position, Premises.id)
    )
    return [(row[0], row[1]) for row in rows]


def register_rows(round_: Round) -> list[dict[str, object]]:
    """The register as the roster would make it now; garages and stores stand on no register."""
    found = premises_in_order(round_.compound_id)
    rows = [entry_values(premises, home, round_.switches) for premises, home in found]
    kept = [row for row in rows if row["is_household"] or row["is_property"]]
    return [
        {**row, "round_id": round_.id, "position": position}
        for position, row in enumerate(kept, start=1)
    ]


def entry_values(
    premises: Premises, home: Household | None, switches: Switches
) -> dict[str, object]:
    """What the register says of one premises: where, how large, whose, and how it counts."""
    case = case_of(premises.use, premises.ownership, premises.occupancy)
    owners = [tenure.owner_id for tenure in premises.tenures if tenure.until is None]
    entrance = premises.entrance
    return {
        "premises_id": premises.id,
        "household_id": home.id if home else None,
        "building_id": entrance.building_id,
        "entrance_id": entrance.id,
        "label": f"{entrance.building.name}{entrance.name}{premises.room}",
        "size": premises.size,
        # A shop has no salt of its own: its name in the journal means something only here.
        "commitment": home.commitment
        if home
        else commitment("pr", random_bytes(), str(premises.id)),
        "case": case,
        "is_household": home is not None and counts_as_household(case, switches),
        "is_property": counts_as_property(case),
        "holder": holder_of(case, premises.ownership, owners, premises.id),
        "votes": 0,
        "voice": Voice.SILENT,
    }


def register_hash(rows: Iterable[Mapping[str, object]]) -> str:
    """SHA-256 over what counts of each entry, in the order of the register: who it is (its

    commitment), where, its area in 0.01 m², in which of the two tracks, and with whom as one head.
    """
    lines = (
        f"{row['commitment']} {row['building_id']} {row['entrance_id']} {row['size']} "
        f"{int(bool(row['is_household']))}{int(bool(row['is_property']))} {row['holder']}"
        for row in rows
    )
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def freeze(round_: Round) -> list[dict[str, object]]:
    """Write the register of a round and start its counters; returns the rows."""
    rows = register_rows(round_)
    if rows:
        db.session.execute(insert(RegisterEntry), rows)
        effects.start_counters(round_, {int(str(row["building_id"])) for row in rows})
    return rows


def propose_addition(
    round_: Round, premises: Premises, grounds: Grounds, *, by: Identity
) -> Decision:
    """Ask to put premises on the register; refuses `NotOnRoster` and `AlreadyOnRegister`."""
    _check_absent(round_, premises)
    params = {"premises": premises.id}
    return propose(round_, DecisionKind.REGISTER_ADDITION, params, grounds, by=by)


def propose_removal(entry: RegisterEntry, grounds: Grounds, *, by: Identity) -> Decision:
    """Ask to strike an entry off the register; refuses `GoneFromRegister`."""
    _check_present(entry)
    kind = DecisionKind.REGISTER_REMOVAL
    return propose(entry.round, kind, {}, grounds, by=by, entry=entry)


def propose_correction(entry: RegisterEntry, grounds: Grounds, *, by: Identity) -> Decision:
    """Ask to let the entry say what the roster says now; refuses `NothingToCorrect`."""
    _check_present(entry)
    if not differences(entry):
        raise NothingToCorrect(msg("登记册和名册一样，没有要更正的。请先在名册里改。"))
    kind = DecisionKind.REGISTER_CORRECTION
    return propose(entry.round, kind, {}, grounds, by=by, entry=entry)


def propose_transfer(
    entry: RegisterEntry, names: list[str], grounds: Grounds, *, by: Identity
) -> Decision:
    """Ask to note a change of owner during the round; refuses `NoOwner`."""
    _check_present(entry)
    names = [name.strip() for name in names if name.strip()]
    if not names:
        raise NoOwner(msg("请填新业主的姓名。"))
    # The owners made below are new each time, so no two proposals look the same.
    if any(w.entry == entry for w in waiting(entry.round_id, DecisionKind.TRANSFER)):
        raise AlreadyProposed(WAITS_ALREADY)
    # Names of people stand in the roster alone; the proposal only points at them.
    owners = make_owners(entry.round.compound_id, names)
    params = {"owners": owners}
    return propose(entry.round, DecisionKind.TRANSFER, params, grounds, by=by, entry=entry)


def differences(entry: RegisterEntry) -> dict[str, object]:
    """What the roster says otherwise of this entry now: field → the value it would get."""
    premises, home = entry.premises, entry.household
    now = entry_values(premises, home, entry.round.switches)
    watched = ["size", "case", "is_household", "is_property"]
    if not _seller_speaks(entry):
        watched.append("holder")
    return {name: now[name] for name in watched if now[name] != getattr(entry, name)}


def add_entry(round_: Round, premises: Premises) -> RegisterEntry:
    """Put premises on the register now; what was struck off before comes back with its votes."""
    _check_absent(round_, premises)
    entry = _entry_of_premises(round_.id, premises.id)
    if entry is None:
        home = db.session.scalar(select(Household).where(Household.premises_id == premises.id))
        last = select(func.max(RegisterEntry.position)).where(RegisterEntry.round_id == round_.id)
        values = entry_values(premises, home, round_.switches)
        position = (db.session.scalar(last) or 0) + 1
        entry = RegisterEntry(round=round_, position=position, **values)
        db.session.add(entry)
    entry.removed_at, entry.added_at = None, clock.now()
    db.session.flush()
    effects.start_counters(round_, {entry.building_id})
    effects.set_voice(entry, effects.voice_of_record(entry))
    return entry


def correct_entry(entry: RegisterEntry) -> dict[str, object]:
    """Let the entry say what the roster says now; returns what changed."""
    changed, voice = differences(entry), entry.voice
    # Taken out of the counters as it was, and put back as it is.
    effects.set_voice(entry, Voice.SILENT)
    for name, value in changed.items():
        setattr(entry, name, value)
    db.session.flush()
    effects.set_voice(entry, voice)
    return changed


@applies(DecisionKind.REGISTER_ADDITION, Verb.CHANGE_REGISTER, Kind.REGISTER_CHANGE)
def _add(decision: Decision, by: Identity) -> Facts:
    premises = db.session.get_one(Premises, decision.params["premises"])
    entry = add_entry(decision.round, premises)
    decision.entry = entry
    return {"change": "add", **told(entry)}


@applies(DecisionKind.REGISTER_REMOVAL, Verb.CHANGE_REGISTER, Kind.REGISTER_CHANGE)
def _remove(decision: Decision, by: Identity) -> Facts:
    entry = _entry(decision)
    _check_present(entry)
    _check_settled(entry)
    effects.set_voice(entry, Voice.SILENT)
    entry.removed_at = clock.now()
    return {"change": "remove"}


@applies(DecisionKind.REGISTER_CORRECTION, Verb.CHANGE_REGISTER, Kind.REGISTER_CHANGE)
def _correct(decision: Decision, by: Identity) -> Facts:
    entry = _entry(decision)
    _check_present(entry)
    correct_entry(entry)
    return {"change": "correct", **told(entry)}


@applies(DecisionKind.TRANSFER, Verb.CHANGE_REGISTER, Kind.IDENTITY_CHANGE)
def _transfer(decision: Decision, by: Identity) -> Facts:
    entry = _entry(decision)
    _check_present(entry)
    change_owners(entry.premises, decision.params["owners"], by=by)
    if entry.household is not None:
        revoke_codes([entry.household], by=by)
    entry.transferred_at = clock.now()
    if not _seller_speaks(entry):
        # The buyer is asked, and is a head of its own: the seller may hold other premises.
        # Whatever else the roster says otherwise by now waits for a correction.
        ownership, owners = entry.premises.ownership, decision.params["owners"]
        entry.holder = holder_of(entry.case, ownership, owners, entry.premises_id)
    return {"change": "transfer", "voted": int(entry.voice == Voice.COUNTED)}


def _seller_speaks(entry: RegisterEntry) -> bool:
    """Whether what counts was said before the premises changed hands (RULES.md §2.2)."""
    if entry.transferred_at is None:
        return False
    vote = effects.current_vote(entry)
    return vote is not None and vote.cast_at < entry.transferred_at


def told(entry: RegisterEntry) -> dict[str, object]:
    """What the journal keeps of an entry: enough to count it, nothing that names it."""
    return {
        "hh": entry.commitment,
        "building": entry.building_id,
        "entrance": entry.entrance_id,
        "size": entry.size,
        "household": int(entry.is_household),
        "property": int(entry.is_property),
    }


def _entry(decision: Decision) -> RegisterEntry:
    if decision.entry is None:
        raise GoneFromRegister(_GONE)
    return decision.entry


_GONE = msg("这一户已经不在登记册里了。")


def _check_present(entry: RegisterEntry) -> None:
    if entry.removed_at is not None:
        raise GoneFromRegister(_GONE)


def _check_settled(entry: RegisterEntry) -> None:
    held = select(Vote.id).where(Vote.entry_id == entry.id, Vote.is_held)
    if db.session.scalar(held) is not None:
        raise NotReady(msg("这一户的纸质表和手机表态不一致，请先核实，再改登记册。"))
    if entry.voice == Voice.DISPUTED:
        # Put on the register again, its old vote would count as if nobody had disputed it.
        raise NotReady(msg("这一户的几位业主还没有商定，请先办结争议，再改登记册。"))


def _check_absent(round_: Round, premises: Premises) -> None:
    if premises.entrance.building.compound_id != round_.compound_id:
        raise NotOnRoster(msg("这套房不在这个小区的名册里。"))
    if not counts_as_property(case_of(premises.use, premises.ownership, premises.occupancy)):
        raise NotOnRoster(msg("车库、储藏间不算户，也不算专有部分，不进登记册。"))
    entry = _entry_of_premises(round_.id, premises.id)
    if entry is not None and entry.removed_at is None:
        raise AlreadyOnRegister(msg("这套房已经在登记册里了。"))


def _entry_of_premises(round_id: int, premises_id: int) -> RegisterEntry | None:
    return db.session.scalar(
        select(RegisterEntry).where(
            RegisterEntry.round_id == round_id, RegisterEntry.premises_id == premises_id
        )
    )
