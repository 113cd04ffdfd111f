"""What a decision does, in words and old → new, told before anybody agrees to it.

It only foretells: the deed itself is done by the module of the noun, under `decisions.applies`.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import func, select

from app.cases.shifts import Line, Place, Shift, Stance, Verdict, count_lines, verdicts_of
from app.core.db import db
from app.core.format import as_area, as_households, as_moment, as_yuan
from app.projects.models import Mode, PlanVersion
from app.roster.models import Household, Owner, Premises
from app.rounds import changes, effects
from app.rounds.cases import Conflict, Decision, DecisionKind, Effect, Objection
from app.rounds.counting import Choice, Track
from app.rounds.models import RegisterEntry, Round, Voice, Vote
from app.rounds.register import differences, entries_values
from app.rounds.tallies import results


@dataclass(frozen=True)
class Prospect:
    """What a decision does, what it changes, and whether owners are counted anew as well."""

    sentence: str
    lines: tuple[Line, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    owners_too: bool = False


_ABSENT = Stance(counts=False)
# Both votes are what is decided about.
_CHOICES_AT_HAND = (DecisionKind.CONFLICT,)


def prospect(decision: Decision, *, tells_choices: bool) -> Prospect:
    """What agreeing does; once it is settled, what was asked for.

    How many agree is told (`tells_choices`) only where the choices lie on the desk anyway: of a
    single household the number would tell its choice (RULES.md §5).
    """
    # A signed form lies on the desk, too.
    is_at_hand = decision.kind in _CHOICES_AT_HAND or bool(decision.params.get("choices"))
    tells_choices = tells_choices and is_at_hand
    lines = list(_LINES.get(decision.kind, _no_lines)(decision))
    shift = _shift_of(decision) if decision.is_waiting else None
    sentence = _SENTENCES[decision.kind](decision)
    if shift is None:
        return Prospect(sentence, tuple(lines))
    counted = foreseen(shift, tells_choices=tells_choices)
    return replace(counted, sentence=sentence, lines=(*lines, *counted.lines))


def foreseen(shift: Shift, *, tells_choices: bool) -> Prospect:
    """What somebody is about to propose would do to the count; no sentence."""
    tally = results(shift.round)
    return Prospect(
        "",
        tuple(count_lines(shift, tally, tells_choices=tells_choices)),
        tuple(verdicts_of(shift, tally, tells_choices=tells_choices)),
        owners_too=has_owners_matter(shift.round),
    )


def of_conflict(conflict: Conflict, *, keep_held: bool) -> Shift:
    """The held vote (or the standing one) is to count."""
    entry, now = conflict.entry, stance_of(conflict.entry)
    is_other = keep_held and entry.voice == Voice.COUNTED
    return _of_entry(entry, _saying(entry, conflict.held_vote) if is_other else now)


def of_silence(entry: RegisterEntry) -> Shift:
    """Nothing is counted for this household any more."""
    return _of_entry(entry, Stance(entry.is_household))


def of_form(entry: RegisterEntry, choices: Mapping[int, Choice]) -> Shift:
    """The signed form of this household is counted, whatever was counted before."""
    return replace(_of_entry(entry, Stance(entry.is_household, choices)), hides_before=True)


def by_answers(entry: RegisterEntry) -> dict[str, Prospect]:
    """What the signed form would do, by what it says: told before anybody keys it."""
    asked = [matter.id for matter in entry.round.matters]
    says = {
        _("表上写的是“同意”的话"): Choice.AGREE,
        _("表上写的是“不同意”或者“弃权”的话"): Choice.ABSTAIN,
    }
    return {
        title: foreseen(of_form(entry, dict.fromkeys(asked, said)), tells_choices=True)
        for title, said in says.items()
    }


def of_addition(round_: Round, premises: Premises) -> Shift:
    """Premises of the roster come onto the register."""
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
    after = Stance(is_household)
    if struck_off is not None and is_household:
        # It comes back with what it said.
        after = _saying(struck_off, effects.current_vote(struck_off))
    return Shift(round_, place, _ABSENT, after)


def of_removal(entry: RegisterEntry) -> Shift:
    """An entry is struck off."""
    return _of_entry(entry, _ABSENT)


def of_correction(entry: RegisterEntry) -> Shift:
    """An entry says what the roster says."""
    counts = bool(differences(entry).get("is_household", entry.is_household))
    return _of_entry(entry, Stance(counts, stance_of(entry).choices if counts else {}))


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


def _saying(entry: RegisterEntry, vote: Vote | None) -> Stance:
    if vote is None or vote.plan_version.number < entry.round.counts_from_version:
        return Stance(entry.is_household)
    return Stance(entry.is_household, {c.matter_id: c.choice for c in vote.choices})


def _of_entry(entry: RegisterEntry, after: Stance) -> Shift:
    place = Place(entry.building_id, entry.entrance_id)
    return Shift(entry.round, place, stance_of(entry), after)


def _shift_of(decision: Decision) -> Shift | None:
    """What the decision does to one premises in the households' count."""
    entry, kind = decision.entry, decision.kind
    if kind == DecisionKind.REGISTER_ADDITION:
        premises = db.session.get_one(Premises, decision.params["premises"])
        return of_addition(decision.round, premises)
    if kind == DecisionKind.CONFLICT:
        conflict = db.session.get_one(Conflict, decision.params["conflict"])
        return of_conflict(conflict, keep_held=decision.params["keep_held"])
    if kind == DecisionKind.OBJECTION:
        objection = db.session.get_one(Objection, decision.params["objection"])
        effect = Effect(decision.params["effect"])
        return of_answer(objection, entry, effect, _choices(decision))
    if entry is None:
        return None
    shifts: dict[DecisionKind, Callable[[], Shift]] = {
        DecisionKind.REGISTER_REMOVAL: lambda: of_removal(entry),
        DecisionKind.REGISTER_CORRECTION: lambda: of_correction(entry),
        DecisionKind.DISPUTE: lambda: of_silence(entry),
        DecisionKind.DISPUTE_END: lambda: of_form(entry, _choices(decision)),
    }
    return shifts[kind]() if kind in shifts else None


def of_answer(
    objection: Objection,
    entry: RegisterEntry | None,
    effect: Effect,
    choices: Mapping[int, Choice],
) -> Shift | None:
    """An objection is answered with this effect; None when nothing in the count changes by it."""
    if effect == Effect.ADD_TO_REGISTER:
        home = db.session.get(Household, objection.household_id)
        return of_addition(objection.round, home.premises) if home else None
    if entry is None or effect == Effect.NONE:
        return None
    shifts: dict[Effect, Callable[[], Shift]] = {
        Effect.CORRECT_REGISTER: lambda: of_correction(entry),
        Effect.STRIKE_OUT: lambda: of_silence(entry),
        Effect.REPLACE_VOTE: lambda: of_form(entry, choices),
    }
    return shifts[effect]()


def _choices(decision: Decision) -> dict[int, Choice]:
    return {int(matter): Choice(c) for matter, c in decision.params.get("choices", {}).items()}


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
