"""Every number of a round, against a small compound counted by hand."""

import pytest
import sqlalchemy as sa

from app.roster.models import Premises, Use
from app.rounds import tallies
from app.rounds.casting import Ballot, Incomplete, cast_on_paper
from app.rounds.counting import Choice, Tally
from app.rounds.matters import MatterTerms
from app.rounds.models import Channel, Scope, Subject
from app.rounds.tallies import MatterTally, RoundTally
from tests.factories import make_building, make_compound, make_staff
from tests.rounds.offices import (
    answers,
    check_counted,
    entry_at,
    home_in,
    landlord_at,
    make_owner,
    make_premises,
    open_round,
    say,
)

pytestmark = pytest.mark.usefixtures("session")
AGREE, DISAGREE, ABSTAIN = Choice.AGREE, Choice.DISAGREE, Choice.ABSTAIN


class Village:
    """Two buildings: X owns two homes and the shop, Y and Z one home each, the rest is nobody's.

    Households: x1 and x2 (A, entrance 1), y (A, entrance 2), z and a public tenant (B).
    """

    def __init__(self) -> None:
        compound = make_compound()
        self.a = make_building(compound, homes=0, entrances=2)
        self.b = make_building(compound, homes=0)
        x, y, z = (make_owner(compound, name) for name in ("某甲", "某乙", "某丙"))
        one, two, other = *self.a.entrances, self.b.entrances[0]
        self.x1 = make_premises(one, "101", x, size=8_000)
        self.x2 = make_premises(one, "102", x, size=9_000)
        self.y = make_premises(two, "101", y, size=10_000)
        self.z = make_premises(other, "101", z, size=7_000)
        self.tenant = make_premises(other, "102", size=6_000, ownership="直管公房")
        self.shop = make_premises(other, "103", x, size=20_000, use=Use.SHOP)
        self.unsold = make_premises(other, "104", size=5_000, ownership="未售", occupancy="vacant")
        self.round = open_round(compound, *self._questions(), days=20)

    def _questions(self) -> list[MatterTerms]:
        fund = MatterTerms(Subject.USE_FUND, "使用维修资金", "同意吗？", "owners-ordinary")
        lift = MatterTerms(
            Subject.ELEVATOR,
            "加装电梯",
            "同意吗？",
            "elevator-two-thirds",
            Scope.ENTRANCES,
            (self.a.entrances[0].id,),
        )
        lamps = MatterTerms(
            Subject.OTHER, "装路灯", "同意吗？", "two-thirds", Scope.BUILDINGS, (self.b.id,)
        )
        menu = MatterTerms(
            Subject.MENU,
            "想先改什么",
            "想要哪些？",
            "menu",
            Scope.BUILDINGS,
            (self.a.id,),
            ("停车", "绿化", "大门"),
        )
        return [fund, lift, lamps, menu]

    def say(
        self, place: Premises, choice: Choice, via: Channel = Channel.PHONE, *wishes: int
    ) -> None:
        """The household of this dwelling votes; wishes by their place in the menu."""
        options = self.round.matters[-1].options
        wished = frozenset(options[number].id for number in wishes)
        say(self.round, home_in(place), choice, via, wishes=wished)

    def count(self) -> RoundTally:
        """Every number, after the journal told them again."""
        check_counted(self.round)
        return tallies.results(self.round)


@pytest.fixture
def village(session: sa.orm.Session) -> Village:
    return Village()


def said(tally: Tally) -> tuple[int, int, int, int]:
    return tally.total, tally.agree, tally.disagree, tally.abstain


def named(tally: RoundTally, title: str) -> MatterTally:
    return next(m for m in (*tally.matters, *tally.owners) if m.title == title)


def test_nobody_has_spoken_and_every_whole_is_there(village: Village) -> None:
    tally = village.count()
    assert (tally.total, tally.voted) == (5, 0)
    assert [said(m.tally) for m in tally.matters] == [(5, 0, 0, 0), (5, 0, 0, 0), (2, 0, 0, 0)]
    heads, area = named(tally, "使用维修资金").tallies
    # X, Y, Z, the public landlord, the developer; everything but nothing more.
    assert (said(heads), said(area)) == ((5, 0, 0, 0), (65_000, 0, 0, 0))
    heads, area = named(tally, "加装电梯").tallies
    assert (said(heads), said(area)) == ((1, 0, 0, 0), (17_000, 0, 0, 0))
    assert not tally.passed
    assert tally.is_reachable


def test_households_and_owners_of_the_same_votes_are_counted_apart(village: Village) -> None:
    village.say(village.x1, AGREE)
    village.say(village.x2, AGREE)
    village.say(village.y, DISAGREE)
    village.say(village.tenant, AGREE)
    tally = village.count()
    assert said(named(tally, "改造方案").tally) == (5, 3, 1, 0)
    heads, area = named(tally, "使用维修资金").tallies
    # The tenant by phone says nothing for the landlord; X's shop said nothing either.
    assert said(heads) == (5, 1, 1, 0)
    assert said(area) == (65_000, 17_000, 10_000, 0)
    assert (heads.participation_needed, heads.participation_met) == (4, False)
    assert (area.participation_needed, area.participation_met) == (43_334, False)
    assert tally.channels == {c: 4 * (c == Channel.PHONE) for c in Channel}


