"""What one person of the office has to do today: a list of tasks, each with where it is done.

It reads what other modules count and knows no rules of its own, but for which of it is urgent.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import contains_eager, joinedload

from app.accounts import vouching
from app.accounts.queries import too_near
from app.comments.waiting import to_do
from app.core import clock
from app.core.db import db
from app.core.format import as_count
from app.core.guards import Identity, Role
from app.core.i18n import say
from app.desk.queries import Ids, PlanLine, RoundLine, plans_of, round_lines, within
from app.doors.calls import calls_waiting
from app.doors.due import doors_due_today, doors_given_to
from app.households.queries import changes_waiting
from app.notices.queries import unreached_homes
from app.paper.queries import forms_waiting
from app.roster.models import Area, Compound
from app.rounds.models import Round, State
from app.rounds.pending import Pending, pending_within
from app.rounds.queries import objections_end
from app.rounds.ways import may_take

OpenRounds = list[tuple[str, RoundLine]]
DAY, SOON = timedelta(days=1), timedelta(days=3)
# The preliminary result is out within so long after the close (RULES.md §6.1).
RESULT_WITHIN = timedelta(days=3)


class Urgency(StrEnum):
    """How soon a task is to be done, the most urgent first."""

    NOW = "now"
    YOURS = "yours"
    SOON = "soon"
    OTHERS = "others"

    @property
    def label(self) -> Any:
        return _LABELS[self]


_LABELS = {
    Urgency.NOW: _l("今天办完"),
    Urgency.YOURS: _l("等您办"),
    Urgency.SOON: _l("这几天办"),
    Urgency.OTHERS: _l("等别人办"),
}


@dataclass(frozen=True)
class Task:
    """What is to be done, how much of it, how soon, and the page to do it on.

    `place` is the compound, empty when it is about the whole scope; `due` when it must be done.
    """

    urgency: Urgency
    place: str
    text: str
    count: int
    endpoint: str
    values: Mapping[str, Any] = field(default_factory=dict)
    due: datetime | None = None


def tasks_of(by: Identity, open_: OpenRounds) -> dict[Urgency, list[Task]]:
    """Everything this person has to do within their scope, in a fixed number of statements.

    `open_` are the `open_rounds`, which the home shows as well.
    Each line asks one feature; a new feature adds its own. Auditors read along and do nothing.
    """
    if by.role == Role.AUDITOR:
        return {}
    found = [
        *_closing_soon(open_),
        *_of_rounds(by),
        *_of_cases(by),
        *_of_doors(by),
        *_of_paper(by),
        *_of_households(by),
        *_of_comments(by),
        *_of_messages(by),
        *_of_people(by),
    ]
    in_order = sorted(found, key=lambda task: (task.due is None, task.due or clock.now()))
    groups = {u: [task for task in in_order if task.urgency == u] for u in Urgency}
    return {urgency: tasks for urgency, tasks in groups.items() if tasks}


def open_rounds(by: Identity) -> OpenRounds:
    """The open rounds of the scope with their compounds, what closes first at the top."""
    is_open = (Round.opened_at.is_not(None), Round.closed_at.is_(None))
    shown: Ids = select(Round.id).where(
        Round.compound_id.in_(within(by)), *is_open, Round.closes_at > clock.now()
    )
    named = select(Compound.id, Compound.name).join(Round, Round.compound_id == Compound.id)
    names = {row[0]: row[1] for row in db.session.execute(named.where(Round.id.in_(shown)))}
    lines = [(names[compound_id], line) for compound_id, line in round_lines(shown)]
    return sorted(lines, key=lambda found: (found[1].closes_at, found[0], found[1].id))


def _closing_soon(open_: OpenRounds) -> Iterator[Task]:
    for name, line in open_:
        if line.closes_at <= clock.now() + SOON and not line.passed:
            yield _closing(name, line)


def _of_rounds(by: Identity) -> Iterator[Task]:
    """What is late, and what waits for this person to carry a round on."""
    plans, near = plans_of(within(by)), too_near(by)
    waiting = {id_: plan for id_, plan in plans.items() if plan.is_waiting}
    names = select(Compound.id, Compound.name).where(Compound.id.in_(waiting))
    for compound_id, name in db.session.execute(names.order_by(Compound.name)):
        yield _plan_waits(name, waiting[compound_id], by, near)
    for round_ in _on_the_way(by):
        published = plans.get(round_.compound_id, PlanLine()).published or 0
        yield from _of_round(round_, published, by, near)


def _on_the_way(by: Identity) -> list[Round]:
    rounds = (
        select(Round)
        .join(Round.compound)
        .join(Area, Area.id == Compound.area_id)
        .options(contains_eager(Round.compound), joinedload(Round.plan_version))
        .where(
            Area.path.startswith(by.area_path),
            Round.withdrawn_at.is_(None),
            Round.certified_at.is_(None),
            Round.archived_at.is_(None),
        )
        .order_by(Compound.name, Round.id)
    )
    return list(db.session.scalars(rounds))


def _closing(name: str, line: RoundLine) -> Task:
    lacks = [
        f"{say(m.title)}{_('还差 %(count)s 户', count=as_count(m.tally.missing))}"
        for m in line.matters
        if not m.tally.passed
    ]
    is_last_day = line.closes_at - clock.now() <= DAY
    urgency = Urgency.NOW if is_last_day else Urgency.SOON
    text, at = _("；").join(lacks), _at("doors_staff.doors", line.id)
    return Task(urgency, name, text, line.missing, *at, line.closes_at)


def _plan_waits(name: str, plan: PlanLine, by: Identity, near: set[int]) -> Task:
    is_yours = by.role != Role.WORKER and plan.submitted_by_id not in near
    text = _("方案第 %(number)s 版等另一个人公布", number=plan.draft)
    if is_yours:
        text = _("审阅并公布方案第 %(number)s 版", number=plan.draft)
    values = {"version_id": plan.draft_id}
    return Task(_yours(is_yours), name, text, 1, "projects_staff.plan_version", values)


def _of_round(round_: Round, published: int, by: Identity, near: set[int]) -> Iterator[Task]:
    name, now = round_.compound.name, clock.now()
    preflight, state = _at("rounds_staff.preflight", round_.id), round_.state
    version = round_.plan_version.number if round_.plan_version else 0
    if state == State.OPEN and version < published:
        text = _("方案第 %(number)s 版已公布，决定这一轮换不换版", number=published)
        yield Task(Urgency.YOURS, name, text, 1, *_at("cases.change_plan", round_.id))
    if state == State.REVIEW and round_.confirmed_at is None:
        is_yours = may_take("confirm", by) and round_.submitted_by_id not in near
        text = _("核对并确认计票口径") if is_yours else _("计票口径等另一个人确认")
        yield Task(_yours(is_yours), name, text, 1, *preflight)
    if state == State.FROZEN and round_.opens_at <= now + DAY and may_take("open", by):
        yield Task(Urgency.NOW, name, _("开始征询"), 1, *preflight, round_.opens_at)
    if state == State.CLOSED and may_take("publish-result", by):
        due = round_.closes_at + RESULT_WITHIN
        urgency = Urgency.NOW if due - now <= DAY else Urgency.SOON
        yield Task(urgency, name, _("公示初步结果"), 1, *preflight, due)
    if state == State.PRELIMINARY and objections_end(round_) <= now:
        is_yours = may_take("certify", by) and round_.preliminary_by_id not in near
        text = _("异议期已满，等另一个人确认最终结果")
        text = _("异议期已满，确认最终结果") if is_yours else text
        yield Task(_yours(is_yours), name, text, 1, *preflight)


def _of_cases(by: Identity) -> Iterator[Task]:
    """Decisions, conflicts, disputes, objections, slips and the audit, as far as one may."""
    for one in pending_within(by):
        if others := one.counts.decisions - one.yours:
            text = _("%(count)s 件事等另一个人决定", count=as_count(others))
            at = _at("cases.decisions", one.round_id)
            yield Task(Urgency.OTHERS, one.compound, text, others, *at)
        for count, text, endpoint in _waiting(one, by):
            if count:
                at = _at(endpoint, one.round_id)
                yield Task(Urgency.YOURS, one.compound, text, count, *at)


def _waiting(one: Pending, by: Identity) -> Iterator[tuple[int, str, str]]:
    counts, is_office = one.counts, by.role != Role.WORKER
    yield one.yours, _("决定 %(count)s 件事", count=as_count(one.yours)), "cases.decisions"
    text = _("核实 %(count)s 户重复表态", count=as_count(counts.conflicts))
    yield counts.conflicts, text, "cases.conflicts"
    text = _("答复 %(count)s 件异议", count=as_count(counts.objections))
    yield counts.objections, text, "cases.objections"
    text = _("%(count)s 户共有人争议，了结要交他们一起签的表", count=as_count(counts.disputes))
    yield counts.disputes, text, "cases.conflicts"
    if by.role != Role.DISTRICT:
        text = _("给 %(count)s 户打印新的户码单", count=as_count(counts.slips))
        yield counts.slips, text, "cases.objections"
    if is_office:
        text = _("核对 %(count)s 张抽中的纸质表", count=as_count(counts.audit))
        yield counts.audit, text, "cases.audit"


def _of_doors(by: Identity) -> Iterator[Task]:
    for one in doors_due_today(by):
        text = _("去 %(count)s 户，说好今天去的", count=as_count(one.doors))
        if one.mine:
            text += _("，分给您的 %(count)s 户", count=as_count(one.mine))
        values = {"round_id": one.round_id, "due": 1}
        yield Task(Urgency.NOW, one.compound, text, one.doors, "doors_staff.doors", values)
    for given in doors_given_to(by):
        text = _("分给您的 %(count)s 户还没有表态", count=as_count(given.doors))
        mine: dict[str, Any] = {"round_id": given.round_id, "who": "me"}
        yield Task(Urgency.YOURS, given.compound, text, given.doors, "doors_staff.doors", mine)
    for call in calls_waiting(by):
        text = _("给 %(count)s 户打电话，他们请社区联系", count=as_count(call.homes))
        at = _at("doors_staff.calls", call.round_id)
        yield Task(Urgency.YOURS, call.compound, text, call.homes, *at)


def _of_comments(by: Identity) -> Iterator[Task]:
    waits, queue = to_do(by), "comments_staff.queue"
    if n := waits.reported:
        text = _("看 %(count)s 条被举报的居民意见", count=as_count(n))
        yield Task(Urgency.YOURS, "", text, n, queue, {"show": "reported"})
    if n := waits.held:
        text = _("看 %(count)s 条等公布的居民意见", count=as_count(n))
        yield Task(Urgency.YOURS, "", text, n, queue, {"show": "held"})
    if n := waits.unanswered:
        text = _("回复 %(count)s 条居民意见", count=as_count(n))
        yield Task(Urgency.SOON, "", text, n, queue)


def _of_messages(by: Identity) -> Iterator[Task]:
    for name, homes in unreached_homes(by.area_path).items():
        text = _("%(count)s 户的短信没有发到，核对电话", count=as_count(homes))
        yield Task(Urgency.SOON, name, text, homes, "households.messages")


def _of_paper(by: Identity) -> Iterator[Task]:
    for one in forms_waiting(by):
        at = _at("paper.overview", one.round_id)
        if n := one.first:
            text = _("录入 %(count)s 张收回的表", count=as_count(n))
            yield Task(Urgency.YOURS, one.compound, text, n, *at)
        if n := one.again:
            text = _("%(count)s 张表等您再录一遍，录完才计入", count=as_count(n))
            yield Task(Urgency.YOURS, one.compound, text, n, "paper.queue")
        if by.role != Role.WORKER and (n := one.voids):
            text = _("决定 %(count)s 张交回来的表作不作废", count=as_count(n))
            yield Task(Urgency.YOURS, one.compound, text, n, *at)


def _of_households(by: Identity) -> Iterator[Task]:
    waits = changes_waiting(by)
    if n := waits.yours:
        text = _("决定 %(count)s 户换手机号或过户", count=as_count(n))
        yield Task(Urgency.YOURS, "", text, n, "households.changes")
    if n := waits.own:
        text = _("您提的 %(count)s 户换手机号或过户，等另一个人决定", count=as_count(n))
        yield Task(Urgency.OTHERS, "", text, n, "households.changes")


def _of_people(by: Identity) -> Iterator[Task]:
    if n := vouching.waiting(by):
        text = _("%(count)s 个新账号等第二个人确认", count=as_count(n))
        at = "accounts_staff.people", {"show": "waiting"}
        yield Task(Urgency.YOURS, "", text, n, *at)
    if not vouching.is_vouched(by):
        text = _("您的账号等同事确认是您本人在用")
        yield Task(Urgency.OTHERS, "", text, 1, "accounts_me.me")


def _at(endpoint: str, round_id: int) -> tuple[str, dict[str, int]]:
    return endpoint, {"round_id": round_id}


def _yours(is_yours: bool) -> Urgency:
    return Urgency.YOURS if is_yours else Urgency.OTHERS
