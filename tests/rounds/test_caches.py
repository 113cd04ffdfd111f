"""Every cache of the votes, broken by hand: the recount from the journal finds it."""

from collections.abc import Callable

import pytest
import sqlalchemy as sa

from app.core.db import db
from app.journal.models import JournalEntry, JournalHead
from app.roster.models import Household
from app.rounds import recounting, tallies
from app.rounds.counting import Choice
from app.rounds.matters import MatterTerms
from app.rounds.models import (
    Channel,
    Counter,
    RegisterEntry,
    Round,
    Subject,
    Voice,
    Vote,
    VoteChoice,
    VoteWish,
)
from tests.factories import homes_of, make_building
from tests.rounds.offices import entry_at, open_round, say, votes_of

pytestmark = pytest.mark.usefixtures("session")
AGREE, DISAGREE = Choice.AGREE, Choice.DISAGREE
FUND = MatterTerms(Subject.USE_FUND, "使用维修资金", "同意吗？", "owners-ordinary")
MENU = MatterTerms(Subject.MENU, "想先改什么", "想要哪些？", "menu", options=("路灯", "停车"))


@pytest.fixture
def round_(session: sa.orm.Session) -> Round:
    """The first household changed its word, the second said something else, the third nothing."""
    round_ = open_round(make_building(homes=3).compound, FUND, MENU)
    first, second, _silent = homes(round_)
    wished = frozenset({round_.matters[-1].options[0].id})
    say(round_, first, DISAGREE)
    say(round_, first, AGREE, wishes=wished)
    say(round_, second, DISAGREE, Channel.PAPER)
    assert recounting.differences(round_) == []
    return round_


def homes(round_: Round) -> list[Household]:
    return homes_of(round_.compound.buildings[0])


def one_more_in_a_counter(round_: Round) -> None:
    matter = round_.matters[0].id
    counter = sa.update(Counter).where(Counter.matter_id == matter, Counter.choice == AGREE)
    db.session.execute(counter.values(households=Counter.households + 1))


def one_moved_between_counters(round_: Round) -> None:
    of_matter = Counter.matter_id == round_.matters[1].id
    for choice, more in ((AGREE, -1), (DISAGREE, 1)):
        counter = sa.update(Counter).where(of_matter, Counter.choice == choice)
        db.session.execute(counter.values(households=Counter.households + more))


def a_lost_counter(round_: Round) -> None:
    matter = round_.matters[0].id
    db.session.execute(sa.delete(Counter).where(Counter.matter_id == matter))


def voice(number: int, said: Voice) -> Callable[[Round], None]:
    def change(round_: Round) -> None:
        entry_at(round_, homes(round_)[number]).voice = said

    return change


def an_older_vote_is_current(round_: Round) -> None:
    older, newer = votes_of(round_, homes(round_)[0])
    newer.is_current = False
    db.session.flush()
    older.is_current = True


def no_vote_is_current(round_: Round) -> None:
    votes_of(round_, homes(round_)[1])[0].is_current = False


def more_votes_than_there_are(round_: Round) -> None:
    entry_at(round_, homes(round_)[2]).votes = 1


def another_choice(round_: Round) -> None:
    votes_of(round_, homes(round_)[0])[1].choices[0].choice = DISAGREE


def another_choice_of_an_owner(round_: Round) -> None:
    fund = round_.matters[2].id
    mine = [c for c in votes_of(round_, homes(round_)[0])[1].choices if c.matter_id == fund]
    mine[0].choice = DISAGREE


def a_lost_choice(round_: Round) -> None:
    vote = votes_of(round_, homes(round_)[1])[0]
    db.session.execute(sa.delete(VoteChoice).where(VoteChoice.vote_id == vote.id))


def a_lost_wish(round_: Round) -> None:
    db.session.execute(sa.delete(VoteWish))


def another_channel(round_: Round) -> None:
    votes_of(round_, homes(round_)[1])[0].channel = Channel.VISIT


def a_home_struck_off_without_a_decision(round_: Round) -> None:
    entry_at(round_, homes(round_)[2]).removed_at = round_.opened_at


def a_vote_that_nobody_cast(round_: Round) -> None:
    entry, like = entry_at(round_, homes(round_)[2]), votes_of(round_, homes(round_)[0])[1]
    values = {"number": 1, "request_id": "forged-000001", "receipt": "FORGED000001"}
    forged = Vote(
        round_id=round_.id,
        entry_id=entry.id,
        seq=like.seq,
        channel=like.channel,
        plan_version_id=like.plan_version_id,
        cast_at=like.cast_at,
        is_current=True,
        **values,
    )
    db.session.add(forged)


BREAKAGES = [
    one_more_in_a_counter,
    one_moved_between_counters,
    a_lost_counter,
    voice(0, Voice.SILENT),
    voice(0, Voice.DISPUTED),
    voice(1, Voice.TO_CONFIRM),
    voice(2, Voice.COUNTED),
    an_older_vote_is_current,
    no_vote_is_current,
    more_votes_than_there_are,
    another_choice,
    another_choice_of_an_owner,
    a_lost_choice,
    a_lost_wish,
    another_channel,
    a_home_struck_off_without_a_decision,
    a_vote_that_nobody_cast,
]


@pytest.mark.parametrize("breaks", BREAKAGES)
def test_a_cache_that_was_changed_by_hand_is_found(
    round_: Round, breaks: Callable[[Round], None]
) -> None:
    before, recounted = journal(), recounting.recount(round_)
    breaks(round_)
    db.session.flush()
    db.session.expire_all()
    assert not recounting.counters_agree(round_)
    assert recounting.differences(round_)
    assert journal() == before
    if breaks is not a_home_struck_off_without_a_decision:
        assert recounting.recount(round_) == recounted


def journal() -> list[tuple[object, ...]]:
    """Every entry there is, and how many each book says it has."""
    entries = db.session.execute(sa.select(JournalEntry.book, JournalEntry.seq, JournalEntry.leaf))
    heads = db.session.execute(sa.select(JournalHead.book, JournalHead.size))
    return sorted(tuple(row) for row in entries) + sorted(tuple(row) for row in heads)


def test_what_differs_is_told_without_telling_what_anybody_said(round_: Round) -> None:
    another_choice(round_)
    db.session.flush()
    (line,) = recounting.differences(round_)
    assert entry_at(round_, homes(round_)[0]).commitment[:16] in line
    assert not any(choice.value in line for choice in Choice)


def test_recounting_twice_says_the_same_and_writes_nothing(round_: Round) -> None:
    before = journal()
    assert recounting.recount(round_) == recounting.recount(round_) == tallies.results(round_)
    assert journal() == before


def test_a_round_is_recounted_from_its_own_journal_alone(round_: Round) -> None:
    other = open_round(make_building(homes=2).compound)
    say(other, homes(other)[0], AGREE)
    assert recounting.counters_agree(round_)
    assert recounting.counters_agree(other)
    assert tallies.results(other).voted == 1
    assert db.session.query(RegisterEntry).filter_by(round_id=other.id).count() == 2
