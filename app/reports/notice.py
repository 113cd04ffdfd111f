"""The figures of a round as they may hang on a wall: what the state of the round allows, no more.

While it is open only participation, never choices (RULES.md §5); after closing the fields of D9.
"""

from dataclasses import dataclass, field
from datetime import datetime

from flask_babel import force_locale, gettext

from app.core.errors import Refused, msg
from app.core.format import as_moment
from app.core.i18n import DEFAULT, say
from app.households.queries import identity_changes
from app.paper.queries import Sums, sums_of
from app.rounds.audit import sample_of
from app.rounds.cases import Decision, DecisionKind
from app.rounds.changes import changes_of
from app.rounds.counting import Tally
from app.rounds.models import Channel, Round, State
from app.rounds.profile import words_of
from app.rounds.queries import objections_end, register_changes
from app.rounds.tallies import BuildingTally, MatterTally, MenuTally, RoundTally, results
from app.rounds.wording import Question, questions_of

SMALLEST_BUILDING = 5


class NothingToAnnounce(Refused):
    """The round has not begun, so there are no figures."""


@dataclass(frozen=True)
class Participation:
    """How many households of a building, or of several small ones together, have answered."""

    name: str
    voted: int
    total: int


@dataclass(frozen=True)
class Verdict:
    """One matter that households were asked, its count, and whether work depends on it."""

    title: str
    tally: Tally
    is_main: bool = True


@dataclass(frozen=True)
class OwnersVerdict:
    """One decision of owners: by heads and by area (0.01 m²), of whom, under which law."""

    title: str
    places: str
    source: str
    heads: Tally
    area: Tally
    passed: bool

    @property
    def measures(self) -> tuple[Tally, Tally]:
        """Both, in the order in which they are printed."""
        return self.heads, self.area


@dataclass(frozen=True)
class RuleText:
    """The rule of one or several questions, in words, with its source."""

    titles: str
    words: str
    source: str


@dataclass(frozen=True)
class Audit:
    """What comparing forms with their votes has shown so far: those drawn, and those that count

    only since a decision after the close (`late`).
    """

    drawn: int
    checked: int
    differing: int
    late: int = 0


@dataclass(frozen=True)
class Record:
    """What befell the round besides votes: lines of change, households that do not count now."""

    lines: tuple[str, ...] = ()
    to_confirm: int = 0
    disputed: int = 0
    audit: Audit | None = None
    # Forms on paper: no number of a form is without an account (THREATS.md T31).
    paper: Sums | None = None


@dataclass(frozen=True)
class Notice:
    """Everything the notice prints; results and `channels` are empty while the round is open."""

    heading: str
    round: Round
    total: int
    voted: int
    building_names: tuple[str, ...]
    participation: tuple[Participation, ...]
    verdicts: tuple[Verdict, ...]
    channels: tuple[tuple[Channel, int], ...]
    has_passed: bool
    basis: tuple[str, ...]
    objections_until: datetime | None
    rules: tuple[RuleText, ...] = ()
    owners: tuple[OwnersVerdict, ...] = ()
    menus: tuple[MenuTally, ...] = ()
    # Decisions of so few that their numbers would tell who said what: the outcome alone.
    withheld: tuple[str, ...] = ()
    record: Record = field(default_factory=Record)

    @property
    def shows_choices(self) -> bool:
        """Whether the result itself is on it."""
        return bool(self.verdicts)

    @property
    def conclusion(self) -> str:
        """Whether the plan and its management reached their bar, and what follows for the work."""
        main = [verdict for verdict in self.verdicts if verdict.is_main]
        reached = [verdict.title for verdict in main if verdict.tally.passed]
        failed = [verdict.title for verdict in main if not verdict.tally.passed]
        if not failed:
            return gettext("结论：两项都达到门槛，可以进入开工核验。")
        if not reached:
            return gettext("结论：两项都没有达到门槛，按规定不能开工。")
        return gettext(
            "结论：%(reached)s达到门槛、%(failed)s没有达到，按规定不能开工。",
            reached="、".join(map(say, reached)),
            failed="、".join(map(say, failed)),
        )


def notice_of(round_: Round) -> Notice:
    """The notice for a round that is open or over; refuses `NothingToAnnounce` before.

    It is paper, so its words are Chinese whatever the language of whoever prints it.
    """
    if round_.opened_at is None:
        raise NothingToAnnounce(msg("这一轮征询还没有开启，没有数字可以公告。"))
    with force_locale(DEFAULT):
        return _notice(round_)


def _notice(round_: Round) -> Notice:
    tally, over, questions = results(round_), round_.has_closed, questions_of(round_)
    return Notice(
        heading=_heading(round_),
        round=round_,
        total=tally.total,
        voted=tally.voted,
        building_names=tuple(building.name for building in tally.buildings),
        participation=() if over else tuple(participation(tally.buildings)),
        verdicts=tuple(_verdict(m, tally) for m in _tellable(tally.matters)) if over else (),
        channels=tuple((c, n) for c, n in tally.channels.items() if n) if over else (),
        has_passed=over and tally.passed,
        basis=tuple(say(sentence) for sentence in words_of(round_.switches)),
        objections_until=objections_end(round_) if round_.preliminary_at else None,
        rules=rule_texts(questions),
        owners=_owners(_tellable(tally.owners), questions) if over else (),
        menus=tuple(menu for menu in tally.menus if menu.is_tellable) if over else (),
        withheld=_withheld((*tally.matters, *tally.owners)) if over else (),
        record=_record(round_, tally),
    )


