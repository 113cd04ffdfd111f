"""What a round still lacks before it may open: pure, from facts; RULES.md §3 "pre-flight".

It names every blocker at once, and what is merely worth a warning.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from app.core.errors import msg

SHORTEST, LONGEST, SHORT = timedelta(days=5), timedelta(days=60), timedelta(days=7)
# A register that hung for less than this has hardly been read by anybody.
REGISTER_HANGS = timedelta(days=3)


class Step(StrEnum):
    """The conditions of opening, in the order in which an office meets them."""

    PLAN = "plan"
    TIMES = "times"
    PHONE = "phone"
    PROFILE = "profile"
    REGISTER = "register"
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


@dataclass(frozen=True)
class Check:
    """One condition: met or not, and in words what is missing or found."""

    step: Step
    title: str
    is_met: bool
    message: str = ""
    count: int = 0
    warning: str = ""


def preflight(facts: Facts) -> list[Check]:
    """Every condition of opening; the round may open when all are met."""
    return [
        Check(
            Step.PLAN,
            msg("改造方案和物业管理方案已公布"),
            facts.plan_published,
            msg("还没有公布的方案。方案四节、物业方案四项写全，由第二人公布。"),
        ),
        _times(facts),
        Check(
            Step.PHONE,
            msg("公布了社区电话"),
            bool(facts.phone.strip()),
            msg("还没有填社区电话。"),
        ),
        _profile(facts),
        Check(
            Step.REGISTER,
            msg("登记册已按房号公示"),
            facts.register_published and facts.households > 0,
            msg("登记册里还没有住户，请先导入台账。")
            if not facts.households
            else msg("还没有公示登记册。"),
        ),
        Check(
            Step.FREEZE, msg("登记册已锁定"), facts.frozen, msg("公示没有异议后，请锁定登记册。")
        ),
        Check(
            Step.CODES,
            msg("每户都有户码"),
            facts.frozen and facts.homes_without_code == 0,
            msg("还有 %(count)s 户没有户码，请打印户码单。")
            if facts.frozen
            else msg("锁定登记册后打印户码单。"),
            facts.homes_without_code,
        ),
        Check(
            Step.POSTERS,
            msg("海报已打印"),
            facts.posters_printed,
            msg("还没有打印单元门口的海报。"),
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
    return Check(Step.TIMES, msg("起止时间合适"), not message, message, warning=warning)


def _profile(facts: Facts) -> Check:
    message = msg("计票口径还没有提交确认。")
    if facts.submitted:
        message = msg("等第二个人确认计票口径，提交的人不能自己确认。")
    return Check(Step.PROFILE, msg("计票口径已由第二人确认"), facts.confirmed, message)