def test_of_those_taking_part_and_of_all_are_two_different_wholes(village: Village) -> None:
    village.say(village.x1, AGREE)
    heads, area = named(village.count(), "加装电梯").tallies
    # Two thirds of all: 11,334 of 17,000 is asked, and X with one home has 8,000.
    assert (said(heads), heads.passed) == ((1, 1, 0, 0), True)
    assert (area.base, area.needed, area.agree, area.passed) == (17_000, 11_334, 8_000, False)
    fund_heads, fund_area = named(village.count(), "使用维修资金").tallies
    assert (fund_heads.base, fund_area.base) == (1, 8_000)
    village.say(village.x2, AGREE)
    assert named(village.count(), "加装电梯").passed


def test_an_owner_who_said_two_things_abstains_as_a_head_and_is_counted_as_divided(
    village: Village,
) -> None:
    village.say(village.x1, AGREE)
    village.say(village.x2, DISAGREE)
    fund = named(village.count(), "使用维修资金")
    assert fund.divided == 1
    assert said(fund.tallies[0]) == (5, 0, 0, 1)
    assert said(fund.tallies[1]) == (65_000, 8_000, 9_000, 0)
    assert said(named(village.count(), "改造方案").tally) == (5, 1, 1, 0)
    village.say(village.x2, AGREE)
    assert named(village.count(), "使用维修资金").divided == 0


def test_a_public_landlord_answers_as_owner_on_paper(village: Village) -> None:
    owner = landlord_at(village.round, village.tenant)
    ballot = Ballot(answers(owner, AGREE), "request-landlord", 0, 1)
    cast_on_paper(village.round, owner, ballot, keyed_by=make_staff().identity)
    assert village.count().voted == 0
    heads, area = named(village.count(), "使用维修资金").tallies
    assert (said(heads), said(area)) == ((5, 1, 0, 0), (65_000, 6_000, 0, 0))


def test_a_question_is_answered_where_it_is_asked_and_nowhere_else(village: Village) -> None:
    asked = {m.title: m.id for m in village.round.matters}
    by_place = {
        village.x1: {"改造方案", "物业管理方案", "使用维修资金", "加装电梯"},
        village.y: {"改造方案", "物业管理方案", "使用维修资金"},
        village.z: {"改造方案", "物业管理方案", "使用维修资金", "装路灯"},
        village.tenant: {"改造方案", "物业管理方案", "装路灯"},
    }
    for place, titles in by_place.items():
        assert set(answers(entry_at(village.round, place), AGREE)) == {asked[t] for t in titles}
    for choices in ({}, dict.fromkeys(asked.values(), AGREE)):
        with pytest.raises(Incomplete):
            say(village.round, home_in(village.y), AGREE, choices=choices)
    assert village.count().voted == 0


def test_a_building_shows_its_own_households_and_the_questions_asked_there(
    village: Village,
) -> None:
    village.say(village.x1, AGREE)
    village.say(village.z, DISAGREE)
    first, second = village.count().buildings
    assert (first.name, first.total, first.voted) == (village.a.name, 3, 1)
    assert (second.name, second.total, second.voted) == (village.b.name, 2, 1)
    assert [m.title for m in first.matters] == ["改造方案", "物业管理方案"]
    assert [m.title for m in second.matters] == ["改造方案", "物业管理方案", "装路灯"]
    assert [said(m.tally) for m in second.matters] == [(2, 0, 1, 0)] * 3
    # Three households need three at 80 %, and one has agreed.
    assert first.missing == 2


def test_the_plan_passes_with_its_management_only(village: Village) -> None:
    plan, management = village.round.matters[:2]
    for place in (village.x1, village.x2, village.y, village.z):
        entry = entry_at(village.round, place)
        choices = answers(entry, AGREE)
        if place is village.z:
            choices[management.id] = ABSTAIN
        say(village.round, home_in(place), AGREE, choices=choices)
    tally = village.count()
    assert (named(tally, plan.title).passed, named(tally, management.title).passed) == (True, False)
    assert not tally.passed
    assert tally.is_reachable
    village.say(village.z, AGREE)
    assert village.count().passed


def test_out_of_reach_is_said_when_one_of_the_two_is(village: Village) -> None:
    village.say(village.x1, DISAGREE)
    assert village.count().is_reachable
    village.say(village.y, ABSTAIN)
    tally = village.count()
    assert not tally.is_reachable
    assert not any(m.is_reachable for m in tally.main)


def test_wishes_are_ranked_among_those_who_are_asked_and_follow_the_vote_that_counts(
    village: Village,
) -> None:
    village.say(village.x1, AGREE, Channel.PHONE, 0, 1)
    village.say(village.y, DISAGREE, Channel.PHONE, 1)
    (menu,) = village.count().menus
    assert menu.total == 3
    ranked = [(w.title, w.place.households, w.place.rank) for w in menu.wishes]
    assert ranked == [("绿化", 2, 1), ("停车", 1, 2), ("大门", 0, 3)]
    village.say(village.x1, AGREE, Channel.PHONE, 2)
    (menu,) = village.count().menus
    ranked = [(w.title, w.place.households, w.place.rank) for w in menu.wishes]
    assert ranked == [("绿化", 1, 1), ("大门", 1, 1), ("停车", 0, 3)]


def test_nobody_wishes_for_what_is_not_on_the_menu_of_their_building(village: Village) -> None:
    with pytest.raises(Incomplete):
        village.say(village.z, AGREE, Channel.PHONE, 0)
    assert village.count().voted == 0


def test_both_tracks_follow_a_change_of_word(village: Village) -> None:
    for choice in (DISAGREE, ABSTAIN, AGREE):
        village.say(village.z, choice)
    tally = village.count()
    assert said(named(tally, "改造方案").tally) == (5, 1, 0, 0)
    assert said(named(tally, "使用维修资金").tallies[1]) == (65_000, 7_000, 0, 0)
