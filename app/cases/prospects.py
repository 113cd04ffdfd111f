"""What a decision does, in words and old → new, told before anybody agrees to it.

It only foretells: the deed itself is done by the module of the noun, under `decisions.applies`.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import func, select

from app.core.db import db
from app.core.format import as_area, as_households, as_moment, as_yuan
from app.projects.models import Mode, PlanVersion
from app.roster.models import Household, Owner, Premises
from app.rounds import changes, effects, tallies
from app.rounds.cases import Conflict, Decision, DecisionKind, Effect, Objection
from app.rounds.counting import Choice, Track
from app.rounds.models import RegisterEntry, Round, Voice, Vote
from app.rounds.register import differences, entries_values


@dataclass(frozen=True)
class Line:
    """One thing that changes: what it was, and what it would be."""

    title: str
    before: str
    after: str


@dataclass(frozen=True)
class Stance:
    """What one premises are in the households' count: part of the whole, and what they say."""

    counts: bool
    choices: Mapping[int, Choice] = field(default_factory=dict)


@dataclass(frozen=True)
class Place:
    """In which entrance of which building it is, so that only matters asked there change."""

    building_id: int
    entrance_id: int


@dataclass(frozen=True)
class Prospect:
    """What a decision does, what it changes, and whether owners are counted anew as well."""

    sentence: str
    lines: tuple[Line, ...] = ()
    owners_too: bool = False


_Shift = tuple[Place, Stance, Stance]
_ABSENT = Stance(counts=False)
# Both votes, or the one signed form, are what is decided about.
_CHOICES_AT_HAND = (DecisionKind.CONFLICT, DecisionKind.DISPUTE_END)


def prospect(decision: Decision, *, tells_choices: bool) -> Prospect:
    """What agreeing does; once it is settled, what was asked for.

    How many agree is told (`tells_choices`) only where the choices lie on the desk anyway: of a
    single household the number would tell its choice (RULES.md §5).
    """
    tells_choices = tells_choices and decision.kind in _CHOICES_AT_HAND
    lines = list(_LINES.get(decision.kind, _no_lines)(decision))
    shift = _shift_of(decision) if decision.is_waiting else None
    if shift:
        lines += count_lines(decision.round, *shift, tells_choices=tells_choices)
    return Prospect(
        _SENTENCES[decision.kind](decision),
        tuple(lines),
        owners_too=shift is not None and has_owners_matter(decision.round),
    )


def of_conflict(conflict: Conflict, *, keep_held: bool, tells_choices: bool) -> list[Line]:
    """How the count changes when the held vote (or the standing one) is to count."""
    shift = _conflict_shift(conflict, keep_held=keep_held)
    return count_lines(conflict.entry.round, *shift, tells_choices=tells_choices)


def of_silence(entry: RegisterEntry) -> list[Line]:
    """How the count changes when nothing is counted for this household any more."""
    shift = _place(entry), stance_of(entry), Stance(entry.is_household)
    return count_lines(entry.round, *shift, tells_choices=False)


def of_addition(round_: Round, premises: Premises) -> list[Line]:
    """How the count changes when premises of the roster come onto the register."""
    return count_lines(round_, *_addition(round_, premises), tells_choices=False)


def of_removal(entry: RegisterEntry) -> list[Line]:
    """How the count changes when an entry is struck off."""
    shift = _place(entry), stance_of(entry), _ABSENT
    return count_lines(entry.round, *shift, tells_choices=False)


def of_correction(entry: RegisterEntry) -> list[Line]:
    """How the count changes when an entry says what the roster says."""
    shift = _place(entry), stance_of(entry), _corrected(entry)
    return count_lines(entry.round, *shift, tells_choices=False)


