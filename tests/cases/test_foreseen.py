"""What a decision would do is told before anybody proposes or agrees: numbers, and enough?"""

from collections.abc import Callable

import pytest

from app.cases import prospects
from app.cases.prospects import Prospect, prospect
from app.core.format import as_share
from app.roster.models import Household
from app.rounds import register
from app.rounds.cases import Decision, Effect, ObjectionKind
from app.rounds.conflicts import propose_dispute, propose_resolution, propose_settlement
from app.rounds.counting import Choice
from app.rounds.decisions import approve
from app.rounds.effects import current_vote
from app.rounds.models import Round
from app.rounds.objections import Answer, Complaint, propose_answer, raise_objection
from app.rounds.tallies import results
from tests.client import PageClient
from tests.factories import homes_of, make_building, make_household, make_round, make_staff
from tests.rounds.disagreeing import GROUNDS, make_conflict, place_of
from tests.rounds.voters import cast_quickly

AGREE, DISAGREE = Choice.AGREE, Choice.DISAGREE


def a_round(agree: int, disagree: int = 0, homes: int = 5) -> tuple[Round, list[Household]]:
    """Of five households four make the 80 %; the first ones have spoken."""
    building = make_building(homes=homes)
    round_, found = make_round(building.compound), homes_of(building)
    for place, choice in enumerate([AGREE] * agree + [DISAGREE] * disagree):
        cast_quickly(round_, found[place], choice, f"vote-{place:05}")
    return round_, found


def complained(round_: Round, home: Household, answer: Answer) -> Decision:
    said = Complaint(ObjectionKind.NOT_ME, home.address, "不是我", home.id)
    objection = raise_objection(round_, said, by=make_staff().identity)
    return propose_answer(objection, answer, by=make_staff().identity)


def struck(round_: Round, homes: list[Household]) -> Decision:
    return complained(round_, homes[0], Answer("查过", Effect.STRIKE_OUT, evidence="表"))


def replaced(round_: Round, homes: list[Household]) -> Decision:
    choices = {matter.id: DISAGREE for matter in round_.matters}
    return complained(round_, homes[0], Answer("查过", Effect.REPLACE_VOTE, choices, "表"))


def disputed(round_: Round, homes: list[Household]) -> Decision:
    return propose_dispute(place_of(round_, homes[0]), GROUNDS, by=make_staff().identity)


def settled(round_: Round, homes: list[Household]) -> Decision:
    approve(disputed(round_, homes), by=make_staff().identity)
    choices = {matter.id: AGREE for matter in round_.matters}
    entry = place_of(round_, homes[0])
    return propose_settlement(entry, choices, GROUNDS, by=make_staff().identity)


def resolved(round_: Round, homes: list[Household]) -> Decision:
    conflict = make_conflict(round_, homes[4], make_staff())
    return propose_resolution(conflict, keep_held=True, grounds=GROUNDS, by=make_staff().identity)


def removed(round_: Round, homes: list[Household]) -> Decision:
    return register.propose_removal(place_of(round_, homes[4]), GROUNDS, by=make_staff().identity)


def added(round_: Round, homes: list[Household]) -> Decision:
    late = make_household(homes[0].premises.entrance, "901")
    return register.propose_addition(round_, late.premises, GROUNDS, by=make_staff().identity)


EVERY_WAY = [struck, replaced, disputed, settled, resolved, removed, added]
Way = Callable[[Round, list[Household]], Decision]


@pytest.mark.usefixtures("session")
@pytest.mark.parametrize("agree", [3, 4])
@pytest.mark.parametrize("way", EVERY_WAY)
def test_what_is_told_is_what_happens(way: Way, agree: int) -> None:
    round_, homes = a_round(agree)
    decision = way(round_, homes)
    told: Prospect = prospect(decision, tells_choices=True)
    before = results(round_).matters
    approve(decision, by=make_staff().identity)
    after = results(round_).matters
    for verdict, was, now in zip(told.verdicts, before, after, strict=True):
        assert verdict.now == as_share(was.tally.agree, was.tally.base)
        # The share as it is, or one of two where the household's choice stays its own.
        share = as_share(now.tally.agree, now.tally.base)
        number = share.split("/")[0]
        assert number in verdict.then.replace("、", " ").replace("/", " ").split()
        if "或" not in verdict.then:
            assert verdict.then == share
            assert verdict.flips == (was.passed != now.passed)
        elif was.passed != now.passed:
            assert verdict.flips
        if verdict.then_enough == "够了":
            assert now.passed
        if verdict.then_enough.startswith(("不够", "还差")):
            assert not now.passed


@pytest.mark.usefixtures("session")
@pytest.mark.parametrize("chosen", [AGREE, DISAGREE])
def test_striking_out_tells_both_numbers_and_never_which_one_it_will_be(chosen: Choice) -> None:
    round_, homes = a_round(4 if chosen == AGREE else 3, 0 if chosen == AGREE else 1)
    place = 0 if chosen == AGREE else 3
    decision = complained(round_, homes[place], Answer("查过", Effect.STRIKE_OUT, evidence="表"))
    told = prospect(decision, tells_choices=True)
    agree = 4 if chosen == AGREE else 3
    assert told.verdicts[0].then == f"{agree - 1} 或 {agree}/5 户"
    assert [line.title for line in told.lines] == ["已表态"]


@pytest.mark.usefixtures("session")
def test_what_turns_the_result_is_marked_and_what_does_not_is_not() -> None:
    round_, homes = a_round(4)
    told = prospect(replaced(round_, homes), tells_choices=True)
    # Its own word before stays its own: whatever it was, the form says no.
    assert told.verdicts[0].then_enough == "够不够要看这一票选的是什么"
    assert told.verdicts[0].flips
    few, homes = a_round(1)
    told = prospect(replaced(few, homes), tells_choices=True)
    assert not told.verdicts[0].flips
    assert told.verdicts[0].then_enough == "不够"


@pytest.mark.usefixtures("session")
def test_keeping_what_stands_turns_nothing() -> None:
    round_, homes = a_round(3)
    conflict = make_conflict(round_, homes[4], make_staff())
    kept = prospects.foreseen(prospects.of_conflict(conflict, keep_held=False), tells_choices=True)
    assert (kept.lines, kept.verdicts) == ((), ())


def test_every_way_of_answering_tells_its_numbers_before_one_is_chosen(client: PageClient) -> None:
    round_, homes = a_round(4)
    said = Complaint(ObjectionKind.NOT_ME, homes[0].address, "不是我", homes[0].id)
    objection = raise_objection(round_, said, by=make_staff().identity)
    client.sign_in(make_staff())
    page = client.get("cases.answer", objection_id=objection.id)
    ways = {way.one("summary").text: way.text for way in page.all("details") if way.all("table")}
    assert "3 或 4/5 户" in ways["这一票作废，这户改为未表态"]
    assert "4 或 5/5 户" in ways["表上写的是“同意”的话"]
    assert "会变" in ways["表上写的是“不同意”或者“弃权”的话"]
    assert current_vote(place_of(round_, homes[0])) is not None


def test_the_second_person_reads_the_same_before_agreeing(client: PageClient) -> None:
    round_, homes = a_round(4)
    decision = struck(round_, homes)
    client.sign_in(make_staff())
    for endpoint in ("cases.decision", "cases.approve"):
        page = client.get(endpoint, decision_id=decision.id)
        verdicts = page.one("table", class_="verdicts")
        assert "3 或 4/5 户" in verdicts.text
        assert "会变" in verdicts.text
