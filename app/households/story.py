"""The whole story of one home: everything that happened to it, as one list, the newest first.

What a home chose is not part of it: that is opened by break-glass alone, unless the profile of a
round shows choices to staff (RULES.md §5).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import joinedload, selectinload

from app.accounts.models import HouseholdCode, Staff
from app.accounts.queries import signed_in_at
from app.accounts.sessions import HALF_A_DAY
from app.comments.models import Comment
from app.core import clock
from app.core.db import db
from app.core.format import as_code, as_day, masked_phone
from app.core.i18n import say
from app.core.paging import Stretch
from app.doors.queries import visits_of
from app.households.queries import changes_of, contacts_of, owners_named
from app.notices.models import Message
from app.paper.models import PaperForm
from app.paper.queries import forms_of
from app.roster.models import Contact, Household
from app.rounds.break_glass import looks_at
from app.rounds.cases import Decision
from app.rounds.counting import Choice
from app.rounds.fates import End, Fate, fates_of
from app.rounds.models import RegisterEntry, Round, Vote, VoteChoice
from app.rounds.objections import objections_of_home
from app.rounds.profile import Sight

ROWS = 30


@dataclass(frozen=True)
class Event:
    """One thing that happened: when, what, more about it, and the page it stands on."""

    at: datetime
    title: str
    more: str = ""
    by: str = ""
    link: tuple[str, dict[str, int]] | None = None


@dataclass(frozen=True)
class Standing:
    """A home in one round: its entry, how often it spoke, whether its last word may be opened."""

    round: Round
    entry: RegisterEntry
    may_be_opened: bool


@dataclass(frozen=True)
class Story:
    """A home as its page shows it."""

    household: Household
    phones: list[Contact]
    sessions: int
    has_code: bool
    standings: list[Standing]
    waiting: Any
    events: Stretch[Event] = field(default_factory=lambda: Stretch([], 1, 0, ROWS))


def story_of(household: Household, number: int | None) -> Story:
    """Everything about a home, a page of its events at a time."""
    entries = _entries(household.id)
    told = _Told(household, entries)
    events = [event for tell in _TELLERS for event in tell(told)]
    return Story(
        household,
        [contact for contact in told.contacts if contact.ended_at is None],
        len(signed_in_at(household.id, clock.now() - HALF_A_DAY)),
        any(code.revoked_at is None for code in told.codes),
        [_standing(entry) for entry in entries],
        next((change for change in told.changes if change.is_waiting), None),
        # Of one moment, what is told later came later: a form is given out before it comes back.
        _stretch(sorted(events, key=lambda event: event.at)[::-1], number),
    )


def _stretch(events: list[Event], number: int | None) -> Stretch[Event]:
    last = max(1, -(-len(events) // ROWS))
    number = min(max(number or 1, 1), last)
    return Stretch(events[(number - 1) * ROWS : number * ROWS], number, len(events), ROWS)


def _standing(entry: RegisterEntry) -> Standing:
    shows_all = entry.round.switches.staff_see_choices == Sight.HOUSEHOLDS
    return Standing(entry.round, entry, entry.votes > 0 and not shows_all)


def _entries(household_id: int) -> list[RegisterEntry]:
    found = (
        select(RegisterEntry)
        .join(Round, Round.id == RegisterEntry.round_id)
        .where(RegisterEntry.household_id == household_id)
        .options(joinedload(RegisterEntry.round))
        .order_by(Round.number.desc())
    )
    return list(db.session.scalars(found))


class _Told:
    """What the tellers read, once each."""

    def __init__(self, household: Household, entries: list[RegisterEntry]) -> None:
        self.household, self.entries = household, entries
        self.contacts = contacts_of(household.id)
        self.changes = changes_of(household.id)
        of_home = HouseholdCode.household_id == household.id
        self.codes = db.session.scalars(select(HouseholdCode).where(of_home)).all()
        people = {code.issued_by_id for code in self.codes if code.issued_by_id}
        self.votes = _votes([entry.id for entry in entries])
        self.visits = [visit for entry in entries for visit in visits_of(entry.id)]
        self.forms = forms_of(household.id)
        people |= {who for vote in self.votes for who in _keyers(vote) if who}
        people |= {visit.made_by_id for visit in self.visits}
        people |= {who for form in self.forms for who in _hands(form) if who}
        named = select(Staff.id, Staff.name).where(Staff.id.in_(people))
        self.names: dict[int | None, str] = dict(db.session.execute(named).all()) if people else {}

    def name(self, staff_id: int | None) -> str:
        """Who of the staff that was; nobody known is nobody named."""
        return self.names.get(staff_id, "")


def _hands(form: PaperForm) -> tuple[int | None, ...]:
    """Who gave a form out, took it in, and made it void."""
    return form.given_by_id, form.returned_by_id, form.voided_by_id


def _votes(entry_ids: list[int]) -> list[Vote]:
    said = selectinload(Vote.choices).joinedload(VoteChoice.matter)
    found = select(Vote).where(Vote.entry_id.in_(entry_ids)).order_by(Vote.number)
    return list(db.session.scalars(found.options(joinedload(Vote.plan_version), said)))


def _tenures(told: _Told) -> Iterator[Event]:
    for tenure in told.household.premises.tenures:
        yield Event(tenure.since, _("业主：%(name)s", name=tenure.owner.name))
        if tenure.until:
            yield Event(tenure.until, _("不再是业主：%(name)s", name=tenure.owner.name))


def _contacts(told: _Told) -> Iterator[Event]:
    for contact in told.contacts:
        phone = masked_phone(contact.phone)
        yield Event(contact.since, _("登记手机号 %(phone)s", phone=phone), contact.name)
        if contact.ended_at:
            yield Event(contact.ended_at, _("停用手机号 %(phone)s", phone=phone))


def _codes(told: _Told) -> Iterator[Event]:
    for code in told.codes:
        yield Event(code.issued_at, _("打印户码单"), by=told.name(code.issued_by_id))
        if code.revoked_at:
            yield Event(code.revoked_at, _("户码作废"))


def _messages(told: _Told) -> Iterator[Event]:
    sent = select(Message).where(Message.household_id == told.household.id)
    for one in db.session.scalars(sent):
        phone = masked_phone(one.phone) if one.phone else _("号码已删除")
        more = _("%(phone)s，%(state)s", phone=phone, state=str(one.state.label))
        title = _("短信：%(kind)s", kind=str(one.kind.label))
        yield Event(one.finished_at or one.queued_at, title, more)


def _comments(told: _Told) -> Iterator[Event]:
    written = select(Comment).where(Comment.household_id == told.household.id)
    for comment in db.session.scalars(written):
        words = "" if comment.is_gone else comment.body
        link = None if comment.is_gone else ("comments_staff.reply", {"comment_id": comment.id})
        yield Event(comment.written_at, _("提意见"), words, link=link)


def _objections(told: _Told) -> Iterator[Event]:
    for one in objections_of_home(told.household.id):
        title = _("异议第 %(number)s 号：%(kind)s", number=one.number, kind=str(one.kind.label))
        yield Event(one.raised_at, title, one.words)
        if one.closed_at:
            title = _("异议第 %(number)s 号已答复", number=one.number)
            yield Event(one.closed_at, title, str(one.effect.label))


def _decisions(told: _Told) -> Iterator[Event]:
    ids = [entry.id for entry in told.entries]
    found = select(Decision).where(Decision.entry_id.in_(ids))
    people = (joinedload(Decision.proposed_by), joinedload(Decision.settled_by))
    for one in db.session.scalars(found.options(*people)):
        link = ("cases.decision", {"decision_id": one.id})
        title = _("提出：%(what)s", what=str(one.kind.label))
        yield Event(one.proposed_at, title, one.reason, one.proposed_by.name, link)
        if one.settled_at and one.settled_by:
            title = f"{one.kind.label}{_('：')}{one.standing}"
            yield Event(one.settled_at, title, one.note, one.settled_by.name, link)


def _changes(told: _Told) -> Iterator[Event]:
    for one in told.changes:
        link = ("households.change", {"home_change_id": one.id})
        title = _("提出：%(what)s", what=str(one.kind.label))
        new = _("、").join(owners_named(one)) if one.owners else ""
        more = _("，").join(filter(None, (new, as_day(one.since) if one.since else "", one.reason)))
        yield Event(one.proposed_at, title, more, one.proposed_by.name, link)
        if one.settled_at and one.settled_by:
            title = f"{one.kind.label}{_('：')}{one.outcome.label}"
            yield Event(one.settled_at, title, one.note, one.settled_by.name, link)


def _visits(told: _Told) -> Iterator[Event]:
    for one in told.visits:
        title = f"{one.way.label}{_('：')}{one.told}"
        link = ("doors_staff.door", {"entry_id": one.entry_id})
        yield Event(one.made_at, title, one.note, told.name(one.made_by_id), link)


def _forms(told: _Told) -> Iterator[Event]:
    for form in told.forms:
        given, returned, voided = map(told.name, _hands(form))
        steps = (
            (form.given_at, _("发出纸质表 %(serial)s", serial=form.serial), given),
            (form.returned_at, _("收回纸质表 %(serial)s", serial=form.serial), returned),
            (form.voided_at, _("纸质表 %(serial)s 作废", serial=form.serial), voided),
        )
        link = ("paper.form", {"form_id": form.id})
        for at, title, who in steps:
            if at:
                yield Event(at, title, by=who, link=link)


def _looks(told: _Told) -> Iterator[Event]:
    for one in looks_at(told.household.id):
        title = _("查看了这一户的表态（%(round)s）", round=str(one.entry.round.shown_title))
        yield Event(one.at, title, one.reason, one.by.name)


def _votes_cast(told: _Told) -> Iterator[Event]:
    for entry in told.entries:
        mine = [vote for vote in told.votes if vote.entry_id == entry.id]
        fates = fates_of(entry, mine)
        for vote in mine:
            yield _vote(entry, vote, fates[vote.id], told)


def _vote(entry: RegisterEntry, vote: Vote, fate: Fate, told: _Told) -> Event:
    title = _(
        "%(round)s：%(channel)s表态",
        round=str(entry.round.shown_title),
        channel=str(vote.channel.label),
    )
    version = _("方案第 %(number)s 版", number=vote.plan_version.number)
    receipt = _("回执 %(code)s", code=as_code(vote.receipt))
    parts = [str(ENDS[fate.end]()), version, receipt]
    if entry.round.switches.staff_see_choices == Sight.HOUSEHOLDS:
        parts += _said(vote)
    names = filter(None, map(told.name, _keyers(vote)))
    return Event(vote.cast_at, title, _("，").join(parts), _("、").join(names))


def _keyers(vote: Vote) -> tuple[int | None, int | None]:
    """Who keyed a vote, and who read the same in its form."""
    return vote.keyed_by_id, vote.checked_by_id


def _said(vote: Vote) -> list[str]:
    in_order = sorted(vote.choices, key=lambda choice: choice.matter.position)
    return [f"{say(c.matter.title)}{_('：')}{CHOICES[c.choice]()}" for c in in_order]


_TELLERS: tuple[Callable[[_Told], Iterator[Event]], ...] = (
    _tenures,
    _contacts,
    _codes,
    _messages,
    _comments,
    _objections,
    _decisions,
    _changes,
    _visits,
    _forms,
    _looks,
    _votes_cast,
)
CHOICES: dict[Choice, Callable[[], str]] = {
    Choice.AGREE: lambda: _("同意"),
    Choice.DISAGREE: lambda: _("不同意"),
    Choice.ABSTAIN: lambda: _("弃权"),
}
ENDS: dict[End, Callable[[], str]] = {
    End.COUNTED: lambda: _("已计入"),
    End.TO_CONFIRM: lambda: _("方案改了，待重新确认"),
    End.DISPUTED: lambda: _("有争议，暂不计票"),
    End.WAITS: lambda: _("换了手机号不到 24 小时，暂不计入"),
    End.HELD: lambda: _("核实中，还没有算"),
    End.NOT_CHOSEN: lambda: _("核实后没有用这一次"),
    End.DROPPED: lambda: _("方案改了，没有再算"),
    End.VOID: lambda: _("已作废"),
    End.REPLACED: lambda: _("已被后来的替换"),
    End.GONE: lambda: _("已不在登记册里"),
}