def count_lines(
    round_: Round, place: Place, before: Stance, after: Stance, *, tells_choices: bool
) -> list[Line]:
    """The households' numbers that change when one premises goes from `before` to `after`."""
    tally = tallies.results(round_)
    more = after.counts - before.counts
    said = bool(after.choices) - bool(before.choices)
    lines = [
        _households(_("总户数"), tally.total, more),
        _households(_("已表态"), tally.voted, said),
    ]
    matters = {matter.id: matter for matter in round_.matters}
    for one in tally.matters:
        if not matters[one.matter_id].is_asked_in(place.building_id, place.entrance_id):
            continue
        needed = one.tally.rule.approval.needed(one.tally.total + more)
        title = _("“%(matter)s”需要", matter=_(one.title))
        lines.append(_households(title, one.tally.needed, needed - one.tally.needed))
        if tells_choices:
            agrees = _agrees(after, one.matter_id) - _agrees(before, one.matter_id)
            title = _("“%(matter)s”同意", matter=_(one.title))
            lines.append(_households(title, one.tally.agree, agrees))
    return [line for line in lines if line.before != line.after]


def stance_of(entry: RegisterEntry) -> Stance:
    """What the entry is in the count as it stands."""
    if entry.removed_at is not None or not entry.is_household:
        return _ABSENT
    if entry.voice != Voice.COUNTED:
        return Stance(counts=True)
    return _saying(entry, effects.current_vote(entry))


def votes_to_confirm(round_id: int) -> int:
    """How many households would have to confirm after a material change of the plan."""
    counted = (
        RegisterEntry.round_id == round_id,
        RegisterEntry.voice == Voice.COUNTED,
        RegisterEntry.is_household,
        RegisterEntry.removed_at.is_(None),
    )
    return db.session.scalar(select(func.count()).select_from(RegisterEntry).where(*counted)) or 0


def has_owners_matter(round_: Round) -> bool:
    """Whether owners decide something in this round, by heads and area, beside the households."""
    return any(matter.track == Track.OWNERS for matter in round_.matters)


def _households(title: str, before: int, more: int) -> Line:
    return Line(title, as_households(before), as_households(before + more))


def _agrees(stance: Stance, matter_id: int) -> bool:
    return stance.choices.get(matter_id) == Choice.AGREE


def _saying(entry: RegisterEntry, vote: Vote | None) -> Stance:
    if vote is None or vote.plan_version.number < entry.round.counts_from_version:
        return Stance(entry.is_household)
    return Stance(entry.is_household, {c.matter_id: c.choice for c in vote.choices})


def _place(entry: RegisterEntry) -> Place:
    return Place(entry.building_id, entry.entrance_id)


def _shift_of(decision: Decision) -> _Shift | None:
    """What the decision does to one premises in the households' count."""
    entry, kind = decision.entry, decision.kind
    if kind == DecisionKind.REGISTER_ADDITION:
        premises = db.session.get_one(Premises, decision.params["premises"])
        return _addition(decision.round, premises)
    if kind == DecisionKind.CONFLICT:
        conflict = db.session.get_one(Conflict, decision.params["conflict"])
        return _conflict_shift(conflict, keep_held=decision.params["keep_held"])
    if kind == DecisionKind.OBJECTION:
        return _answer_shift(decision)
    if entry is None:
        return None
    afterwards = {
        DecisionKind.REGISTER_REMOVAL: lambda: _ABSENT,
        DecisionKind.REGISTER_CORRECTION: lambda: _corrected(entry),
        DecisionKind.DISPUTE: lambda: Stance(entry.is_household),
        DecisionKind.DISPUTE_END: lambda: Stance(entry.is_household, _choices(decision)),
    }.get(kind)
    return (_place(entry), stance_of(entry), afterwards()) if afterwards else None


