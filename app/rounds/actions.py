"""The life of a round, from draft to certified; every step is checked, then recorded.

Casting votes stands in `casting`, because it is written for speed.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, insert, select

from app.accounts.queries import are_two_persons
from app.core import clock
from app.core.db import db, once
from app.core.errors import Refused, msg
from app.core.guards import Identity
from app.journal.actions import SYSTEM, book_of_round, record
from app.journal.models import Kind
from app.projects.queries import current_version
from app.roster.models import Compound
from app.rounds import queries
from app.rounds.counting import Choice, Track
from app.rounds.lifecycle import preflight
from app.rounds.models import Counter, Matter, RegisterEntry, Round, State, Subject
from app.rounds.profile import HENAN_80, profile_hash


class NotNow(Refused):
    """The round is not in the state in which this step is possible."""


class NotYourself(Refused):
    """A second person must do this step."""


class NotReady(Refused):
    """Something is still missing; the pre-flight list says what."""


@dataclass(frozen=True)
class RoundTerms:
    """What an office says of a round: its title, times, phone and days for objections."""

    title: str
    opens_at: datetime
    closes_at: datetime
    phone: str
    objection_days: int = 7


def draft_round(compound: Compound, terms: RoundTerms, *, by: Identity) -> Round:
    """Begin a round with the two matters that every plan needs (RULES.md §2).

    Refuses `NotNow` while another round of the compound is not over.
    """
    if any(not r.is_over for r in queries.rounds_of(compound.id)):
        raise NotNow(msg("这个小区已经有一轮征询没有结束，不能再开一轮。"))
    _check_terms(terms)
    number = (
        db.session.scalar(select(func.max(Round.number)).where(Round.compound_id == compound.id))
        or 0
    ) + 1
    round_ = Round(
        compound=compound,
        number=number,
        profile=dict(HENAN_80),
        drafted_at=clock.now(),
        drafted_by_id=by.id,
        **vars(terms),
    )
    round_.matters = _two_matters()
    with once(NotNow(msg("刚刚有人给这个小区开了一轮，请刷新看看。"))):
        db.session.add(round_)
    _record(round_, Kind.ROUND_DRAFT, {"closes_at": terms.closes_at.isoformat()}, by=by)
    return round_


def edit_round(round_: Round, terms: RoundTerms, *, by: Identity) -> None:
    """Change a draft; refuses `NotNow` once it was submitted."""
    _require(round_, State.DRAFT)
    _check_terms(terms)
    for name, value in vars(terms).items():
        setattr(round_, name, value)
    _record(round_, Kind.ROUND_DRAFT, {"closes_at": terms.closes_at.isoformat()}, by=by)


def submit_round(round_: Round, *, by: Identity) -> None:
    """Ask a second person to confirm times and counting rules."""
    _require(round_, State.DRAFT)
    round_.submitted_at, round_.submitted_by_id = clock.now(), by.id
    _record(round_, Kind.ROUND_DRAFT, {"submitted": 1}, by=by)


def return_round(round_: Round, *, by: Identity) -> None:
    """Give a submitted round back for changes; anyone may, until it is confirmed."""
    _require(round_, State.REVIEW)
    if round_.confirmed_at:
        raise NotNow(msg("计票口径已经确认，不能再退回。"))
    round_.submitted_at = round_.submitted_by_id = None
    _record(round_, Kind.ROUND_DRAFT, {"returned": 1}, by=by)


def confirm_profile(round_: Round, *, by: Identity) -> None:
    """Lock the counting rules; refuses `NotYourself` to the person who submitted them."""
    _require(round_, State.REVIEW)
    if round_.confirmed_at:
        raise NotNow(msg("计票口径已经确认过了，不用再确认。"))
    if not are_two_persons(round_.submitted_by_id, by):
        raise NotYourself(msg("计票口径要由另一个人确认，您自己提交的不能自己确认。"))
    round_.confirmed_at, round_.confirmed_by_id = clock.now(), by.id
    round_.profile_hash = profile_hash(round_.profile)
    _record(round_, Kind.PROFILE_CONFIRMED, {"profile": round_.profile_hash}, by=by)


def publish_register(round_: Round, *, by: Identity) -> int:
    """Put the list of rooms up for objections; returns how many households it holds."""
    _require(round_, State.REVIEW)
    if not round_.confirmed_at:
        raise NotNow(msg("请先由第二人确认计票口径，再公示登记册。"))
    households = queries.households_of(round_.compound_id)
    if not households:
        raise NotReady(msg("这个小区还没有住户，请先导入台账。"))
    round_.register_published_at = clock.now()
    _record(round_, Kind.REGISTER_PUBLISHED, {"households": households}, by=by)
    return households


def freeze_register(round_: Round, *, by: Identity) -> int:
    """Copy the roster into the register that the round counts against, and hash it.

    Later changes of the roster do not touch it. Returns how many households it holds.
    """
    _require(round_, State.REGISTER)
    rows = _register_rows(round_)
    if not rows:
        raise NotReady(msg("这个小区还没有住户，请先导入台账。"))
    db.session.execute(insert(RegisterEntry), rows)
    _start_counters(round_, {row["building_id"] for row in rows})
    round_.frozen_at = clock.now()
    round_.register_hash = register_hash(rows)
    facts = {"register": round_.register_hash, "households": len(rows)}
    _record(round_, Kind.REGISTER_FROZEN, facts, by=by)
    return len(rows)


def note_posters_printed(compound: Compound, *, by: Identity) -> None:
    """Remember that the posters of the round being prepared were printed."""
    for round_ in queries.rounds_of(compound.id):
        if not round_.opened_at:
            round_.posters_printed_at = clock.now()
            _record(round_, Kind.POSTERS_PRINTED, {}, by=by)


def open_round(round_: Round, *, by: Identity) -> None:
    """Start the consultation and record what it rests on (RULES.md §3 "opening record").

    Refuses `NotReady` while any condition of the pre-flight list is not met.
    """
    _require(round_, State.FROZEN)
    if not all(check.is_met for check in preflight(queries.facts_of(round_))):
        raise NotReady(msg("还有条件没有满足，请看开启前的检查清单。"))
    version = current_version(round_.compound_id)
    if version is None:
        raise NotReady(msg("还没有公布的方案。"))
    round_.plan_version_id = version.id
    round_.opened_at = clock.now()
    round_.revision += 1
    facts = {
        "plan": version.plan_hash,
        "management": version.management_hash,
        "profile": round_.profile_hash,
        "register": round_.register_hash,
        "households": queries.results(round_).total,
        "closes_at": round_.closes_at.isoformat(),
        "thresholds": [matter.threshold for matter in round_.matters],
    }
    _record(round_, Kind.ROUND_OPEN, facts, by=by)


def close_due_rounds() -> list[Round]:
    """Record the close of every round whose minute has passed, under the lock of its votes."""
    due = select(Round.id).where(
        Round.opened_at.is_not(None), Round.closed_at.is_(None), Round.closes_at <= clock.now()
    )
    closed = []
    for round_id in db.session.scalars(due).all():
        round_ = locked(db.session.get_one(Round, round_id))
        if round_.closed_at is None and round_.has_closed:
            _close(round_)
            closed.append(round_)
    return closed


def publish_result(round_: Round, *, by: Identity) -> None:
    """Publish the preliminary result; the days for objections begin."""
    _require(round_, State.CLOSED)
    _close_now(round_)
    round_.preliminary_at, round_.preliminary_by_id = clock.now(), by.id
    round_.revision += 1
    _record(round_, Kind.PRELIMINARY, _numbers(round_), by=by)


def certify(round_: Round, *, by: Identity) -> None:
    """Make the result final, by a second person, after the days for objections.

    Refuses `NotYourself`, and `NotReady` while objections are possible or counters disagree
    with a recount.
    """
    _require(round_, State.PRELIMINARY)
    if not are_two_persons(round_.preliminary_by_id, by):
        raise NotYourself(msg("结果要由另一个人确认，您自己公示的不能自己确认。"))
    if clock.now() < queries.objections_end(round_):
        raise NotReady(msg("异议期还没有结束，不能确认结果。"))
    if not queries.counters_agree(round_):
        raise NotReady(msg("复核票数时对不上，不能确认结果，请联系管理员。"))
    round_.certified_at, round_.certified_by_id = clock.now(), by.id
    round_.revision += 1
    _record(round_, Kind.RESULT, _numbers(round_), by=by)


def locked(round_: Round) -> Round:
    """The round under the lock that votes take too, as it is in the database now."""
    return db.session.execute(
        select(Round)
        .where(Round.id == round_.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).scalar_one()


def register_hash(rows: Sequence[Mapping[str, object]]) -> str:
    """SHA-256 over what counts of each household, in the order of the register: who it is (its

    commitment), in which building, with which area in 0.01 m².
    """
    lines = (f"{row['commitment']} {row['building_id']} {row['size']}" for row in rows)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _close(round_: Round) -> None:
    round_.closed_at = clock.now()
    round_.revision += 1
    facts = {**_numbers(round_), "closes_at": round_.closes_at.isoformat()}
    record(book_of_round(round_.id), Kind.CLOSE, facts, actor=SYSTEM)


def _close_now(round_: Round) -> None:
    """Note the close that the background has not noted yet; the caller holds the lock."""
    if round_.closed_at is None:
        _close(round_)


def _numbers(round_: Round) -> dict[str, object]:
    tally = queries.results(round_)
    return {
        "households": tally.total,
        "passed": int(tally.passed),
        "matters": [
            [m.matter_id, m.tally.agree, m.tally.disagree, m.tally.abstain] for m in tally.matters
        ],
    }


def _check_terms(terms: RoundTerms) -> None:
    if terms.closes_at <= terms.opens_at:
        raise NotReady(msg("截止时间要晚于开始时间。"))


def _two_matters() -> list[Matter]:
    return [
        Matter(
            position=1,
            subject=Subject.PLAN,
            title=msg("改造方案"),
            question=msg("您家同意这份改造方案吗？"),
            track=Track.CONSULTATION,
            threshold=HENAN_80["threshold"],
        ),
        Matter(
            position=2,
            subject=Subject.MANAGEMENT,
            title=msg("物业管理方案"),
            question=msg("您家同意改造以后这样管理小区吗？"),
            track=Track.CONSULTATION,
            threshold=HENAN_80["threshold"],
        ),
    ]


def _register_rows(round_: Round) -> list[dict[str, object]]:
    homes = queries.homes_in_order(round_.compound_id)
    return [
        {
            "round_id": round_.id,
            "household_id": home.id,
            "building_id": home.premises.entrance.building_id,
            "position": position,
            "label": home.address,
            "size": home.premises.size,
            "commitment": home.commitment,
            "votes": 0,
        }
        for position, home in enumerate(homes, start=1)
    ]


def _start_counters(round_: Round, building_ids: set[object]) -> None:
    db.session.execute(
        insert(Counter),
        [
            {"matter_id": m.id, "building_id": b, "choice": choice, "households": 0}
            for m in round_.matters
            for b in building_ids
            for choice in Choice
        ],
    )


def _require(round_: Round, state: State) -> None:
    """Take the round's lock and look at what it is now: two people may press at once."""
    if locked(round_).state != state:
        raise NotNow(msg("这一轮现在是“%(state)s”，不能做这一步。"), state=str(round_.standing))


def _record(round_: Round, kind: Kind, facts: Mapping[str, object], *, by: Identity) -> None:
    record(book_of_round(round_.id), kind, {**facts, "round": round_.id}, actor=by.commitment)
