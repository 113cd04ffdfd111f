"""The life of a round, from draft to certified; every step is checked, then recorded.

Casting votes stands in `casting`, because it is written for speed.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from app.accounts.vouching import check_second_person
from app.core import clock
from app.core.db import db, once
from app.core.errors import msg
from app.core.guards import Identity
from app.journal.models import Kind
from app.projects.queries import current_version
from app.roster.models import Compound
from app.rounds import audit, findings, queries, register, tallies
from app.rounds.lifecycle import Verb, certification, preflight
from app.rounds.matters import main_matters, profile_document
from app.rounds.models import Round
from app.rounds.profile import Switches, profile_hash
from app.rounds.steps import NotNow, NotReady, NotYourself, locked, note, require


@dataclass(frozen=True)
class RoundTerms:
    """What an office says of a round: its title, times, phone and days for objections."""

    title: str
    opens_at: datetime
    closes_at: datetime
    phone: str
    objection_days: int = 7


def draft_round(
    compound: Compound, terms: RoundTerms, *, by: Identity, reopening_reason: str = ""
) -> Round:
    """Begin a round with the two matters that every plan needs (RULES.md §2).

    It follows the last round of the compound, which it says. Refuses `NotNow` while that one is
    not over, and `NotReady` when the question is asked again without a reason.
    """
    earlier = queries.rounds_of(compound.id)
    if any(not r.is_over for r in earlier):
        raise NotNow(msg("这个小区已经有一轮征询没有结束，不能再开一轮。"))
    _check_terms(terms)
    predecessor = queries.last_opened(compound.id)
    if predecessor and not reopening_reason.strip():
        raise NotReady(msg("请写明为什么再征询一轮，居民会看到。"))
    preset = "henan-80"
    round_ = Round(
        compound=compound,
        number=max((r.number for r in earlier), default=0) + 1,
        profile={"name": preset, **Switches().as_kept()},
        drafted_at=clock.now(),
        drafted_by_id=by.id,
        predecessor=predecessor,
        reopening_reason=reopening_reason.strip(),
        **vars(terms),
    )
    round_.matters = main_matters(preset)
    with once(NotNow(msg("刚刚有人给这个小区开了一轮，请刷新看看。"))):
        db.session.add(round_)
    facts = {"closes_at": terms.closes_at.isoformat()}
    follows = {"follows": predecessor.id} if predecessor else {}
    note(round_, Kind.ROUND_DRAFT, {**facts, **follows}, by=by)
    return round_


def edit_round(
    round_: Round, terms: RoundTerms, *, by: Identity, reopening_reason: str = ""
) -> None:
    """Change a draft; refuses `NotNow` once it was submitted.

    Why a question is asked again can be put otherwise, not taken back.
    """
    require(round_, Verb.EDIT)
    _check_terms(terms)
    round_.reopening_reason = reopening_reason.strip() or round_.reopening_reason
    for name, value in vars(terms).items():
        setattr(round_, name, value)
    note(round_, Kind.ROUND_DRAFT, {"closes_at": terms.closes_at.isoformat()}, by=by)


def submit_round(round_: Round, *, by: Identity) -> None:
    """Ask a second person to confirm times and counting rules."""
    require(round_, Verb.SUBMIT)
    round_.submitted_at, round_.submitted_by_id = clock.now(), by.id
    note(round_, Kind.ROUND_DRAFT, {"submitted": 1}, by=by)


def return_round(round_: Round, *, by: Identity) -> None:
    """Give a submitted round back for changes; anyone may, until it is confirmed."""
    require(round_, Verb.RETURN)
    if round_.confirmed_at:
        raise NotNow(msg("计票口径已经确认，不能再退回。"))
    round_.submitted_at = round_.submitted_by_id = None
    note(round_, Kind.ROUND_DRAFT, {"returned": 1}, by=by)


def confirm_profile(round_: Round, *, by: Identity) -> None:
    """Lock the counting rules; refuses `NotYourself` to the person who submitted them."""
    require(round_, Verb.CONFIRM)
    if round_.confirmed_at:
        raise NotNow(msg("计票口径已经确认过了，不用再确认。"))
    same = NotYourself(msg("计票口径要由另一个人确认，您自己提交的不能自己确认。"))
    check_second_person(round_.submitted_by_id, by, same)
    round_.confirmed_at, round_.confirmed_by_id = clock.now(), by.id
    round_.profile_hash = profile_hash(profile_document(round_))
    note(round_, Kind.PROFILE_CONFIRMED, {"profile": round_.profile_hash}, by=by)


def publish_register(round_: Round, *, by: Identity) -> int:
    """Put the list of rooms up for objections; returns how many households it holds."""
    require(round_, Verb.PUBLISH_REGISTER)
    if not round_.confirmed_at:
        raise NotNow(msg("请先由第二人确认计票口径，再公示登记册。"))
    households = sum(bool(row["is_household"]) for row in register.register_rows(round_))
    if not households:
        raise NotReady(msg("这个小区还没有住户，请先导入台账。"))
    round_.register_published_at = clock.now()
    note(round_, Kind.REGISTER_PUBLISHED, {"households": households}, by=by)
    return households


def freeze_register(round_: Round, *, by: Identity) -> int:
    """Copy the roster into the register that the round counts against, and hash it.

    Later changes of the roster do not touch it. Refuses `NotReady` while objections to the
    register wait for an answer. Returns how many households it holds.
    """
    require(round_, Verb.FREEZE)
    if queries.open_objections(round_.id):
        raise NotReady(msg("登记册还有异议没有答复，请先答复，再锁定。"))
    rows = register.freeze(round_)
    households = sum(bool(row["is_household"]) for row in rows)
    if not households:
        raise NotReady(msg("这个小区还没有住户，请先导入台账。"))
    round_.frozen_at = clock.now()
    round_.register_hash = register.register_hash(rows)
    facts = {
        "register": round_.register_hash,
        "households": households,
        "properties": sum(bool(row["is_property"]) for row in rows),
    }
    note(round_, Kind.REGISTER_FROZEN, facts, by=by)
    return households


def note_posters_printed(compound: Compound, *, by: Identity) -> None:
    """Remember that the posters of the round being prepared were printed."""
    for round_ in queries.rounds_of(compound.id):
        if not round_.opened_at:
            round_.posters_printed_at = clock.now()
            note(round_, Kind.POSTERS_PRINTED, {}, by=by)


def open_round(round_: Round, *, by: Identity) -> None:
    """Start the consultation and record what it rests on (RULES.md §3 "opening record").

    Refuses `NotReady` while any condition of the pre-flight list is not met.
    """
    require(round_, Verb.OPEN)
    if not all(check.is_met for check in preflight(queries.facts_of(round_))):
        raise NotReady(msg("还有条件没有满足，请看开启前的检查清单。"))
    version = current_version(round_.compound_id)
    if version is None:
        raise NotReady(msg("还没有公布的方案。"))
    round_.plan_version_id, round_.counts_from_version = version.id, version.number
    round_.opened_at = clock.now()
    round_.revision += 1
    facts = {
        "version": version.number,
        "plan": version.plan_hash,
        "management": version.management_hash,
        "profile": round_.profile_hash,
        "register": round_.register_hash,
        "households": tallies.results(round_).total,
        "opens_at": round_.opens_at.isoformat(),
        "closes_at": round_.closes_at.isoformat(),
        "rules": [{"matter": m.id, "track": m.track.value, "rule": m.rule} for m in round_.matters],
    }
    note(round_, Kind.ROUND_OPEN, facts, by=by)


def withdraw_round(round_: Round, why: str, *, by: Identity) -> None:
    """Give a round up before it opened, so that another one can be drafted.

    Refuses `NotNow` once it is open, and `NotReady` without a reason.
    """
    require(round_, Verb.WITHDRAW)
    if not why.strip():
        raise NotReady(msg("请写明撤回的理由。"))
    round_.withdrawn_at, round_.withdrawn_by_id = clock.now(), by.id
    round_.withdrawal_reason = why.strip()
    round_.revision += 1
    note(round_, Kind.ROUND_WITHDRAWN, {}, by=by)


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
    require(round_, Verb.PUBLISH_RESULT)
    if round_.closed_at is None:
        _close(round_)
    round_.preliminary_at, round_.preliminary_by_id = clock.now(), by.id
    round_.revision += 1
    note(round_, Kind.PRELIMINARY, _numbers(round_), by=by)


def certify(round_: Round, *, by: Identity) -> None:
    """Make the result final, by a second person, when everything that is asked for is done.

    Refuses `NotYourself`, and `NotReady` while any condition of certifying is not met.
    """
    require(round_, Verb.CERTIFY)
    same = NotYourself(msg("结果要由另一个人确认，您自己公示的不能自己确认。"))
    check_second_person(round_.preliminary_by_id, by, same)
    if clock.now() < queries.objections_end(round_):
        raise NotReady(msg("异议期还没有结束，不能确认结果。"))
    if not all(check.is_met for check in certification(findings.result_facts(round_))):
        raise NotReady(msg("还有条件没有满足，请看确认结果前的检查清单。"))
    round_.certified_at, round_.certified_by_id = clock.now(), by.id
    round_.revision += 1
    note(round_, Kind.RESULT, _numbers(round_), by=by)


def archive_round(round_: Round, *, by: Identity) -> None:
    """Put a certified round away; nothing about it changes any more."""
    require(round_, Verb.ARCHIVE)
    round_.archived_at = clock.now()
    round_.revision += 1
    note(round_, Kind.ROUND_ARCHIVED, {}, by=by)


def _close(round_: Round) -> None:
    """Record the close, and draw the audit's sample from a seed that nobody knew before."""
    round_.closed_at, round_.audit_seed = clock.now(), secrets.token_hex(32)
    round_.revision += 1
    drawn = audit.draw_sample(round_, round_.audit_seed)
    facts = {"closes_at": round_.closes_at.isoformat(), "seed": round_.audit_seed, "drawn": drawn}
    note(round_, Kind.CLOSE, facts, by=None)


def _numbers(round_: Round) -> dict[str, object]:
    tally = tallies.results(round_)
    added, removed = queries.register_changes(round_.id)
    return {
        "households": tally.total,
        "passed": int(tally.passed),
        "to_confirm": tally.to_confirm,
        "disputed": tally.disputed,
        "added": added,
        "removed": removed,
        "matters": [
            {
                "matter": m.matter_id,
                "passed": int(m.passed),
                "tallies": [[t.total, t.agree, t.disagree, t.abstain] for t in m.tallies],
            }
            for m in (*tally.matters, *tally.owners)
        ],
    }


def _check_terms(terms: RoundTerms) -> None:
    if terms.closes_at <= terms.opens_at:
        raise NotReady(msg("截止时间要晚于开始时间。"))
