"""Reading a round: its register, what it lacks, what was said with the votes."""

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import holidays
from flask import current_app
from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import joinedload, selectinload

from app.accounts.models import HouseholdCode
from app.core import clock
from app.core.db import db
from app.journal.actions import book_of_round
from app.journal.models import JournalEntry, Kind
from app.projects.queries import current_version
from app.roster.models import Building, Entrance, Household, Premises
from app.rounds.cases import Decision, Objection, Outcome
from app.rounds.lifecycle import Facts, end_of_term
from app.rounds.models import Matter, RegisterEntry, Round, Subject, Voice, Vote, VoteChoice
from app.rounds.reasons import Reason

# What fewer households than these ticked or wrote could be guessed, and one more could be watched.
FEWEST_REASONS = 5
_COUNTS_NOW = (
    Vote.is_current,
    RegisterEntry.removed_at.is_(None),
    RegisterEntry.voice == Voice.COUNTED,
)
# Whoever bought the home since has asked for nothing.
_ASKS_FOR_CALL = and_(
    Vote.may_call,
    or_(
        RegisterEntry.transferred_at.is_(None),
        RegisterEntry.transferred_at <= Vote.cast_at,
    ),
)
_calendar = holidays.country_holidays("CN")


@dataclass(frozen=True)
class Remark:
    """What a household wrote with its vote, as the office reads it: from which building, when."""

    building: str
    written_at: datetime
    words: str


def rounds_of(compound_id: int) -> list[Round]:
    """All rounds of a compound, the newest first."""
    rounds = select(Round).where(Round.compound_id == compound_id).order_by(Round.number.desc())
    return list(db.session.scalars(rounds))


def current_round(compound_id: int) -> Round | None:
    """The newest round that residents may know of: its register is published or it went on."""
    return next((r for r in rounds_of(compound_id) if r.register_published_at or r.opened_at), None)


def counting_round(compound_id: int) -> Round | None:
    """The round whose register is frozen and whose result is not final yet."""
    return next((r for r in rounds_of(compound_id) if r.frozen_at and not r.is_over), None)


def is_counting(compound_id: int) -> bool:
    """Whether a compound has such a round."""
    return counting_round(compound_id) is not None


def others_asked_in(round_: Round, building: Building) -> list[Matter]:
    """What is asked in this building, or an entrance of it, beside the plan and its management."""
    others = [m for m in round_.matters if m.subject not in (Subject.PLAN, Subject.MANAGEMENT)]
    if not others:
        return []
    entrances = [entrance.id for entrance in building.entrances] or [0]
    return [m for m in others if any(m.is_asked_in(building.id, at) for at in entrances)]


def last_opened(compound_id: int) -> Round | None:
    """The newest round of a compound that residents were really asked in."""
    return next((r for r in rounds_of(compound_id) if r.opened_at), None)


def successor_of(round_id: int) -> Round | None:
    """The round that asked again after this one, unless it was withdrawn."""
    followed = (Round.predecessor_id == round_id, Round.withdrawn_at.is_(None))
    return db.session.scalar(select(Round).where(*followed))


def entry_of(round_id: int, household_id: int) -> RegisterEntry | None:
    """The household's place in the frozen register, as it is in the database now.

    A page may have read it before the lock that a vote takes.
    """
    mine = (RegisterEntry.round_id == round_id, RegisterEntry.household_id == household_id)
    fresh = select(RegisterEntry).where(*mine).execution_options(populate_existing=True)
    return db.session.scalar(fresh)


def vote_by_receipt(code: str) -> Vote | None:
    """The vote behind a receipt code, spaces and case ignored."""
    receipt = "".join(code.split()).replace("-", "").upper()
    return db.session.scalar(select(Vote).where(Vote.receipt == receipt))


def vote_by_request(round_id: int, household_id: int, request_id: str) -> Vote | None:
    """The vote that this request of this household made, if it was recorded."""
    return db.session.scalar(
        select(Vote)
        .join(RegisterEntry, RegisterEntry.id == Vote.entry_id)
        .where(
            Vote.round_id == round_id,
            Vote.request_id == request_id,
            RegisterEntry.household_id == household_id,
        )
    )


@dataclass(frozen=True)
class WhyNot:
    """Why households disagree about one matter: at least how many gave each reason, most first."""

    matter: Matter
    counts: tuple[tuple[Reason, int], ...]