def _answer_shift(decision: Decision) -> _Shift | None:
    effect, entry = Effect(decision.params["effect"]), decision.entry
    if effect == Effect.ADD_TO_REGISTER:
        objection = db.session.get_one(Objection, decision.params["objection"])
        home = db.session.get(Household, objection.household_id)
        return _addition(decision.round, home.premises) if home else None
    if entry is None or effect == Effect.NONE:
        return None
    afterwards = {
        Effect.CORRECT_REGISTER: lambda: _corrected(entry),
        Effect.STRIKE_OUT: lambda: Stance(entry.is_household),
        Effect.REPLACE_VOTE: lambda: Stance(entry.is_household, _choices(decision)),
    }[effect]
    return _place(entry), stance_of(entry), afterwards()


def _conflict_shift(conflict: Conflict, *, keep_held: bool) -> _Shift:
    entry, now = conflict.entry, stance_of(conflict.entry)
    changes = keep_held and entry.voice == Voice.COUNTED
    return _place(entry), now, _saying(entry, conflict.held_vote) if changes else now


def _addition(round_: Round, premises: Premises) -> _Shift:
    place = Place(premises.entrance.building_id, premises.entrance_id)
    entries = select(RegisterEntry).where(
        RegisterEntry.round_id == round_.id,
        RegisterEntry.premises_id == premises.id,
        RegisterEntry.household_id.is_not(None),
    )
    struck_off = db.session.scalar(entries)
    home = db.session.scalar(select(Household).where(Household.premises_id == premises.id))
    rows = entries_values(premises, home, round_.switches)
    is_household = any(row["is_household"] for row in rows)
    if struck_off is not None and is_household:
        # It comes back with what it said.
        return place, _ABSENT, _saying(struck_off, effects.current_vote(struck_off))
    return place, _ABSENT, Stance(is_household)


def _corrected(entry: RegisterEntry) -> Stance:
    counts = bool(differences(entry).get("is_household", entry.is_household))
    return Stance(counts, stance_of(entry).choices if counts else {})


def _choices(decision: Decision) -> dict[int, Choice]:
    return {int(matter): Choice(c) for matter, c in decision.params["choices"].items()}


def _no_lines(_decision: Decision) -> Iterator[Line]:
    return iter(())


def _deadline_lines(decision: Decision) -> Iterator[Line]:
    before, after = (datetime.fromisoformat(decision.params[key]) for key in ("from", "to"))
    if decision.is_waiting:
        # It may have been moved since by another decision.
        before = decision.round.closes_at
    yield Line(_("截止时间"), as_moment(before), as_moment(after))


def of_burdens(round_: Round, version: PlanVersion) -> list[Line]:
    """What a version changes of a household's own money and of the management, old and new."""
    return [
        Line(_(change.label), _figure(change.kind, change.old), _figure(change.kind, change.new))
        for change in changes.burdens(round_, version)
    ]


def _figure(kind: str, value: Any) -> str:
    if value is None:
        return _("没有写")
    return str(Mode(value).label) if kind == "mode" else _("%(yuan)s 元", yuan=as_yuan(value))


def _plan_lines(decision: Decision) -> Iterator[Line]:
    round_ = decision.round
    if decision.is_waiting and round_.plan_version:
        before, after = round_.plan_version.number, decision.params["number"]
        version = _("第 %(number)s 版")
        yield Line(_("方案"), version % {"number": before}, version % {"number": after})
        yield from of_burdens(round_, db.session.get_one(PlanVersion, decision.params["version"]))
    if decision.is_waiting and decision.params["material"]:
        counted = votes_to_confirm(round_.id)
        yield Line(_("计入的户数"), as_households(counted), as_households(0))


def _correction_lines(decision: Decision) -> Iterator[Line]:
    entry = decision.entry
    changed = differences(entry) if entry and decision.is_waiting else {}
    if entry and "size" in changed:
        before, after = as_area(entry.size), as_area(int(str(changed["size"])))
        yield Line(_("面积"), f"{before} ㎡", f"{after} ㎡")
    yes_no = {True: _("算"), False: _("不算")}
    for name, title in (("is_household", _("算一户")), ("is_property", _("算进业主表决"))):
        if name in changed:
            yield Line(title, yes_no[not changed[name]], yes_no[bool(changed[name])])


