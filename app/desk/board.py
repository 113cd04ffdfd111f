"""The board of one round as it is drawn: tallies, bars in tenths of a percent, order."""

from dataclasses import dataclass, field
from datetime import datetime

from app.core.i18n import say
from app.desk.course import Course, Outlook, course_of
from app.rounds.cases import DecisionKind
from app.rounds.changes import changes_of
from app.rounds.counting import Bar, Choice, Measure, Tally
from app.rounds.matters import MAIN
from app.rounds.models import Channel, Round, State
from app.rounds.pending import CaseCounts, case_counts
from app.rounds.queries import register_changes
from app.rounds.tallies import BuildingTally, MatterTally, MenuTally, RoundTally, results
from app.rounds.wording import Question, questions_of


@dataclass(frozen=True)
class Stretch:
    """One coloured part of a bar: where it starts and how wide it is, in percent."""

    kind: str
    start: str
    width: str


@dataclass(frozen=True)
class Standing:
    """How a matter stands, with the bar that shows it and where its threshold lies."""

    title: str
    tally: Tally
    stretches: tuple[Stretch, ...]
    places: str = ""
    is_main: bool = True
    # What the pace of the last days leads to, while the round is open.
    outlook: Outlook | None = None

    @property
    def best(self) -> int:
        """Agreeing households if everybody who is silent agreed."""
        return self.tally.best


@dataclass(frozen=True)
class Base:
    """One base of an owners' decision, heads or area: what took part, and who agrees of those."""

    measure: Measure
    tally: Tally
    taking_part: tuple[Stretch, ...]
    agreeing: tuple[Stretch, ...]

    @property
    def is_area(self) -> bool:
        """Whether it is area, in 0.01 m², and not heads."""
        return self.measure == Measure.AREA

    @property
    def participation(self) -> Bar | None:
        """The share of the register that must take part, when the rule asks for one."""
        return self.tally.rule.participation

    @property
    def approves(self) -> bool:
        """Whether enough of the base agree; it passes when enough took part, too."""
        return self.tally.rule.approval.is_met(self.tally.agree, self.tally.base)

    @property
    def participation_missing(self) -> int:
        """How much more must take part at least."""
        return max(0, self.tally.participation_needed - self.tally.voted)


@dataclass(frozen=True)
class OwnersStanding:
    """A decision of owners: both bases, whom it asks, and owners who contradict themselves."""

    title: str
    places: str
    rule: str
    bases: tuple[Base, ...]
    divided: int
    passed: bool
    is_reachable: bool


@dataclass(frozen=True)
class WishRow:
    """One item of a menu: its rank, its households, and how far its bar reaches."""

    rank: int
    title: str
    households: int
    width: str
    # How many of them want it before everything else.
    firsts: int = 0


@dataclass(frozen=True)
class MenuStanding:
    """A ranking of wishes among all households that are asked."""

    title: str
    total: int
    wishes: tuple[WishRow, ...]


@dataclass(frozen=True)
class BuildingRow:
    """One building of the register and both matters there."""

    id: int
    name: str
    total: int
    voted: int
    missing: int
    standings: tuple[Standing, ...]

    @property
    def doors(self) -> int:
        """Households to call on: silent, to confirm, or in dispute."""
        return self.total - self.voted


@dataclass(frozen=True)
class Happenings:
    """What befell the round besides votes, and what waits for the office."""

    cases: CaseCounts = field(default_factory=CaseCounts)
    added: int = 0
    removed: int = 0
    first_deadline: datetime | None = None


@dataclass(frozen=True)
class Board:
    """Everything the live parts of the board show; without a register `total` is 0."""

    round_id: int
    compound_id: int
    state: State
    standing: str
    closes_at: datetime
    total: int
    voted: int
    standings: tuple[Standing, ...]
    buildings: tuple[BuildingRow, ...]
    to_confirm: int = 0
    disputed: int = 0
    owners: tuple[OwnersStanding, ...] = ()
    menus: tuple[MenuStanding, ...] = ()
    happenings: Happenings = field(default_factory=Happenings)
    # By which way the words came that count now.
    channels: dict[Channel, int] = field(default_factory=dict)
    course: Course | None = None

    @property
    def is_open(self) -> bool:
        """Whether votes still come in."""
        return self.state == State.OPEN

    @property
    def is_prepared(self) -> bool:
        """Whether the round has not begun yet."""
        return self.state in (State.DRAFT, State.REVIEW, State.REGISTER, State.FROZEN)

    @property
    def is_over(self) -> bool:
        """Whether the last vote is in."""
        return not self.is_open and not self.is_prepared

    @property
    def main(self) -> tuple[Standing, ...]:
        """The plan and its management, which every building is asked."""
        return tuple(standing for standing in self.standings if standing.is_main)

    @property
    def silent(self) -> int:
        """Households that have said nothing at all."""
        return self.total - self.voted - self.to_confirm - self.disputed

    @property
    def doors(self) -> int:
        """Households to call on: silent, to confirm, or in dispute."""
        return self.total - self.voted