def _verdict(matter: MatterTally, tally: RoundTally) -> Verdict:
    return Verdict(matter.title, matter.tally, matter in tally.main)


def _tellable(matters: tuple[MatterTally, ...]) -> tuple[MatterTally, ...]:
    return tuple(matter for matter in matters if matter.is_tellable)


def _withheld(matters: tuple[MatterTally, ...]) -> tuple[str, ...]:
    passed, failed = msg("%(title)s：达到，通过。"), msg("%(title)s：没有达到，没有通过。")
    hidden = [matter for matter in matters if not matter.is_tellable]
    return tuple(say(passed if m.passed else failed, title=m.title) for m in hidden)


def rule_texts(questions: list[Question]) -> tuple[RuleText, ...]:
    """How each question is decided; those that share a rule share its words."""
    grouped: dict[tuple[tuple[str, ...], str], list[str]] = {}
    for question in questions:
        grouped.setdefault((question.sentences, question.source), []).append(question.title)
    return tuple(
        RuleText("、".join(titles), "".join(sentences), source)
        for (sentences, source), titles in grouped.items()
    )


def _owners(
    matters: tuple[MatterTally, ...], questions: list[Question]
) -> tuple[OwnersVerdict, ...]:
    asked = {question.matter.id: question for question in questions}
    return tuple(
        OwnersVerdict(
            m.title,
            "、".join(asked[m.matter_id].places),
            asked[m.matter_id].source,
            m.tallies[0],
            m.tallies[1],
            m.passed,
        )
        for m in matters
    )


def _record(round_: Round, tally: RoundTally) -> Record:
    return Record(
        (
            *_reopened(round_),
            *map(_change, changes_of(round_.id)),
            *_register(round_),
            *_identities(round_),
        ),
        tally.to_confirm,
        tally.disputed,
        _audit(round_) if round_.has_closed else None,
        _paper(round_) if round_.has_closed else None,
    )


def _reopened(round_: Round) -> tuple[str, ...]:
    """Why the question is asked again, and after which round."""
    if round_.predecessor is None:
        return ()
    before = say(msg("第%(number)s轮征询"), number=round_.predecessor.number)
    text = msg("本轮在%(before)s以后重新征询，理由：%(why)s")
    return (say(text, before=before, why=round_.reopening_reason),)


def _change(decision: Decision) -> str:
    params = decision.params
    if decision.kind == DecisionKind.EXTENSION:
        before, after = (datetime.fromisoformat(params[key]) for key in ("from", "to"))
        text = msg("截止时间由 %(before)s 延到 %(after)s，经两人决定。")
        return say(text, before=as_moment(before), after=as_moment(after))
    text = (
        msg("方案换成第%(number)s版，内容有变动，以前的表态都要重新确认，经两人决定。")
        if params["material"]
        else msg("方案换成第%(number)s版，只改文字，以前的表态照样有效，经两人决定。")
    )
    return say(text, number=params["number"])


def _register(round_: Round) -> tuple[str, ...]:
    added, removed = register_changes(round_.id)[:2]
    if not added and not removed:
        return ()
    text = msg("登记册锁定以后，经两人决定增加 %(added)s 户（套），去掉 %(removed)s 户（套）。")
    return (say(text, added=added, removed=removed),)


def _identities(round_: Round) -> tuple[str, ...]:
    """That homes got another phone or another code since the register froze (THREATS.md T33)."""
    homes = identity_changes(round_.id).homes if round_.opened_at else 0
    text = msg("登记册锁定以后改过手机号、或开始以后换过户码的有 %(count)s 户。")
    return (say(text, count=homes),) if homes else ()


def _audit(round_: Round) -> Audit | None:
    sample = sample_of(round_.id)
    if not sample:
        return None
    checked = [item for item in sample if item.checked_at]
    late = sum(item.is_late for item in sample)
    differing = sum(item.agrees is False for item in checked)
    return Audit(len(sample) - late, len(checked), differing, late)


def _paper(round_: Round) -> Sums | None:
    sums = sums_of(round_.id)
    return sums if sums.all else None


def participation(buildings: tuple[BuildingTally, ...]) -> list[Participation]:
    """Participation per building; those below five households only together (RULES.md §5).

    A single small building would follow by subtraction: then the next smallest joins it.
    """
    small = [b for b in buildings if b.total < SMALLEST_BUILDING]
    large = sorted((b for b in buildings if b not in small), key=lambda b: b.total)
    if len(small) == 1 or 0 < sum(b.total for b in small) < SMALLEST_BUILDING:
        small += large[:1]
    told = [Participation(b.name, b.voted, b.total) for b in buildings if b not in small]
    if not small or not told:
        return told
    voted, total = sum(b.voted for b in small), sum(b.total for b in small)
    rest = Participation(gettext("其余%(count)s栋合计", count=len(small)), voted, total)
    return [*told, rest] if total >= SMALLEST_BUILDING else told


def _heading(round_: Round) -> str:
    if round_.state == State.OPEN:
        heading = gettext("征询进度公告")
    elif round_.state in (State.CLOSED, State.PRELIMINARY):
        heading = gettext("征询初步结果公示")
    else:
        heading = gettext("征询结果公告")
    return str(heading)
