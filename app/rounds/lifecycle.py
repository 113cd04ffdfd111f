"""The life of a round: which step is possible in which state, and what opening and certifying

still lack. Pure, from facts; RULES.md §3. Every blocker is named at once.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from app.core.errors import msg

SHORTEST, LONGEST, SHORT = timedelta(days=5), timedelta(days=60), timedelta(days=7)
# A register that hung for less than this has hardly been read by anybody.
REGISTER_HANGS = timedelta(days=3)


class State(StrEnum):
    """Where a round stands in its life, in this order (RULES.md §3)."""

    DRAFT = "draft"
    REVIEW = "review"
    REGISTER = "register"
    FROZEN = "frozen"
    OPEN = "open"
    CLOSED = "closed"
    PRELIMINARY = "preliminary"
    CERTIFIED = "certified"
    ARCHIVED = "archived"


_STANDINGS = {
    State.DRAFT: msg("起草中"),
    State.REVIEW: msg("待第二人确认"),
    State.REGISTER: msg("登记册公示中"),
    State.FROZEN: msg("登记册已锁定"),
    State.OPEN: msg("征询中"),
    State.CLOSED: msg("已截止"),
    State.PRELIMINARY: msg("初步结果公示中"),
    State.CERTIFIED: msg("结果已确认"),
    State.ARCHIVED: msg("已归档"),
}


def standing_of(state: State, *, is_confirmed: bool, is_withdrawn: bool = False) -> str:
    """A state in words, to be shown; a review that was confirmed waits for nobody any more."""
    if is_withdrawn:
        return msg("已撤回")
    if state == State.REVIEW and is_confirmed:
        return msg("口径已确认，待公示登记册")
    return _STANDINGS[state]


class Verb(StrEnum):
    """Everything that can be done to a round; what is not allowed below is refused."""

    EDIT = "edit"
    SUBMIT = "submit"
    RETURN = "return"
    CONFIRM = "confirm"
    PUBLISH_REGISTER = "publish-register"
    FREEZE = "freeze"
    OPEN = "open"
    WITHDRAW = "withdraw"
    VOTE = "vote"
    EXTEND = "extend"
    CHANGE_PLAN = "change-plan"
    CHANGE_REGISTER = "change-register"
    OBJECT = "object"
    SETTLE = "settle"
    AUDIT = "audit"
    PUBLISH_RESULT = "publish-result"
    CERTIFY = "certify"
    ARCHIVE = "archive"


# Counting may still change after the close, by objections and conflicts, until it is certified.
_SETTLING = frozenset({State.OPEN, State.CLOSED, State.PRELIMINARY})
ALLOWED: dict[Verb, frozenset[State]] = {
    Verb.EDIT: frozenset({State.DRAFT}),
    Verb.SUBMIT: frozenset({State.DRAFT}),
    Verb.RETURN: frozenset({State.REVIEW}),
    Verb.CONFIRM: frozenset({State.REVIEW}),
    Verb.PUBLISH_REGISTER: frozenset({State.REVIEW}),
    Verb.FREEZE: frozenset({State.REGISTER}),
    Verb.OPEN: frozenset({State.FROZEN}),
    Verb.WITHDRAW: frozenset({State.DRAFT, State.REVIEW, State.REGISTER, State.FROZEN}),
    Verb.VOTE: frozenset({State.OPEN}),
    Verb.EXTEND: frozenset({State.OPEN}),
    Verb.CHANGE_PLAN: frozenset({State.OPEN}),
    Verb.CHANGE_REGISTER: _SETTLING | {State.FROZEN},
    Verb.OBJECT: _SETTLING | {State.REGISTER, State.FROZEN},
    Verb.SETTLE: _SETTLING | {State.REGISTER, State.FROZEN},
    Verb.AUDIT: frozenset({State.CLOSED, State.PRELIMINARY}),
    Verb.PUBLISH_RESULT: frozenset({State.CLOSED}),
    Verb.CERTIFY: frozenset({State.PRELIMINARY}),
    Verb.ARCHIVE: frozenset({State.CERTIFIED}),
}


def is_allowed(verb: Verb, state: State) -> bool:
    """Whether a round in `state` can be dealt with like this (RULES.md §3)."""
    return state in ALLOWED[verb]


def end_of_term(
    begun: datetime, days: int, zone: ZoneInfo, is_rest_day: Callable[[date], bool]
) -> datetime:
    """When a term of `days` is over: the first day does not count, the last one ends at 24:00

    and moves on while it is a rest day (Civil Code arts 201, 203). Aware, in `zone`.
    """
    last = begun.astimezone(zone).date() + timedelta(days=days)
    while is_rest_day(last):
        last += timedelta(days=1)
    return datetime.combine(last + timedelta(days=1), time(), tzinfo=zone)


class Condition(StrEnum):
    """The conditions of opening, in the order in which an office meets them."""

    PLAN = "plan"
    TIMES = "times"
    PHONE = "phone"
    MATTERS = "matters"
    PROFILE = "profile"
    REGISTER = "register"
    OBJECTIONS = "objections"
    FREEZE = "freeze"
    CODES = "codes"
    POSTERS = "posters"


@dataclass(frozen=True)
class Facts:
    """What is known of a round that wants to open."""

    now: datetime
    plan_published: bool
    opens_at: datetime
    closes_at: datetime
    phone: str
    submitted: bool
    confirmed: bool
    register_published: bool
    frozen: bool
    households: int
    homes_without_code: int
    posters_printed: bool
    # Matters that nobody on the register is asked, and objections nobody has answered yet.
    matters_without_anybody: tuple[str, ...] = ()
    open_objections: int = 0
    # Decisions on the register that a second person has not taken yet.
    waiting_decisions: int = 0
    # Households that keep the code of an earlier round.
    codes_from_before: int = 0


@dataclass(frozen=True)
class Check:
    """One condition: met or not, and in words what is missing or found."""

    step: str
    title: str
    is_met: bool
    message: str = ""
    count: int = 0
    warning: str = ""
    note: str = ""


def preflight(facts: Facts) -> list[Check]:
    """Every condition of opening; the round may open when all are met."""
    return [
        Check(
            Condition.PLAN,
            msg("改造方案和物业管理方案已公布"),
            facts.plan_published,
            msg("还没有公布的方案。方案四节、物业方案四项写全，由第二人公布。"),
        ),
        _times(facts),
        Check(
            Condition.PHONE,
            msg("公布了社区电话"),
            bool(facts.phone.strip()),
            msg("还没有填社区电话。"),
        ),
        _matters(facts),
        _profile(facts),
        Check(
            Condition.REGISTER,
            msg("登记册已按房号公示"),
            facts.register_published and facts.households > 0,
            msg("登记册里还没有住户，请先导入台账。")
            if not facts.households
            else msg("还没有公示登记册。"),
        ),
        _objections(facts),
        Check(
            Condition.FREEZE,
            msg("登记册已锁定"),
            facts.frozen,
            msg("公示没有异议后，请锁定登记册。"),
        ),
        _codes(facts),
        Check(
            Condition.POSTERS,
            msg("海报已打印"),
            facts.posters_printed,
            msg("还没有打印单元门口的海报。"),
        ),
    ]


class Proof(StrEnum):
    """The conditions of certifying a result (RULES.md §3)."""

    TERM = "term"
    OBJECTIONS = "objections"
    CONFLICTS = "conflicts"
    DECISIONS = "decisions"
    AUDIT = "audit"
    RECOUNT = "recount"


@dataclass(frozen=True)
class ResultFacts:
    """What is known of a round whose preliminary result is published."""

    now: datetime
    objections_end: datetime
    open_objections: int
    open_conflicts: int
    waiting_decisions: int
    audit_unchecked: int
    recount_agrees: bool


def certification(facts: ResultFacts) -> list[Check]:
    """Every condition of certifying; a second person may certify when all are met."""
    return [
        Check(
            Proof.TERM,
            msg("异议期已满"),
            facts.now >= facts.objections_end,
            msg("异议期还没有结束。"),
        ),
        Check(
            Proof.OBJECTIONS,
            msg("异议都已答复"),
            facts.open_objections == 0,
            msg("还有 %(count)s 件异议没有办结。"),
            facts.open_objections,
        ),
        Check(
            Proof.CONFLICTS,
            msg("没有待核实的重复表态"),
            facts.open_conflicts == 0,
            msg("还有 %(count)s 户的纸质表和手机表态不一致，没有核实。"),
            facts.open_conflicts,
        ),
        Check(
            Proof.DECISIONS,
            msg("没有等第二人决定的事"),
            facts.waiting_decisions == 0,
            msg("还有 %(count)s 件事等第二个人决定。"),
            facts.waiting_decisions,
        ),
        _audit(facts),
        Check(
            Proof.RECOUNT,
            msg("从头重算，票数一致"),
            facts.recount_agrees,
            msg("重算的票数和记录对不上，请联系管理员。"),
        ),
    ]


def is_early_to_freeze(now: datetime, published_at: datetime | None) -> bool:
    """Whether the register was published so lately that locking it deserves a second thought."""
    return published_at is not None and now - published_at < REGISTER_HANGS


def _times(facts: Facts) -> Check:
    length = facts.closes_at - max(facts.now, facts.opens_at)
    message = ""
    if facts.closes_at <= facts.now:
        message = msg("截止时间已经过去，请改。")
    elif length < SHORTEST:
        message = msg("从现在到截止不足 5 天，时间太短。")
    elif length > LONGEST:
        message = msg("征询时间超过 60 天，太长。")
    warning = msg("不足 7 天，老人和外出的住户可能来不及。") if length < SHORT else ""
    return Check(Condition.TIMES, msg("起止时间合适"), not message, message, warning=warning)


def _profile(facts: Facts) -> Check:
    message = msg("计票口径还没有提交确认。")
    if facts.submitted:
        message = msg("等第二个人确认计票口径，提交的人不能自己确认。")
    return Check(Condition.PROFILE, msg("计票口径已由第二人确认"), facts.confirmed, message)


def _matters(facts: Facts) -> Check:
    nobody = len(facts.matters_without_anybody)
    message = msg("还有 %(count)s 个事项没有住户可问，请改范围。")
    return Check(Condition.MATTERS, msg("每个事项都有人可问"), not nobody, message, nobody)


def _objections(facts: Facts) -> Check:
    title, waiting = msg("登记册的异议都已答复"), facts.open_objections + facts.waiting_decisions
    message = msg("登记册还有 %(count)s 件异议或更改没有办结。")
    return Check(Condition.OBJECTIONS, title, waiting == 0, message, waiting)


def _codes(facts: Facts) -> Check:
    title, lacking = msg("每户都有户码"), facts.homes_without_code
    if facts.frozen and not lacking:
        kept = facts.codes_from_before
        note = msg("%(count)s 户沿用上一轮的户码，不用重发。") if kept else ""
        return Check(Condition.CODES, title, is_met=True, count=kept, note=note)
    message = msg("锁定登记册后打印户码单。")
    if facts.frozen:
        message = msg("还有 %(count)s 户没有户码，请打印户码单。")
    return Check(Condition.CODES, title, False, message, lacking)


def _audit(facts: ResultFacts) -> Check:
    message = msg("还有 %(count)s 张抽中的纸质表没有核对。")
    return Check(
        Proof.AUDIT,
        msg("抽中的纸质表都已核对"),
        facts.audit_unchecked == 0,
        message,
        facts.audit_unchecked,
    )