def board_of(round_: Round) -> Board:
    """The board from the counters of a round; the building that lacks most comes first."""
    tally, asked = results(round_), {q.matter.id: q for q in questions_of(round_)}
    titles = {id_: say(question.matter.title) for id_, question in asked.items()}
    buildings = sorted(tally.buildings, key=lambda b: -b.missing)
    course = course_of(round_, tally)
    return Board(
        round_.id,
        round_.compound_id,
        round_.state,
        str(round_.standing),
        round_.closes_at,
        tally.total,
        tally.voted,
        _standings(tally.matters, asked, titles, course.outlooks if course else {}),
        tuple(_row(building, asked, titles) for building in buildings),
        tally.to_confirm,
        tally.disputed,
        _owners(tally, asked),
        tuple(_menu(menu) for menu in tally.menus),
        _happenings(round_),
        tally.channels,
        course,
    )


def _row(
    building: BuildingTally, asked: dict[int, Question], titles: dict[int, str]
) -> BuildingRow:
    main = tuple(m for m in building.matters if m.subject in MAIN)
    return BuildingRow(
        building.building_id,
        building.name,
        building.total,
        building.voted,
        building.missing,
        _standings(main, asked, titles),
    )


def _standings(
    matters: tuple[MatterTally, ...],
    asked: dict[int, Question],
    titles: dict[int, str],
    outlooks: dict[int, Outlook] | None = None,
) -> tuple[Standing, ...]:
    ahead = outlooks or {}
    return tuple(
        Standing(
            titles[m.matter_id],
            m.tally,
            stretches(m.tally),
            _places(asked[m.matter_id]),
            m.subject in MAIN,
            ahead.get(m.matter_id),
        )
        for m in matters
    )


def _owners(tally: RoundTally, asked: dict[int, Question]) -> tuple[OwnersStanding, ...]:
    return tuple(
        OwnersStanding(
            m.title,
            _places(asked[m.matter_id]),
            asked[m.matter_id].rule,
            tuple(map(_base, m.tallies, m.tally.rule.measures)),
            m.divided,
            m.passed,
            m.is_reachable,
        )
        for m in tally.owners
    )


def _base(tally: Tally, measure: Measure) -> Base:
    taking_part = _side_by_side({"voted": tally.voted}, tally.total)
    return Base(measure, tally, taking_part, _side_by_side(_said(tally), tally.base))


def _menu(menu: MenuTally) -> MenuStanding:
    rows = (
        WishRow(
            wish.place.rank,
            wish.title,
            wish.place.households,
            _percent(_tenths(wish.place.households, menu.total)),
            wish.place.firsts,
        )
        for wish in menu.wishes
    )
    return MenuStanding(menu.title, menu.total, tuple(rows))


def _happenings(round_: Round) -> Happenings:
    extensions = [d for d in changes_of(round_.id) if d.kind == DecisionKind.EXTENSION]
    first = datetime.fromisoformat(extensions[0].params["from"]) if extensions else None
    return Happenings(case_counts(round_.id), *register_changes(round_.id), first)


def _places(question: Question) -> str:
    return "、".join(question.places)


def stretches(tally: Tally) -> tuple[Stretch, ...]:
    """Agree, disagree and abstain side by side; what is left of the bar is silence.

    Ends are cut, never rounded up, so that 323 of 404 stays left of the 80 % line.
    """
    return _side_by_side(_said(tally), tally.total)


def _said(tally: Tally) -> dict[str, int]:
    return {
        Choice.AGREE.value: tally.agree,
        Choice.DISAGREE.value: tally.disagree,
        Choice.ABSTAIN.value: tally.abstain,
    }


def _side_by_side(parts: dict[str, int], whole: int) -> tuple[Stretch, ...]:
    found, before = [], 0
    for kind, part in parts.items():
        start = _tenths(before, whole)
        before += part
        width = _tenths(before, whole) - start
        if width:
            found.append(Stretch(kind, _percent(start), _percent(width)))
    return tuple(found)


def _tenths(part: int, whole: int) -> int:
    return part * 1000 // whole if whole else 0


def _percent(tenths: int) -> str:
    return f"{tenths // 10}.{tenths % 10}%"
