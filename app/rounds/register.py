"""The register a round counts against: frozen from the roster, then changed by two persons only.

How each kind of premises counts is RULES.md §2.2, as the profile of the round has it.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence

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
    counts_as_property,
    holder_of,
    places_of,
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
    rows = [
        values
        for premises, home in premises_in_order(round_.compound_id)
        for values in entries_values(premises, home, round_.switches)
    ]
    return [
        {**row, "round_id": round_.id, "position": position}
        for position, row in enumerate(rows, start=1)
    ]


def entries_values(
    premises: Premises, home: Household | None, switches: Switches
) -> list[dict[str, object]]:
    """What the register says of one premises, an entry for each voice: its household, its owner.

    Where, how large, whose, and how it counts; most premises are one entry that is both.
    """
    case = case_of(premises.use, premises.ownership, premises.occupancy)
    owners = [tenure.owner_id for tenure in premises.tenures if tenure.until is None]
    entrance = premises.entrance
    common = {
        "premises_id": premises.id,
        "building_id": entrance.building_id,
        "entrance_id": entrance.id,
        "label": f"{entrance.building.name}{entrance.name}{premises.room}",
        "size": premises.size,
        "case": case,
        "holder": holder_of(case, premises.ownership, owners, premises.id),
        "votes": 0,
        "voice": Voice.SILENT,
    }
    return [
        {**common, **_voice(premises, home if is_household else None, is_property)}
        for is_household, is_property in places_of(case, switches)
    ]


def _voice(premises: Premises, home: Household | None, is_property: bool) -> dict[str, object]:
    # Who is no household has no salt of its own: its name in the journal means something only here.
    name = home.commitment if home else commitment("pr", random_bytes(), str(premises.id))
    return {
        "household_id": home.id if home else None,
        "is_household": home is not None,
        "is_property": is_property,
        "commitment": name,
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
        raise NothingToCorrect(_SAME)
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
    """What the roster says otherwise of this entry now: field → the value it would get.

    An entry that would not be there any more counts in neither track; `apart` tells that another
    entry of the same premises would come or go.
    """
    wanted = _wanted(entry.round, entry.premises)
    present = _present(entry.round_id, entry.premises_id)
    mine = next((row for row in wanted if _is_same(entry, row)), None)
    if mine is None:
        return {"is_household": False, "is_property": False}
    changed = _changed(entry, mine)
    return changed | ({"apart": True} if len(wanted) != len(present) else {})


def align(round_: Round, premises: Premises) -> list[tuple[str, RegisterEntry]]:
    """Let the entries of premises say what the roster says; (add, remove or correct, entry) each.

    What was struck off before comes back with its votes. Refuses `NotReady` while a household
    that would go has something to settle.
    """
    wanted, present = _wanted(round_, premises), _present(round_.id, premises.id)
    gone = [e for e in present if not any(_is_same(e, row) for row in wanted)]
    done = _strike_off(gone)
    for row in wanted:
        entry = next((e for e in present if _is_same(e, row)), None)
        if entry is None:
            done.append(("add", _put_on(round_, row)))
        elif _changed(entry, row):
            done.append(("correct", _correct_entry(entry, _changed(entry, row))))
    return done


def add_premises(round_: Round, premises: Premises) -> list[tuple[str, RegisterEntry]]:
    """Put premises on the register now; refuses `NotOnRoster` and `AlreadyOnRegister`."""
    _check_absent(round_, premises)
    return align(round_, premises)


def _wanted(round_: Round, premises: Premises) -> list[dict[str, object]]:
    home = db.session.scalar(select(Household).where(Household.premises_id == premises.id))
    return entries_values(premises, home, round_.switches)


def _present(round_id: int, premises_id: int) -> list[RegisterEntry]:
    return [e for e in _entries_of(round_id, premises_id) if e.removed_at is None]


def _entries_of(round_id: int, premises_id: int) -> list[RegisterEntry]:
    of = (RegisterEntry.round_id == round_id, RegisterEntry.premises_id == premises_id)
    return list(db.session.scalars(select(RegisterEntry).where(*of).order_by(RegisterEntry.id)))


def _is_same(entry: RegisterEntry, row: Mapping[str, object]) -> bool:
    return entry.household_id == row["household_id"]


def _changed(entry: RegisterEntry, row: Mapping[str, object]) -> dict[str, object]:
    watched = ["size", "case", "is_property"]
    if not _seller_speaks(entry):
        watched.append("holder")
    return {name: row[name] for name in watched if row[name] != getattr(entry, name)}


def _put_on(round_: Round, row: Mapping[str, object]) -> RegisterEntry:
    premises_id = int(str(row["premises_id"]))
    entry = next((e for e in _entries_of(round_.id, premises_id) if _is_same(e, row)), None)
    if entry is None:
        last = select(func.max(RegisterEntry.position)).where(RegisterEntry.round_id == round_.id)
        position = (db.session.scalar(last) or 0) + 1
        entry = RegisterEntry(round=round_, position=position, **row)
        db.session.add(entry)
    else:
        for name, value in _changed(entry, row).items():
            setattr(entry, name, value)
    entry.removed_at, entry.added_at = None, clock.now()
    db.session.flush()
    effects.start_counters(round_, {entry.building_id})
    effects.set_voice(entry, effects.voice_of_record(entry))
    return entry


def _strike_off(entries: Sequence[RegisterEntry]) -> list[tuple[str, RegisterEntry]]:
    # All or none: one of them with something to settle keeps the others on too.
    for entry in entries:
        _check_settled(entry)
    for entry in entries:
        effects.set_voice(entry, Voice.SILENT)
        entry.removed_at = clock.now()
    db.session.flush()
    return [("remove", entry) for entry in entries]


def _correct_entry(entry: RegisterEntry, changed: Mapping[str, object]) -> RegisterEntry:
    voice = entry.voice
    # Taken out of the counters as it was, and put back as it is.
    effects.set_voice(entry, Voice.SILENT)
    for name, value in changed.items():
        setattr(entry, name, value)
    db.session.flush()
    effects.set_voice(entry, voice)
    return entry


def facts_of(done: Sequence[tuple[str, RegisterEntry]]) -> dict[str, object]:
    """What the journal keeps of a change: every entry it touched, the first one up front."""
    [(change, first), *others] = done
    also = [{"change": change, **told(entry)} for change, entry in others]
    return {"change": change, **told(first), **({"also": also} if also else {})}


@applies(DecisionKind.REGISTER_ADDITION, Verb.CHANGE_REGISTER, Kind.REGISTER_CHANGE)
def _add(decision: Decision, by: Identity) -> Facts:
    premises = db.session.get_one(Premises, decision.params["premises"])
    done = add_premises(decision.round, premises)
    decision.entry = done[0][1]
    return facts_of(done)


@applies(DecisionKind.REGISTER_REMOVAL, Verb.CHANGE_REGISTER, Kind.REGISTER_CHANGE)
def _remove(decision: Decision, by: Identity) -> Facts:
    entry = _entry(decision)
    _check_present(entry)
    others = [e for e in _present(entry.round_id, entry.premises_id) if e.id != entry.id]
    return facts_of(_strike_off([entry, *others]))


@applies(DecisionKind.REGISTER_CORRECTION, Verb.CHANGE_REGISTER, Kind.REGISTER_CHANGE)
def _correct(decision: Decision, by: Identity) -> Facts:
    entry = _entry(decision)
    _check_present(entry)
    done = align(entry.round, entry.premises)
    if not done:
        raise NothingToCorrect(_SAME)
    return facts_of(done)


@applies(DecisionKind.TRANSFER, Verb.CHANGE_REGISTER, Kind.IDENTITY_CHANGE)
def _transfer(decision: Decision, by: Identity) -> Facts:
    entry = _entry(decision)
    _check_present(entry)
    change_owners(entry.premises, decision.params["owners"], by=by)
    if entry.household is not None:
        revoke_codes([entry.household], by=by)
    entry.transferred_at = clock.now()
    is_by_name = not entry.holder.startswith(("public:", "developer"))
    if is_by_name and not _seller_speaks(entry):
        # The buyer is asked, and is a head of its own: the seller may hold other premises.
        # Whatever else the roster says otherwise by now waits for a correction.
        entry.holder = holder_of(entry.case, "", decision.params["owners"], entry.premises_id)
    return {"change": "transfer", "voted": int(entry.voice == Voice.COUNTED)}


def _seller_speaks(entry: RegisterEntry) -> bool:
    """Whether what counts was said as owner before the premises changed hands (RULES.md §2.2)."""
    if entry.transferred_at is None or not entry.is_property:
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


_SAME = msg("登记册和名册一样，没有要更正的。请先在名册里改。")
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
    if _present(round_.id, premises.id):
        raise AlreadyOnRegister(msg("这套房已经在登记册里了。"))
