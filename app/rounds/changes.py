"""What two persons may change about a round that is open: its end, later only, and its plan."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from app.core import clock
from app.core.db import db
from app.core.errors import Refused, msg
from app.core.guards import Identity
from app.journal.models import Kind
from app.projects.comparison import FieldChange
from app.projects.models import PlanVersion
from app.projects.queries import current_version, differences_between
from app.rounds import effects
from app.rounds.cases import Decision, DecisionKind, Outcome
from app.rounds.decisions import Facts, Grounds, applies, propose
from app.rounds.lifecycle import LONGEST, Verb
from app.rounds.models import Round


class NotLater(Refused):
    """A deadline only moves to a later time."""


class NoNewPlan(Refused):
    """There is no published version that the round does not know yet."""


class NotEditorial(Refused):
    """What households pay, or who manages, is no matter of wording."""


def propose_extension(
    round_: Round, closes_at: datetime, grounds: Grounds, *, by: Identity
) -> Decision:
    """Ask to close later; refuses `NotLater`."""
    _check_later(round_, closes_at)
    params = {"from": round_.closes_at.isoformat(), "to": closes_at.isoformat()}
    return propose(round_, DecisionKind.EXTENSION, params, grounds, by=by)


def propose_plan_change(
    round_: Round, version: PlanVersion, *, is_material: bool, grounds: Grounds, by: Identity
) -> Decision:
    """Ask to go on with a newer version: editorial, or material so that households confirm.

    Refuses `NoNewPlan`, and `NotEditorial` when it changes what a household pays.
    """
    _check_newer(round_, version)
    _check_size(round_, version, is_material=is_material)
    params = {"version": version.id, "number": version.number, "material": is_material}
    return propose(round_, DecisionKind.PLAN_CHANGE, params, grounds, by=by)


def newer_version(round_: Round) -> PlanVersion | None:
    """The published version that an open round has not been put on, if there is one."""
    newest = current_version(round_.compound_id)
    if not round_.is_open or newest is None or newest.id == round_.plan_version_id:
        return None
    return newest


def round_on_older_plan(version: PlanVersion) -> Round | None:
    """The open round that asks about an older version than this one, if there is one."""
    compound_id = version.project.compound_id
    rounds = db.session.scalars(select(Round).where(Round.compound_id == compound_id)).all()
    return next((r for r in rounds if r.is_open and _version_number(r) < version.number), None)


def _version_number(round_: Round) -> int:
    return round_.plan_version.number if round_.plan_version else 0


def burdens(round_: Round, version: PlanVersion) -> tuple[FieldChange, ...]:
    """What `version` changes of a household's own money and of the management, for this round."""
    if round_.plan_version is None:
        return ()
    return differences_between(round_.plan_version, version).burdens


def changes_of(round_id: int) -> list[Decision]:
    """What two persons changed about the end and the plan of a round, the oldest first."""
    kinds = (DecisionKind.EXTENSION, DecisionKind.PLAN_CHANGE)
    approved = select(Decision).where(
        Decision.round_id == round_id,
        Decision.kind.in_(kinds),
        Decision.outcome == Outcome.APPROVED,
    )
    return list(db.session.scalars(approved.order_by(Decision.settled_at, Decision.id)))


def first_deadline(round_: Round) -> datetime | None:
    """The end that was announced at first, if two persons have moved it since."""
    moved = (Decision.round_id == round_.id, Decision.kind == DecisionKind.EXTENSION)
    extensions = select(Decision.params).where(*moved, Decision.outcome == Outcome.APPROVED)
    first = db.session.scalar(extensions.order_by(Decision.settled_at, Decision.id).limit(1))
    return datetime.fromisoformat(first["from"]) if first else None


@dataclass(frozen=True)
class Change:
    """A later end (`before`, `after`), or another plan version, with the moment it was decided."""

    at: datetime
    before: datetime | None = None
    after: datetime | None = None
    version: PlanVersion | None = None
    is_material: bool = False


def since_opening(round_: Round) -> list[Change]:
    """What two persons changed while residents were asked, the oldest first."""
    begun = round_.opened_at
    return [
        _change(decision, decision.settled_at)
        for decision in changes_of(round_.id)
        if begun and decision.settled_at and decision.settled_at >= begun
    ]


def _change(decision: Decision, at: datetime) -> Change:
    params = decision.params
    if decision.kind == DecisionKind.EXTENSION:
        before, after = (datetime.fromisoformat(params[name]) for name in ("from", "to"))
        return Change(at, before, after)
    version = db.session.get_one(PlanVersion, params["version"])
    return Change(at, version=version, is_material=bool(params["material"]))


@applies(DecisionKind.EXTENSION, Verb.EXTEND, Kind.DEADLINE_CHANGE)
def _extend(decision: Decision, by: Identity) -> Facts:
    round_, closes_at = decision.round, datetime.fromisoformat(decision.params["to"])
    _check_later(round_, closes_at)
    before, round_.closes_at = round_.closes_at, closes_at
    return {"from": before.isoformat(), "to": closes_at.isoformat()}


@applies(DecisionKind.PLAN_CHANGE, Verb.CHANGE_PLAN, Kind.PLAN_CHANGE)
def _change_plan(decision: Decision, by: Identity) -> Facts:
    round_ = decision.round
    version = db.session.get_one(PlanVersion, decision.params["version"])
    _check_newer(round_, version)
    is_material = bool(decision.params["material"])
    _check_size(round_, version, is_material=is_material)
    round_.plan_version_id = version.id
    db.session.flush()
    db.session.expire(round_, ["plan_version"])
    if is_material:
        round_.counts_from_version = version.number
        db.session.flush()
        effects.ask_all_to_confirm(round_)
    return {
        "plan": version.plan_hash or "",
        "management": version.management_hash or "",
        "number": version.number,
        "material": int(is_material),
    }


def _check_later(round_: Round, closes_at: datetime) -> None:
    if closes_at <= round_.closes_at or closes_at <= clock.now():
        raise NotLater(msg("截止时间只能往后延，不能提前。"))
    if round_.opened_at and closes_at - round_.opened_at > LONGEST:
        raise NotLater(msg("从开始到截止不能超过 60 天。"))


def _check_newer(round_: Round, version: PlanVersion) -> None:
    known = round_.plan_version.number if round_.plan_version else 0
    newest = current_version(round_.compound_id)
    if newest is None or newest.id != version.id or version.number <= known:
        raise NoNewPlan(msg("没有比这一轮更新的方案版本。"))


def _check_size(round_: Round, version: PlanVersion, *, is_material: bool) -> None:
    if not is_material and burdens(round_, version):
        raise NotEditorial(
            msg("这一版改了每家出的钱或者怎么管，不能算文字改动，要选“内容有大变化”。")
        )
