"""What residents see of a round that is over, given up, or asked again."""

from datetime import timedelta

import pytest
import time_machine

from app.core import clock
from app.roster.models import Building
from app.rounds import actions, conflicts, queries, register
from app.rounds.counting import Choice
from app.rounds.models import Round, Subject
from tests.client import Page, PageClient
from tests.factories import (
    homes_of,
    issue_code,
    make_building,
    make_household,
    make_staff,
)
from tests.rounds.asking import HIRE, MENU
from tests.rounds.offices import GROUNDS, Office, entry_at, make_owner, open_round, say

YES, NO = Choice.AGREE, Choice.DISAGREE


def building_page(client: PageClient, building: Building) -> Page:
    return client.get("rounds.building", token=building.token)


def table(page: Page, begins: str) -> dict[str, list[str]]:
    """Row heading → cells of the table whose caption begins so."""
    [found] = [t for t in page.all("table") if t.one("caption").text.startswith(begins)]
    rows = [row for row in found.all("tr") if row.all("td")]
    return {row.one("th").text: [cell.text for cell in row.all("td")] for row in rows}


def caption(page: Page, begins: str) -> str:
    captions = [t.one("caption").text for t in page.all("table")]
    return next(text for text in captions if text.startswith(begins))


def published(round_: Round) -> None:
    """Publish the preliminary result at the minute of the close; call it in that moment."""
    actions.publish_result(round_, by=make_staff().identity)


def certified(round_: Round) -> None:
    actions.certify(round_, by=make_staff().identity)


def voted(*terms: object, choices: tuple[Choice, ...] = (YES, YES, YES, NO)) -> Building:
    """Six homes of 80 m² of which these said something."""
    building = make_building(homes=6)
    round_ = open_round(building.compound, *terms)  # type: ignore[arg-type]
    for home, choice in zip(homes_of(building), choices, strict=False):
        say(round_, home, choice)
    return building


def round_of(building: Building) -> Round:
    return queries.rounds_of(building.compound_id)[0]


def test_an_owners_decision_is_told_by_heads_and_by_area(client: PageClient) -> None:
    building = make_building(homes=6)
    rich = make_owner(building.compound)
    for home in homes_of(building)[:2]:
        home.premises.tenures[0].owner = rich
    round_ = open_round(building.compound, HIRE)
    for home, choice in zip(homes_of(building), (YES, YES, YES, YES, NO), strict=False):
        say(round_, home, choice)
    with time_machine.travel(round_.closes_at, tick=False):
        published(round_)
        page = building_page(client, building)
    assert caption(page, "选聘物业公司") == "选聘物业公司：人数和面积都达到，通过"
    assert table(page, "选聘物业公司") == {
        "业主一共": ["5 人 480.00 平方米"],
        "参加": ["4 人，80.0 % 400.00 平方米，83.3 %"],
        "同意": ["3 人，75.0 % 320.00 平方米，80.0 %"],
        "不同意": ["1 人，25.0 % 80.00 平方米，20.0 %"],
        "弃权": ["0 人，0.0 % 0.00 平方米，0.0 %"],
    }


@pytest.mark.parametrize(
    ("choices", "said"),
    [
        ((YES, YES, YES), "参加的业主不够，没有通过"),
        ((YES, YES, NO, NO), "同意的不够，没有通过"),
    ],
)
def test_it_says_why_an_owners_decision_was_not_carried(
    client: PageClient, choices: tuple[Choice, ...], said: str
) -> None:
    building = voted(HIRE, choices=choices)
    round_ = round_of(building)
    with time_machine.travel(round_.closes_at, tick=False):
        published(round_)
        assert caption(building_page(client, building), "选聘物业公司").endswith(said)


def test_a_menu_is_ranked_and_is_no_decision(client: PageClient) -> None:
    building = make_building(homes=6)
    round_ = open_round(building.compound, MENU)
    lamps, chargers, racks = next(m for m in round_.matters if m.subject == Subject.MENU).options
    wishes = ({chargers.id}, {chargers.id, lamps.id}, set())
    for home, wanted in zip(homes_of(building), wishes, strict=False):
        say(round_, home, YES, wishes=frozenset(wanted))
    with time_machine.travel(round_.closes_at, tick=False):
        published(round_)
        page = building_page(client, building)
    assert "不是表决" in caption(page, "先改什么")
    assert table(page, "先改什么") == {
        "1. 充电桩": ["2/6 户，33.3 %"],
        "2. 楼道灯": ["1/6 户，16.6 %"],
        "3. 晾衣架": ["0/6 户，0.0 %"],
    }
    assert racks.title == "晾衣架"


def test_nothing_of_it_is_told_before_it_is_published(client: PageClient) -> None:
    building = voted(HIRE, MENU)
    round_ = round_of(building)
    assert not building_page(client, building).all("table")
    with time_machine.travel(round_.closes_at, tick=False):
        assert not building_page(client, building).all("table")


