"""The whole life of a round as its journal tells it, and what is still to come.

A visitor reads it in a minute: one line a step, two persons where two decided, and small events
of the same kind on the same day together.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from app.accounts.models import Staff
from app.core import clock
from app.core.db import db
from app.core.format import as_day, as_households, as_moment
from app.journal.actions import book_of_round
from app.journal.models import JournalEntry, Kind
from app.rounds.cases import Decision, DecisionKind
from app.rounds.models import Round
from app.rounds.queries import objections_end


@dataclass(frozen=True)
class Event:
    """One step: what, when, by whom, and what more there is to say; ahead when still to come.

    `count` events of one `group` on one day are told as one.
    """

    title: str
    at: datetime | None
    by: str = ""
    more: str = ""
    is_ahead: bool = False
    group: str = ""
    count: int = 1


Facts = Mapping[str, Any]


@dataclass(frozen=True)
class _Told:
    """One entry of the journal with the names of its people and the words of its decision."""

    round: Round
    at: datetime
    facts: Facts
    actor: str
    proposer: str
    reason: str

    def by_two(self, sentence: str) -> str:
        """Both persons, or whoever is known."""
        if not (self.proposer and self.actor):
            return self.actor or self.proposer
        return sentence % {"first": self.proposer, "second": self.actor}


def timeline(round_: Round) -> list[Event]:
    """Everything that happened to a round, then everything that is still to come."""
    past = [event for event in _past(round_) if event is not None]
    return [*_together(past), *_ahead(round_)]


def _past(round_: Round) -> Iterable[Event | None]:
    people = db.session.scalars(select(Staff)).all()
    by_id = {person.id: person.name for person in people}
    by_name = {person.identity.commitment: person.name for person in people}
    reasons = _reasons(round_.id)
    if round_.preliminary_at and objections_end(round_) <= clock.now():
        # First of what happens at its moment: a result may be certified at that very minute.
        yield Event(_("异议期结束"), objections_end(round_))
    yield Event(_("起草"), round_.drafted_at, by_id.get(round_.drafted_by_id or 0, ""))
    submitter = preparer = ""
    for at, kind, facts in _entries(round_.id):
        actor, proposer = (
            by_name.get(facts["actor"], ""),
            by_name.get(facts.get("proposer", ""), ""),
        )
        if "submitted" in facts:
            submitter = actor
        proposer = {Kind.PROFILE_CONFIRMED: submitter, Kind.RESULT: preparer}.get(kind, proposer)
        if kind == Kind.PRELIMINARY:
            preparer = actor
        reason = reasons.get(facts.get("decision", 0), "")
        yield _TELLERS[kind](_Told(round_, at, facts, actor, proposer, reason))
    if round_.has_closed and round_.closed_at is None:
        yield Event(_("截止"), round_.closes_at)


def _entries(round_id: int) -> Iterable[tuple[datetime, Kind, Facts]]:
    rows = db.session.execute(
        select(JournalEntry.at, JournalEntry.kind, JournalEntry.entry)
        .where(JournalEntry.book == book_of_round(round_id), JournalEntry.kind.in_(_TELLERS))
        .order_by(JournalEntry.seq)
    )
    return [(row.at, row.kind, json.loads(row.entry)) for row in rows]


def _reasons(round_id: int) -> dict[int, str]:
    """What was written with each decision: the journal keeps only its commitment."""
    rows = db.session.execute(
        select(Decision.id, Decision.reason).where(
            Decision.round_id == round_id,
            Decision.kind.in_((DecisionKind.EXTENSION, DecisionKind.PLAN_CHANGE)),
        )
    )
    return {row.id: row.reason for row in rows}


def _together(events: list[Event]) -> list[Event]:
    """In the order of time, small events of a kind on a day as one with their number."""
    told = []
    in_order = sorted(events, key=lambda event: event.at or clock.now())
    for _day, same in groupby(in_order, key=_day_of):
        some = list(same)
        names = dict.fromkeys(event.by for event in some if event.by)
        count = sum(event.count for event in some)
        told.append(replace(some[-1], by=_("、").join(names), count=count))
    return told


def _day_of(event: Event) -> tuple[Any, ...]:
    # What has no group stands alone: nothing else is the same object.
    return (event.group, as_day(event.at)) if event.group and event.at else (id(event),)


def _drafted(told: _Told) -> Event | None:
    if "submitted" in told.facts:
        return Event(_("提交确认"), told.at, told.actor)
    return Event(_("退回修改"), told.at, told.actor) if "returned" in told.facts else None


def _confirmed(told: _Told) -> Event:
    sentence = _("%(first)s提交，%(second)s确认")
    return Event(_("口径确认"), told.at, told.by_two(sentence))


def _published(told: _Told) -> Event:
    return Event(_("登记册公示"), told.at, told.actor, as_households(told.facts["households"]))


def _frozen(told: _Told) -> Event:
    return Event(_("登记册锁定"), told.at, told.actor, as_households(told.facts["households"]))


def _opened(told: _Told) -> Event:
    closes_at = as_moment(datetime.fromisoformat(told.facts["closes_at"]))
    version = told.facts["version"]
    more = _("方案第 %(number)s 版，到 %(time)s 截止", number=version, time=closes_at)
    return Event(_("开始"), told.at, told.actor, more)


def _both(told: _Told) -> str:
    return told.by_two(_("%(first)s提出，%(second)s同意"))


def _extended(told: _Told) -> Event:
    until = as_moment(datetime.fromisoformat(told.facts["to"]))
    title = _("截止时间延到 %(time)s", time=until)
    return Event(title, told.at, _both(told), told.reason)


def _plan_changed(told: _Told) -> Event:
    number = told.facts["number"]
    title = _("方案换成第 %(number)s 版，只改了文字，表态照算", number=number)
    if told.facts["material"]:
        title = _("方案换成第 %(number)s 版，内容变了，以前的表态要重新确认", number=number)
    return Event(title, told.at, _both(told), told.reason)


def _register_changed(told: _Told) -> Event:
    titles = {
        "add": _("登记册增加"),
        "remove": _("登记册去掉"),
        "correct": _("登记册更正"),
        "transfer": _("过户"),
    }
    change = told.facts["change"]
    return Event(titles[change], told.at, _both(told), group=change)


def _conflict(told: _Told) -> Event:
    return Event(_("核实重复表态"), told.at, _both(told), group="conflict")


def _dispute(told: _Told) -> Event:
    is_opened = told.facts["step"] == "opened"
    title = _("共有人争议，暂不计票") if is_opened else _("共有人争议已商定")
    return Event(title, told.at, _both(told), group=f"dispute-{told.facts['step']}")


def _objection(told: _Told) -> Event | None:
    step = told.facts["step"]
    if step == "answered":
        return Event(_("异议答复"), told.at, _both(told), group="answered")
    if step != "raised":
        return None
    return Event(_("收到异议"), told.at, told.actor or _("居民"), group="raised")


def _audited(told: _Told) -> Event:
    if told.facts["agrees"]:
        return Event(_("抽查纸质表，一致"), told.at, told.actor, group="audit")
    return Event(_("抽查纸质表，不一致"), told.at, told.actor, group="audit-differs")


def _closed(told: _Told) -> Event:
    drawn = len(told.facts["drawn"])
    more = _("抽出 %(count)s 张纸质表核对", count=drawn) if drawn else ""
    return Event(_("截止"), datetime.fromisoformat(told.facts["closes_at"]), more=more)


def _preliminary(told: _Told) -> Event:
    return Event(_("初步结果"), told.at, told.actor, _passed(told))


def _certified(told: _Told) -> Event:
    sentence = _("%(first)s公示，%(second)s确认")
    return Event(_("最终结果"), told.at, told.by_two(sentence), _passed(told))


def _passed(told: _Told) -> str:
    return _("两项都已达到") if told.facts["passed"] else _("没有达到")


def _archived(told: _Told) -> Event:
    return Event(_("归档"), told.at, told.actor)


def _withdrawn(told: _Told) -> Event:
    return Event(_("撤回"), told.at, told.actor, told.round.withdrawal_reason)


def _declined(told: _Told) -> Event:
    title = _("未同意：%(what)s", what=str(DecisionKind(told.facts["about"]).label))
    return Event(title, told.at, told.actor, group=f"declined-{told.facts['about']}")


_TELLERS: dict[Kind, Callable[[_Told], Event | None]] = {
    Kind.ROUND_DRAFT: _drafted,
    Kind.PROFILE_CONFIRMED: _confirmed,
    Kind.REGISTER_PUBLISHED: _published,
    Kind.REGISTER_FROZEN: _frozen,
    Kind.ROUND_OPEN: _opened,
    Kind.DEADLINE_CHANGE: _extended,
    Kind.PLAN_CHANGE: _plan_changed,
    Kind.REGISTER_CHANGE: _register_changed,
    Kind.IDENTITY_CHANGE: _register_changed,
    Kind.CONFLICT: _conflict,
    Kind.DISPUTE: _dispute,
    Kind.OBJECTION: _objection,
    Kind.AUDIT: _audited,
    Kind.CLOSE: _closed,
    Kind.PRELIMINARY: _preliminary,
    Kind.RESULT: _certified,
    Kind.ROUND_ARCHIVED: _archived,
    Kind.ROUND_WITHDRAWN: _withdrawn,
    Kind.DECISION_DECLINED: _declined,
}


def _ahead(round_: Round) -> list[Event]:
    """The steps that are still to come, with the moments that are known already."""
    if round_.withdrawn_at:
        return []
    ends = objections_end(round_) if round_.preliminary_at else None
    steps: tuple[tuple[str, object, datetime | None], ...] = (
        (_("提交确认"), round_.submitted_at, None),
        (_("口径确认"), round_.confirmed_at, None),
        (_("登记册公示"), round_.register_published_at, None),
        (_("登记册锁定"), round_.frozen_at, None),
        (_("开始"), round_.opened_at, round_.opens_at),
        (_("截止"), round_.has_closed, round_.closes_at),
        (_("初步结果"), round_.preliminary_at, None),
        (_("异议期结束"), ends and ends <= clock.now(), ends),
        (_("最终结果"), round_.certified_at, None),
        (_("归档"), round_.archived_at, None),
    )
    return [Event(title, at, is_ahead=True) for title, done, at in steps if not done]
