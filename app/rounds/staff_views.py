"""The office prepares, opens and certifies a round; every step shows first what it will do."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask import Blueprint, Response, abort, flash, request, url_for
from flask_babel import gettext as _
from flask_login import current_user

from app.accounts.queries import are_two_persons
from app.core import clock
from app.core.db import db
from app.core.errors import Refused, msg
from app.core.format import as_moment
from app.core.guards import Role, must_reach, staff
from app.core.i18n import say, translated
from app.core.web import page, saved
from app.projects.queries import current_version
from app.roster.models import Compound
from app.rounds import actions, queries
from app.rounds.life_forms import RoundForm
from app.rounds.lifecycle import Condition, is_early_to_freeze
from app.rounds.lifecycle import preflight as checks_of
from app.rounds.matters import rules_in_words
from app.rounds.models import Round, State, suggested_title
from app.rounds.timeline import timeline

bp = Blueprint("rounds_staff", __name__, url_prefix="/desk")


@dataclass(frozen=True)
class _Step:
    """One step in the life of a round, as a button and as its confirm page."""

    action: Callable[..., Any]
    title: str
    meaning: str
    done: str


_STEPS = {
    "submit": _Step(
        actions.submit_round,
        msg("提交确认"),
        msg("起止时间、社区电话和计票口径交给另一个人确认。确认以前可以退回来改。"),
        msg("已提交，请另一位同事来确认。"),
    ),
    "return": _Step(
        actions.return_round,
        msg("退回修改"),
        msg("退回起草状态，可以改时间、电话，再重新提交。"),
        msg("已退回。"),
    ),
    "confirm": _Step(
        actions.confirm_profile,
        msg("确认计票口径"),
        msg("确认以后计票口径就锁定，不能再改。提交的人不能自己确认。"),
        msg("计票口径已确认并锁定。"),
    ),
    "publish-register": _Step(
        actions.publish_register,
        msg("公示登记册"),
        msg("登记册按房号公示给居民核对，不显示姓名和电话。漏登、错登的，请在锁定以前改台账。"),
        msg("登记册已公示。"),
    ),
    "freeze": _Step(
        actions.freeze_register,
        msg("锁定登记册"),
        msg("锁定以后，这一轮就按这份登记册计票，台账再怎么改都不影响总户数。"),
        msg("登记册已锁定。"),
    ),
    "open": _Step(
        actions.open_round,
        msg("开始征询"),
        msg("居民马上可以表态，到截止的那一分钟自动停止。方案、登记册和计票口径都记录在案。"),
        msg("征询已开始。"),
    ),
    "publish-result": _Step(
        actions.publish_result,
        msg("公示初步结果"),
        msg("向居民公布各项的票数，异议期从现在开始算。"),
        msg("初步结果已公示。"),
    ),
    "certify": _Step(
        actions.certify,
        msg("确认最终结果"),
        msg("结果从此不再改变。公示初步结果的人不能自己确认。"),
        msg("最终结果已确认。"),
    ),
}


_FOR_WORKERS = ("submit", "return")
# The step that meets a condition of opening, for whoever may take it.
_MEETS = {
    "submit": Condition.PROFILE,
    "confirm": Condition.PROFILE,
    "publish-register": Condition.REGISTER,
    "freeze": Condition.FREEZE,
}
_REGISTER_STEPS = ("publish-register", "freeze")


@bp.route("/compounds/<int:compound_id>/rounds/new", methods=["GET", "POST"])
@staff(Role.WORKER, Role.OFFICE, Role.DISTRICT)
def draft(compound_id: int) -> Response:
    """Begin a round."""
    compound = _load_compound(compound_id)
    form = RoundForm(data=_suggested(compound))
    if form.validate_on_submit():
        try:
            round_ = actions.draft_round(compound, form.terms(), by=current_user)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            return saved(".preflight", round_id=round_.id)
    return page("rounds/staff/terms.html", form=form, compound=compound, round=None)


@bp.route("/rounds/<int:round_id>/edit", methods=["GET", "POST"])
@staff(Role.WORKER, Role.OFFICE, Role.DISTRICT)
def edit(round_id: int) -> Response:
    """Change the terms of a draft."""
    round_ = _load_round(round_id)
    form = RoundForm(obj=round_)
    if form.validate_on_submit():
        try:
            actions.edit_round(round_, form.terms(), by=current_user)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            return saved(".preflight", round_id=round_.id)
    return page("rounds/staff/terms.html", form=form, compound=round_.compound, round=round_)


@bp.get("/rounds/<int:round_id>/preflight")
@staff()
def preflight(round_id: int) -> Response:
    """Where the round stands, what it still lacks, and the next step."""
    round_ = _load_round(round_id)
    checks = checks_of(queries.facts_of(round_))
    steps = _next_steps(round_, is_ready=all(check.is_met for check in checks))
    return page(
        "rounds/staff/preflight.html",
        round=round_,
        checks=checks,
        ways=_ways(round_, [name for name, _title in steps]),
        next_steps=steps,
        waiting=_waiting_for(round_, is_ready=all(check.is_met for check in checks)),
        events=timeline(round_),
        profile=[say(sentence) for sentence in rules_in_words(round_)],
        version=round_.plan_version or current_version(round_.compound_id),
    )


@bp.get("/rounds/<int:round_id>/register")
@staff()
def register(round_id: int) -> Response:
    """The register by rooms: as frozen, or as the roster would make it now."""
    round_ = _load_round(round_id)
    return page("rounds/staff/register.html", round=round_, doors=queries.doors_of(round_))


@bp.get("/rounds/<int:round_id>/remarks")
@staff()
def remarks(round_id: int) -> Response:
    """What households wrote with their votes; not who, and not what they chose."""
    round_ = _load_round(round_id)
    return page("rounds/staff/remarks.html", round=round_, remarks=queries.remarks_of(round_id))


@bp.route("/rounds/<int:round_id>/steps/<string:name>", methods=["GET", "POST"])
@staff(Role.WORKER, Role.OFFICE, Role.DISTRICT)
def step(round_id: int, name: str) -> Response:
    """Say what the step will do; then do it."""
    round_ = _load_round(round_id)
    chosen = _STEPS.get(name) or abort(404)
    _check_role(name)
    if request.method == "GET":
        return _confirm_page(round_, name)
    try:
        chosen.action(round_, by=current_user)
    except Refused as refusal:
        return _confirm_page(round_, name, refusal)
    flash(say(chosen.done))
    return saved(".preflight", round_id=round_id)


def _confirm_page(round_: Round, name: str, refusal: Refused | None = None) -> Response:
    """What the step will do, its button while it can be taken, and why it was refused."""
    is_ready = all(check.is_met for check in checks_of(queries.facts_of(round_)))
    return page(
        "rounds/staff/step.html",
        409 if refusal else 200,
        round=round_,
        step=_STEPS[name],
        name=name,
        refusal=translated(refusal) if refusal else "",
        may_take=name in dict(_next_steps(round_, is_ready=is_ready)),
        households=queries.households_of(round_.compound_id) if name in _REGISTER_STEPS else 0,
        is_early=name == "freeze" and is_early_to_freeze(clock.now(), round_.register_published_at),
    )


def _check_role(name: str) -> None:
    """A worker prepares; what binds is done by the office."""
    if current_user.role == Role.WORKER and name not in _FOR_WORKERS:
        abort(403)


def _next_steps(round_: Round, *, is_ready: bool) -> list[tuple[str, str]]:
    """(step name, words on its button) that this person can take now."""
    names = {
        State.DRAFT: ["submit"],
        State.REVIEW: ["publish-register"] if round_.confirmed_at else ["confirm", "return"],
        State.REGISTER: ["freeze"],
        State.FROZEN: ["open"] if is_ready else [],
        State.CLOSED: ["publish-result"],
        State.PRELIMINARY: ["certify"],
    }.get(round_.state, [])
    own = {
        "confirm": not are_two_persons(round_.submitted_by_id, current_user),
        "certify": not are_two_persons(round_.preliminary_by_id, current_user)
        or clock.now() < queries.objections_end(round_),
    }
    is_worker = current_user.role == Role.WORKER
    return [
        (name, _STEPS[name].title)
        for name in names
        if not own.get(name) and not (is_worker and name not in _FOR_WORKERS)
    ]


def _waiting_for(round_: Round, *, is_ready: bool) -> str:
    """What this person has to wait for, when the next step is not theirs to take."""
    if round_.state == State.REVIEW and not round_.confirmed_at:
        if round_.submitted_by_id == current_user.id:
            return _("等另一位同事确认计票口径。您自己提交的，不能自己确认。")
        if not are_two_persons(round_.submitted_by_id, current_user):
            return _("等另一位同事确认计票口径。提交的人和您的账号有一个是对方开的。")
    if round_.state == State.FROZEN and not is_ready:
        return _("下面的条件都满足以后，才能开始征询。")
    if round_.state == State.PRELIMINARY:
        return _waiting_for_result(round_)
    if current_user.role == Role.WORKER and not (round_.is_open or round_.is_over):
        return "" if round_.state == State.DRAFT else _("下一步由街道（乡镇）或区里的同事来办。")
    return ""


def _waiting_for_result(round_: Round) -> str:
    until = queries.objections_end(round_)
    if clock.now() < until:
        return _("异议期到 %(time)s 结束，之后由另一个人确认最终结果。", time=as_moment(until))
    if round_.preliminary_by_id == current_user.id:
        return _("等另一位同事确认最终结果。您自己公示的，不能自己确认。")
    if not are_two_persons(round_.preliminary_by_id, current_user):
        return _("等另一位同事确认最终结果。公示的人和您的账号有一个是对方开的。")
    return ""


def _ways(round_: Round, steps: list[str]) -> dict[str, str]:
    """Condition of opening → the page on which this person can meet it now."""
    prints = url_for("reports_staff.prints", compound_id=round_.compound_id)
    ways = {
        Condition.PLAN: url_for("projects_staff.project", compound_id=round_.compound_id),
        Condition.POSTERS: prints,
    }
    if round_.frozen_at and current_user.role != Role.DISTRICT:
        ways[Condition.CODES] = prints
    if round_.state == State.DRAFT:
        edit_page = url_for(".edit", round_id=round_.id)
        ways |= {Condition.TIMES: edit_page, Condition.PHONE: edit_page}
    for name, condition in _MEETS.items():
        if name in steps:
            ways[condition] = url_for(".step", round_id=round_.id, name=name)
    return {condition.value: way for condition, way in ways.items()}


def _suggested(compound: Compound) -> dict[str, Any]:
    now = clock.now().replace(minute=0, second=0, microsecond=0)
    number = max((r.number for r in queries.rounds_of(compound.id)), default=0) + 1
    return {
        "title": suggested_title(number),
        "opens_at": now,
        "closes_at": (now + timedelta(days=15)).replace(hour=10),
        "phone": compound.phone,
        "objection_days": 7,
    }


def _load_compound(compound_id: int) -> Compound:
    compound: Compound = db.get_or_abort(Compound, compound_id)
    must_reach(compound.area.path)
    return compound


def _load_round(round_id: int) -> Round:
    round_: Round = db.get_or_abort(Round, round_id)
    must_reach(round_.compound.area.path)
    return round_
