"""What a person can do about a round now, what is still in the way, and for whom it waits."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from flask_babel import gettext as _

from app.accounts.queries import are_two_persons
from app.accounts.vouching import lacks_voucher
from app.core import clock
from app.core.errors import msg
from app.core.format import as_moment
from app.core.guards import Identity, Role
from app.core.i18n import say
from app.rounds import actions, findings, queries
from app.rounds.lifecycle import (
    Check,
    Condition,
    Proof,
    State,
    Verb,
    certification,
    is_allowed,
    preflight,
)
from app.rounds.models import Round


@dataclass(frozen=True)
class Step:
    """One step in the life of a round, as a button and as its confirm page."""

    action: Callable[..., Any]
    title: str
    meaning: str
    done: str


STEPS = {
    "submit": Step(
        actions.submit_round,
        msg("提交确认"),
        msg("起止时间、社区电话、事项和计票口径交给另一个人确认。确认以前可以退回来改。"),
        msg("已提交，请另一位同事来确认。"),
    ),
    "return": Step(
        actions.return_round,
        msg("退回修改"),
        msg("退回起草状态，可以改时间、电话和事项，再重新提交。"),
        msg("已退回。"),
    ),
    "confirm": Step(
        actions.confirm_profile,
        msg("确认计票口径"),
        msg("确认以后事项和计票口径就锁定，不能再改。提交的人不能自己确认。"),
        msg("计票口径已确认并锁定。"),
    ),
    "publish-register": Step(
        actions.publish_register,
        msg("公示登记册"),
        msg("登记册按房号公示给居民核对，不显示姓名和电话。漏登、错登的，请在锁定以前改台账。"),
        msg("登记册已公示。"),
    ),
    "freeze": Step(
        actions.freeze_register,
        msg("锁定登记册"),
        msg("锁定以后，这一轮就按这份登记册计票。以后有变动，要两个人同意并公布。"),
        msg("登记册已锁定。"),
    ),
    "open": Step(
        actions.open_round,
        msg("开始征询"),
        msg("居民马上可以表态，到截止的那一分钟自动停止。方案、登记册和计票口径都记录在案。"),
        msg("征询已开始。"),
    ),
    "publish-result": Step(
        actions.publish_result,
        msg("公示初步结果"),
        msg("向居民公布各项的票数，异议期从明天开始算，最后一天遇周末、节假日顺延。"),
        msg("初步结果已公示。"),
    ),
    "certify": Step(
        actions.certify,
        msg("确认最终结果"),
        msg("结果从此不再改变。公示初步结果的人不能自己确认。"),
        msg("最终结果已确认。"),
    ),
    "archive": Step(
        actions.archive_round,
        msg("归档"),
        msg("这一轮收进档案，结果照样可以查看。以后可以再开新的一轮。"),
        msg("已归档。"),
    ),
}
_FOR_WORKERS = ("submit", "return")


def may_take(name: str, by: Identity) -> bool:
    """A worker prepares; what binds is done by the office."""
    return by.role != Role.WORKER or name in _FOR_WORKERS


def may_withdraw(round_: Round, by: Identity) -> bool:
    """Whether this person can give the round up now."""
    return is_allowed(Verb.WITHDRAW, round_.state) and by.role != Role.WORKER


def conditions(round_: Round) -> list[Check]:
    """What opening, or after the close certifying, asks for; none while nothing is asked."""
    if round_.withdrawn_at:
        return []
    if not round_.opened_at:
        return preflight(queries.facts_of(round_))
    if round_.state not in (State.CLOSED, State.PRELIMINARY):
        return []
    return [_of_term(check, round_) for check in certification(findings.result_facts(round_))]


def _of_term(check: Check, round_: Round) -> Check:
    """The days for objections do not run before the preliminary result is published."""
    if check.step != Proof.TERM or round_.preliminary_at:
        return check
    return replace(check, message=msg("公示初步结果以后才开始算。"))


def next_steps(round_: Round, by: Identity, checks: list[Check]) -> list[str]:
    """The names of the steps that this person can take now."""
    is_ready = all(check.is_met for check in checks)
    names = {
        State.DRAFT: ["submit"],
        State.REVIEW: ["publish-register"] if round_.confirmed_at else ["confirm", "return"],
        State.REGISTER: ["freeze"] if _has_no_objections(checks) else [],
        State.FROZEN: ["open"] if is_ready else [],
        State.CLOSED: ["publish-result"],
        State.PRELIMINARY: ["certify"] if is_ready else [],
        State.CERTIFIED: ["archive"],
    }.get(round_.state, [])
    asked_by = {"confirm": round_.submitted_by_id, "certify": round_.preliminary_by_id}
    return [
        name
        for name in names
        if may_take(name, by) and (name not in asked_by or are_two_persons(asked_by[name], by))
    ]


def _has_no_objections(checks: list[Check]) -> bool:
    return all(check.is_met for check in checks if check.step == Condition.OBJECTIONS)


def waiting_for(round_: Round, by: Identity, checks: list[Check]) -> str:
    """What this person has to wait for, when the next step is not theirs to take."""
    own = _WAITING.get(round_.state)
    said = own(round_, by, checks) if own else ""
    is_elsewhere = by.role == Role.WORKER and round_.state not in (State.DRAFT, State.OPEN)
    if said or not is_elsewhere or round_.state == State.ARCHIVED:
        return said
    return _("下一步由街道（乡镇）或区里的同事来办。")


def _for_review(round_: Round, by: Identity, checks: list[Check]) -> str:
    if round_.confirmed_at:
        return ""
    if round_.submitted_by_id == by.id:
        return _("等另一位同事确认计票口径。您自己提交的，不能自己确认。")
    if lack := lacks_voucher(round_.submitted_by_id, by):
        return say(lack)
    if not are_two_persons(round_.submitted_by_id, by):
        return _("等另一位同事确认计票口径。提交的人和您的账号有一个是对方开的。")
    return ""


def _for_freezing(round_: Round, by: Identity, checks: list[Check]) -> str:
    return "" if _has_no_objections(checks) else _("登记册的异议都答复以后，才能锁定。")


def _for_opening(round_: Round, by: Identity, checks: list[Check]) -> str:
    if all(check.is_met for check in checks):
        return ""
    return _("下面的条件都满足以后，才能开始征询。")


def _for_close(round_: Round, by: Identity, checks: list[Check]) -> str:
    return _("正在征询，到 %(time)s 自动截止。", time=as_moment(round_.closes_at))


def _for_result(round_: Round, by: Identity, checks: list[Check]) -> str:
    until = queries.objections_end(round_)
    if clock.now() < until:
        return _("异议期到 %(time)s 结束，之后由另一个人确认最终结果。", time=as_moment(until))
    if not all(check.is_met for check in checks):
        return _("下面的条件都满足以后，由另一个人确认最终结果。")
    if round_.preliminary_by_id == by.id:
        return _("等另一位同事确认最终结果。您自己公示的，不能自己确认。")
    if lack := lacks_voucher(round_.preliminary_by_id, by):
        return say(lack)
    if not are_two_persons(round_.preliminary_by_id, by):
        return _("等另一位同事确认最终结果。公示的人和您的账号有一个是对方开的。")
    return ""


def _for_good(round_: Round, by: Identity, checks: list[Check]) -> str:
    if round_.withdrawn_at:
        return _("这一轮已撤回，没有征询过居民。")
    return _("这一轮已经归档，不会再变。")


_WAITING: dict[State, Callable[[Round, Identity, list[Check]], str]] = {
    State.REVIEW: _for_review,
    State.REGISTER: _for_freezing,
    State.FROZEN: _for_opening,
    State.OPEN: _for_close,
    State.PRELIMINARY: _for_result,
    State.ARCHIVED: _for_good,
}
