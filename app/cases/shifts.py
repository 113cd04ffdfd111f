"""What the count becomes when one premises changes what it is or says: lines and verdicts.

It knows numbers only; which decision does what stands in `prospects`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from flask_babel import gettext as _

from app.core.format import as_count, as_households, as_share
from app.rounds.counting import Base, Choice, Tally
from app.rounds.models import Round
from app.rounds.tallies import MatterTally, RoundTally


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
class Shift:
    """One premises of a round, what it is in the count now, and what it would be.

    `hides_before`: what it says now lies on nobody's desk, whatever the reader may see besides.
    """

    round: Round
    place: Place
    before: Stance
    after: Stance
    hides_before: bool = False

    @property
    def more(self) -> int:
        """By how many households the whole grows."""
        return self.after.counts - self.before.counts

    @property
    def said(self) -> int:
        """By how many the households that said something grow."""
        return bool(self.after.choices) - bool(self.before.choices)


@dataclass(frozen=True)
class Verdict:
    """Whether one matter has enough agreement, now and then: the share, and the word on it.

    `flips` when it is, or may be, otherwise then.
    """

    title: str
    now: str
    now_enough: str
    then: str
    then_enough: str
    flips: bool


def count_lines(shift: Shift, tally: RoundTally, *, tells_choices: bool) -> list[Line]:
    """The households' numbers that change."""
    lines = [
        _households(_("总户数"), tally.total, shift.more),
        _households(_("已表态"), tally.voted, shift.said),
    ]
    for one in _asked_there(shift, tally.matters):
        needed = one.tally.rule.approval.needed(_base_then(shift, one.tally))
        title = _("“%(matter)s”需要", matter=_(one.title))
        lines.append(_households(title, one.tally.needed, needed - one.tally.needed))
        steps = _steps(shift, one.matter_id, tells_choices)
        if len(steps) == 1:
            title = _("“%(matter)s”同意", matter=_(one.title))
            lines.append(_households(title, one.tally.agree, *steps))
    return [line for line in lines if line.before != line.after]


def verdicts_of(shift: Shift, tally: RoundTally, *, tells_choices: bool) -> list[Verdict]:
    """Matter by matter: enough or not, now and then.

    What a single household chose stays its own: where that is not known to the reader, both
    numbers are told that it may come to (RULES.md §5).
    """
    # That nothing changes would tell what is hidden, too.
    if shift.before == shift.after and not shift.hides_before:
        return []
    return [
        _verdict(shift, one, _steps(shift, one.matter_id, tells_choices))
        for one in _asked_there(shift, tally.matters)
    ]


def _verdict(shift: Shift, matter: MatterTally, steps: set[int]) -> Verdict:
    now, base = matter.tally, _base_then(shift, matter.tally)
    # What is none of those that say so now cannot be taken from them.
    agree = sorted({min(max(now.agree + step, 0), base) for step in steps})
    passes = {_passes(shift, now, number) for number in agree}
    return Verdict(
        matter.title,
        as_share(now.agree, now.base),
        _enough(now.passed, now.missing),
        _one_of(agree, base),
        _enough_then(shift, now, agree, passes),
        flips=passes != {now.passed},
    )


def _one_of(agree: list[int], base: int) -> str:
    """The share; where it is one of a few, all of them, and no percentage of one."""
    if len(agree) == 1:
        return as_share(agree[0], base)
    fewer = _("、").join(as_count(one) for one in agree[:-1])
    most, total = as_count(agree[-1]), as_households(base)
    return _("%(fewer)s 或 %(most)s/%(total)s", fewer=fewer, most=most, total=total)


def _steps(shift: Shift, matter_id: int, tells_choices: bool) -> set[int]:
    """By how much those that agree may grow, as far as the reader may know."""
    before, after = shift.before, shift.after
    if before.choices and before.choices == after.choices and not tells_choices:
        return {0}
    is_known = tells_choices and not shift.hides_before
    agreed = {_agrees(before, matter_id)} if is_known or not before.choices else {False, True}
    agrees = {_agrees(after, matter_id)} if tells_choices or not after.choices else {False, True}
    return {then - now for now in agreed for then in agrees}


def _enough(passed: bool, missing: int) -> str:
    return _("够了") if passed else _("还差 %(households)s", households=as_households(missing))


def _enough_then(shift: Shift, now: Tally, agree: list[int], passes: set[bool]) -> str:
    if len(passes) > 1:
        return _("够不够要看这一票选的是什么")
    if passes == {True}:
        return _("够了")
    least = now.rule.approval.needed(_base_then(shift, now)) - agree[-1]
    return _("不够") if least <= 0 or len(agree) > 1 else _enough(False, least)


def _passes(shift: Shift, now: Tally, agree: int) -> bool:
    total, voted = now.total + shift.more, now.voted + shift.said
    participation = now.rule.participation
    took_part = participation is None or participation.is_met(voted, total)
    return took_part and now.rule.approval.is_met(agree, _base_then(shift, now))


def _base_then(shift: Shift, now: Tally) -> int:
    is_of_all = now.rule.base is Base.ALL
    return now.total + shift.more if is_of_all else now.voted + shift.said


def _asked_there(shift: Shift, matters: tuple[MatterTally, ...]) -> Iterator[MatterTally]:
    asked = {matter.id: matter for matter in shift.round.matters}
    place = shift.place
    for one in matters:
        if asked[one.matter_id].is_asked_in(place.building_id, place.entrance_id):
            yield one


def _households(title: str, before: int, more: int) -> Line:
    return Line(title, as_households(before), as_households(before + more))


def _agrees(stance: Stance, matter_id: int) -> bool:
    return stance.choices.get(matter_id) == Choice.AGREE
