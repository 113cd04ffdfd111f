"""What a plan still lacks before it may be shown to residents (RULES.md §3 pre-flight, §7 D6)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from app.core.errors import msg
from app.projects.contents import Contents, Fund, Money


@dataclass(frozen=True)
class Missing:
    """One blocker: the form where it is mended, and the words for the person."""

    part: str
    message: str
    params: dict[str, Any] = field(default_factory=dict)


def missing(contents: Contents) -> list[Missing]:
    """Every blocker at once, in the order of the sections; empty when the plan is complete."""
    return [lack for check in _CHECKS for lack in check(contents)]


def _summary(contents: Contents) -> Iterator[Missing]:
    if not contents.summary:
        yield Missing("summary", msg("写一段简介：改什么、花多少钱、什么时候开工"))


def _items(contents: Contents) -> Iterator[Missing]:
    if not contents.items:
        yield Missing("items", msg("至少写一项改造内容"))


def _money(contents: Contents) -> Iterator[Missing]:
    money = contents.money
    if not money.funds:
        # The same form asks what a household pays, where 0 must be typed to be said.
        yield Missing("money", msg("写明钱从哪里来，每户出多少（不出钱就写 0）"))
        return
    if contents.funds != contents.cost:
        yield Missing(
            "money",
            msg("资金来源合计 %(funds)s 元，改造内容合计 %(cost)s 元，两个数要相等"),
            {"funds": _yuan(contents.funds), "cost": _yuan(contents.cost)},
        )
    yield from _share(money)


def _share(money: Money) -> Iterator[Missing]:
    """What residents pay together and what one household pays must not contradict each other."""
    together = _amount_of_residents(money.funds)
    asks = money.share_per_household > 0 or money.share_per_area > 0
    if together and not asks and not money.share_note:
        yield Missing(
            "money",
            msg("居民一共出 %(amount)s 元，请写明每户出多少"),
            {"amount": _yuan(together)},
        )
    if asks and not together:
        yield Missing("money", msg("每户要出钱，资金来源里就要有“居民出资”"))


def _design(contents: Contents) -> Iterator[Missing]:
    if not contents.design:
        yield Missing("design", msg("写规划设计说明"))
    if not any(p.is_image and p.section == "design" for p in contents.papers):
        yield Missing("pictures", msg("至少放一张设计图"))


def _construction(contents: Contents) -> Iterator[Missing]:
    plan = contents.construction
    if not plan.text:
        yield Missing("construction", msg("写施工安排"))
    if plan.starts_on is None or plan.finishes_on is None:
        yield Missing("construction", msg("写明开工和完工的日子"))
    elif plan.finishes_on <= plan.starts_on:
        yield Missing("construction", msg("完工的日子要晚于开工的日子"))


def _management(contents: Contents) -> Iterator[Missing]:
    plan = contents.management
    if not plan.mode:
        yield Missing("management", msg("选物业管理方式"))
    if not plan.services:
        yield Missing("management", msg("写物业服务内容"))
    if plan.fee_per_area is None:
        yield Missing("management", msg("写物业收费标准"))
    elif plan.fee_per_area == 0 and not plan.fee_note:
        yield Missing("management", msg("不按面积收费的，请写清楚怎么收，或者为什么不收"))
    if not plan.subsidy:
        yield Missing("management", msg("写补贴措施（没有就写“无”）"))


_CHECKS: tuple[Callable[[Contents], Iterator[Missing]], ...] = (
    _summary,
    _items,
    _money,
    _design,
    _construction,
    _management,
)


def _amount_of_residents(funds: tuple[Fund, ...]) -> int:
    return sum(fund.amount for fund in funds if fund.source == "residents")


def _yuan(fen: int) -> str:
    return f"{fen // 100:,}" + (f".{fen % 100:02d}" if fen % 100 else "")