def test_the_register_that_changed_is_told_with_the_result(client: PageClient) -> None:
    building = voted()
    round_, office = round_of(building), Office()
    late = make_household(building.entrances[0], "909")
    office.agrees(register.propose_addition(round_, late.premises, GROUNDS, by=office.first))
    gone = entry_at(round_, homes_of(building)[5])
    office.agrees(register.propose_removal(gone, GROUNDS, by=office.first))
    with time_machine.travel(round_.closes_at, tick=False):
        published(round_)
        text = building_page(client, building).text
    assert "增加 1 套，去掉 1 套" in text


def test_what_could_not_be_counted_is_told_with_the_result(client: PageClient) -> None:
    building = voted()
    round_, office = round_of(building), Office()
    entry = entry_at(round_, homes_of(building)[0])
    office.agrees(conflicts.propose_dispute(entry, GROUNDS, by=office.first))
    with time_machine.travel(round_.closes_at, tick=False):
        published(round_)
        text = building_page(client, building).text
    assert "1 户业主意见不一致" in text
    assert "2/6 户，33.3 %" in text


def test_only_a_certified_owners_decision_names_the_way_to_court(client: PageClient) -> None:
    plain, owners = voted(), voted(HIRE)
    for building in (plain, owners):
        round_ = round_of(building)
        with time_machine.travel(round_.closes_at, tick=False):
            published(round_)
            assert "《民法典》第二百八十条" not in building_page(client, building).text
        with time_machine.travel(queries.objections_end(round_), tick=False):
            certified(round_)
            page = building_page(client, building)
            assert ("《民法典》第二百八十条" in page.text) == (building is owners)


def test_after_the_term_and_before_the_second_person_it_says_so(client: PageClient) -> None:
    building = voted()
    round_ = round_of(building)
    with time_machine.travel(round_.closes_at, tick=False):
        published(round_)
        assert "有异议，请在" in building_page(client, building).text
    with time_machine.travel(queries.objections_end(round_), tick=False):
        text = building_page(client, building).text
    assert "异议期已经满了" in text
    assert "有异议，请在" not in text


def test_an_archived_round_keeps_its_result_on_the_page(client: PageClient) -> None:
    building = voted()
    round_ = round_of(building)
    with time_machine.travel(round_.closes_at, tick=False):
        published(round_)
    with time_machine.travel(queries.objections_end(round_), tick=False):
        certified(round_)
        actions.archive_round(round_, by=make_staff().identity)
        page = building_page(client, building)
    assert "结果已经确认" in page.text
    assert "3/6 户，50.0 %" in page.text


def test_a_round_that_was_given_up_says_so_and_why(client: PageClient) -> None:
    building = make_building(homes=6)
    round_ = open_round(building.compound, until="published")
    actions.withdraw_round(round_, "方案要大改", by=make_staff().identity)
    page = building_page(client, building)
    assert "这一轮征询撤回了" in page.text
    assert "方案要大改" in page.text
    assert not page.all("table")
    assert not page.all("a", href=f"/b/{building.token}/rules")
    own = client.enter(building, issue_code(homes_of(building)[0]))
    assert "这一轮征询撤回了" in own.text
    assert not own.all("a", href=f"/rounds/{round_.id}/vote")
    assert "不在这一轮的登记册里" not in own.text


def test_a_round_that_asks_again_names_the_one_before_and_the_reason(client: PageClient) -> None:
    building = voted()
    first = round_of(building)
    with time_machine.travel(first.closes_at, tick=False):
        published(first)
    with time_machine.travel(queries.objections_end(first), tick=False):
        certified(first)
        again(building)
        page = building_page(client, building)
    assert "这是重新征询" in page.text
    assert "上次差两户，方案改了" in page.text
    assert "3/6 户，50.0 %" in page.one("main").one("details").text


def again(building: Building) -> None:
    """A second round whose register is published."""
    office, now = Office(), clock.now()
    terms = actions.RoundTerms("第二轮", now, now + timedelta(days=15), "0953-5550100")
    reason = "上次差两户，方案改了"
    second = actions.draft_round(building.compound, terms, by=office.first, reopening_reason=reason)
    actions.submit_round(second, by=office.first)
    actions.confirm_profile(second, by=office.second)
    actions.publish_register(second, by=office.first)


def test_the_own_page_shows_the_result_too(client: PageClient) -> None:
    building = voted(HIRE, MENU)
    round_ = round_of(building)
    with time_machine.travel(round_.closes_at, tick=False):
        published(round_)
        page = client.enter(building, issue_code(homes_of(building)[0]))
    captions = [t.one("caption").text.split("：")[0] for t in page.all("table")]
    assert captions == ["改造方案", "物业管理方案", "选聘物业公司", "先改什么"]