_LINES: dict[DecisionKind, Callable[[Decision], Iterator[Line]]] = {
    DecisionKind.EXTENSION: _deadline_lines,
    DecisionKind.PLAN_CHANGE: _plan_lines,
    DecisionKind.REGISTER_CORRECTION: _correction_lines,
}


def place_of(decision: Decision) -> str:
    """The door it is about; empty when it is about the whole round."""
    if decision.entry is not None:
        return decision.entry.label
    if "objection" in decision.params:
        return db.session.get_one(Objection, decision.params["objection"]).place
    if "premises" not in decision.params:
        return ""
    premises = db.session.get_one(Premises, decision.params["premises"])
    return f"{premises.entrance.building.name}{premises.entrance.name}{premises.room}"


def _of_deadline(_decision: Decision) -> str:
    return _("这一轮晚一点截止，已经表的态都不变。")


def _of_plan(decision: Decision) -> str:
    number = decision.params["number"]
    if decision.params["material"]:
        return _(
            "这一轮换成方案第 %(number)s 版，内容有大变化：表过态的都要重新确认，确认以前不计票。",
            number=number,
        )
    return _("这一轮换成方案第 %(number)s 版，只是文字改动：已经表的态都不变。", number=number)


def _of_addition(decision: Decision) -> str:
    return _("把%(place)s加进这一轮的登记册。", place=place_of(decision))


def _of_removal(decision: Decision) -> str:
    return _("把%(place)s从登记册去掉，它的意见不再计票。", place=place_of(decision))


def _of_correction(decision: Decision) -> str:
    return _("%(place)s的登记按现在的名册更正。", place=place_of(decision))


def _of_transfer(decision: Decision) -> str:
    owners = select(Owner.name).where(Owner.id.in_(decision.params["owners"])).order_by(Owner.id)
    return _(
        "%(place)s过户给%(names)s。过户以前表的态有效；旧户码作废，要给新业主重新打印。",
        place=place_of(decision),
        names=_("、").join(db.session.scalars(owners)),
    )


def _of_two_votes(decision: Decision) -> str:
    conflict = db.session.get_one(Conflict, decision.params["conflict"])
    kept, other = conflict.standing_vote, conflict.held_vote
    if decision.params["keep_held"]:
        kept, other = other, kept
    return _(
        "%(place)s的两次表态不一样：%(kept)s那次算数，%(other)s那次不计。",
        place=place_of(decision),
        kept=kept.channel.label,
        other=other.channel.label,
    )


def _of_dispute(decision: Decision) -> str:
    return _("%(place)s的几位业主意见不一致：商定以前，这一户不计票。", place=place_of(decision))


def _of_dispute_end(decision: Decision) -> str:
    return _("%(place)s的几位业主已经商定：按他们一起签的表计票。", place=place_of(decision))


def _of_answer(decision: Decision) -> str:
    objection = db.session.get_one(Objection, decision.params["objection"])
    effect = Effect(decision.params["effect"])
    return _(
        "答复第 %(number)s 号异议（%(place)s）：%(effect)s。",
        number=objection.number,
        place=objection.place,
        effect=effect.label,
    )


_SENTENCES: dict[DecisionKind, Callable[[Decision], str]] = {
    DecisionKind.EXTENSION: _of_deadline,
    DecisionKind.PLAN_CHANGE: _of_plan,
    DecisionKind.REGISTER_ADDITION: _of_addition,
    DecisionKind.REGISTER_REMOVAL: _of_removal,
    DecisionKind.REGISTER_CORRECTION: _of_correction,
    DecisionKind.TRANSFER: _of_transfer,
    DecisionKind.CONFLICT: _of_two_votes,
    DecisionKind.DISPUTE: _of_dispute,
    DecisionKind.DISPUTE_END: _of_dispute_end,
    DecisionKind.OBJECTION: _of_answer,
}