def why_not(round_: Round) -> list[WhyNot]:
    """The reasons given with the votes that count now, of the whole round, matter by matter.

    A reason tells a choice (RULES.md §5). So they are counted by fives, or whoever looks before and
    after a vote would read it; rare ones count among the others, those not even together not.
    """
    counted = _counting(round_.id).join(VoteChoice, VoteChoice.vote_id == Vote.id)
    rows = db.session.execute(
        counted.where(VoteChoice.reason.is_not(None))
        .with_only_columns(VoteChoice.matter_id, VoteChoice.reason, func.count())
        .group_by(VoteChoice.matter_id, VoteChoice.reason)
    ).all()
    found = []
    for matter in round_.matters:
        of_matter = {why: n for matter_id, why, n in rows if why and matter_id == matter.id}
        if counts := _by_fives(of_matter):
            found.append(WhyNot(matter, counts))
    return found


def _by_fives(given: dict[Reason, int]) -> tuple[tuple[Reason, int], ...]:
    often: dict[Reason, int] = {
        why: homes
        for why, homes in given.items()
        if why != Reason.OTHER and homes >= FEWEST_REASONS
    }
    often[Reason.OTHER] = sum(given.values()) - sum(often.values())
    steps = [(why, often.get(why, 0) // FEWEST_REASONS * FEWEST_REASONS) for why in Reason]
    return tuple(sorted((one for one in steps if one[1]), key=lambda one: -one[1]))


def asking_for_call() -> Select[int, str, datetime]:
    """Entry, words and moment of the votes that count now and let the office call about them."""
    return (
        select(Vote.entry_id, Vote.comment, Vote.cast_at)
        .join(RegisterEntry, RegisterEntry.id == Vote.entry_id)
        .where(*_COUNTS_NOW, _ASKS_FOR_CALL)
    )


def calls_asked(round_id: int) -> int:
    """How many homes of a round asked to be called with the vote that counts now."""
    asked = asking_for_call().where(Vote.round_id == round_id).subquery()
    return db.session.scalar(select(func.count()).select_from(asked)) or 0


def remarks_of(round_id: int) -> list[Remark]:
    """The words written with the votes that count now, the newest first.

    From which building and when, never from whose room or with which choice (RULES.md §5). None
    until five homes wrote, or whoever knows who just voted would know whose they are. Those of
    homes that may be called stand beside their phones already.
    """
    if remark_count(round_id) < FEWEST_REASONS:
        return []
    shown = _remarks(round_id).where(~_ASKS_FOR_CALL)
    rows = db.session.execute(
        shown.with_only_columns(Building.name, Vote.cast_at, Vote.comment).order_by(
            Vote.cast_at.desc(), Vote.id.desc()
        )
    )
    return [Remark(*row) for row in rows]


def remark_count(round_id: int) -> int:
    """How many of the votes that count now have words with them."""
    return db.session.scalar(_remarks(round_id).with_only_columns(func.count())) or 0


def _remarks(round_id: int) -> Select[Vote]:
    here = _counting(round_id).join(Building, Building.id == RegisterEntry.building_id)
    return here.where(Vote.comment != "")


def _counting(round_id: int) -> Select[Vote]:
    """The votes of a round that count now."""
    return (
        select(Vote)
        .join(RegisterEntry, RegisterEntry.id == Vote.entry_id)
        .where(Vote.round_id == round_id, *_COUNTS_NOW)
    )


def register_of(round_id: int) -> list[RegisterEntry]:
    """The dwellings on the register in the order of doors, each entry loaded with its home."""
    home = joinedload(RegisterEntry.household).joinedload(Household.premises)
    entries = (
        select(RegisterEntry)
        .where(
            RegisterEntry.round_id == round_id,
            RegisterEntry.removed_at.is_(None),
            RegisterEntry.household_id.is_not(None),
        )
        .options(joinedload(RegisterEntry.building), home.joinedload(Premises.entrance))
        .order_by(RegisterEntry.position)
    )
    return list(db.session.scalars(entries))


def homes_without_code(round_id: int) -> int:
    """How many households of the register hold no valid code (a blocker of opening)."""
    from_codes = select(HouseholdCode.household_id).where(HouseholdCode.revoked_at.is_(None))
    return _households_on(round_id, RegisterEntry.household_id.not_in(from_codes))


def _codes_from_before(round_: Round) -> int:
    """How many households of the register keep a code that an earlier round gave them."""
    was_asked = any(r.opened_at for r in rounds_of(round_.compound_id) if r.id != round_.id)
    if not was_asked:
        return 0
    older = select(HouseholdCode.household_id).where(
        HouseholdCode.revoked_at.is_(None), HouseholdCode.issued_at < round_.drafted_at
    )
    return _households_on(round_.id, RegisterEntry.household_id.in_(older))


def _households_on(round_id: int, *which: ColumnElement[bool]) -> int:
    on_register = (
        RegisterEntry.round_id == round_id,
        RegisterEntry.is_household,
        RegisterEntry.removed_at.is_(None),
    )
    counted = select(func.count()).select_from(RegisterEntry).where(*on_register, *which)
    return db.session.scalar(counted) or 0


def homes_in_order(compound_id: int) -> list[Household]:
    """Every household of a compound in the order of doors, loaded with its address."""
    door = selectinload(Household.premises).joinedload(Premises.entrance)
    homes = _households(compound_id).options(door.joinedload(Entrance.building))
    order = (Building.position, Entrance.position, Premises.position, Premises.id)
    return list(db.session.scalars(homes.order_by(*order)))


def facts_of(round_: Round) -> Facts:
    """What the pre-flight list is made from."""
    return Facts(
        now=clock.now(),
        plan_published=current_version(round_.compound_id) is not None,
        opens_at=round_.opens_at,
        closes_at=round_.closes_at,
        phone=round_.phone,
        submitted=round_.submitted_at is not None,
        confirmed=round_.confirmed_at is not None,
        register_published=round_.register_published_at is not None,
        frozen=round_.frozen_at is not None,
        households=households_of(round_.compound_id),
        homes_without_code=homes_without_code(round_.id),
        posters_printed=round_.posters_printed_at is not None,
        matters_without_anybody=_matters_without_anybody(round_),
        open_objections=open_objections(round_.id),
        waiting_decisions=waiting_decisions(round_.id),
        codes_from_before=_codes_from_before(round_),
    )


def _matters_without_anybody(round_: Round) -> tuple[str, ...]:
    """Matters that no entry of the frozen register is asked."""
    if not round_.frozen_at:
        return ()
    on_register = RegisterEntry.round_id == round_.id, RegisterEntry.removed_at.is_(None)
    entries = db.session.scalars(select(RegisterEntry).where(*on_register)).all()
    return tuple(m.title for m in round_.matters if not any(m.counts(e) for e in entries))


def households_of(compound_id: int) -> int:
    """How many households a compound has on the roster now."""
    return db.session.scalar(_households(compound_id).with_only_columns(func.count())) or 0


def _households(compound_id: int) -> Select[Household]:
    return (
        select(Household)
        .join(Premises, Premises.id == Household.premises_id)
        .join(Entrance, Entrance.id == Premises.entrance_id)
        .join(Building, Building.id == Entrance.building_id)
        .where(Building.compound_id == compound_id)
    )


def objections_end(round_: Round) -> datetime:
    """When the days for objections are over, counted from the preliminary result.

    The first day does not count, the last ends at 24:00 and is a working day (RULES.md §6).
    """
    zone = ZoneInfo(current_app.config["BABEL_DEFAULT_TIMEZONE"])
    begun = round_.preliminary_at or clock.now()
    end = end_of_term(begun, round_.objection_days, zone, is_rest_day)
    return end.astimezone(UTC)


def is_rest_day(day: date) -> bool:
    """Whether offices are closed: weekends and the holidays of the state, less the days worked

    in their stead.
    """
    return not _calendar.is_working_day(day)


def open_objections(round_id: int) -> int:
    """How many objections to a round nobody has answered yet."""
    open_ = (Objection.round_id == round_id, Objection.closed_at.is_(None))
    return db.session.scalar(select(func.count()).select_from(Objection).where(*open_)) or 0


def waiting_decisions(round_id: int) -> int:
    """How many proposals of a round wait for a second person."""
    waiting = (Decision.round_id == round_id, Decision.outcome == Outcome.WAITING)
    return db.session.scalar(select(func.count()).select_from(Decision).where(*waiting)) or 0


def register_changes(round_id: int) -> tuple[int, int]:
    """How often something was put on the register after the freeze, and how often struck off.

    As its journal tells. Every time counts: who was struck off and came back is one of each.
    """
    told = select(JournalEntry.entry).where(
        JournalEntry.book == book_of_round(round_id),
        JournalEntry.kind.in_([Kind.REGISTER_CHANGE, Kind.OBJECTION]),
    )
    changes = [_changes_in(json.loads(entry)) for entry in db.session.scalars(told)]
    return sum("add" in of for of in changes), sum("remove" in of for of in changes)


def _changes_in(told: dict[str, Any]) -> set[str]:
    return {each["change"] for each in (told, *told.get("also", ())) if "change" in each}
