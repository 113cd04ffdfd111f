"""The household's own page: which home, what it said, what it may do now."""

from datetime import timedelta
from typing import Any

import time_machine

from app.core import clock
from app.rounds import actions, queries
from app.rounds.counting import Choice
from tests.client import PageClient
from tests.factories import (
    homes_of,
    issue_code,
    make_building,
    make_household,
    make_plan,
    make_staff,
)
from tests.rounds.voters import cast_quickly, make_voter, signed_in, vote

YES, NO, NEITHER = Choice.AGREE, Choice.DISAGREE, Choice.ABSTAIN


def test_it_says_which_home_and_masks_the_owner(client: PageClient) -> None:
    building = make_building(homes=0)
    home = make_household(building.entrances[0], "501", owner="张三丰")
    page = client.enter(building, issue_code(home))
    assert page.h1 == f"{building.name}1单元501"
    assert "业主 张**" in page.text
    assert "三丰" not in page.html


def test_whoever_is_in_the_wrong_home_can_leave_at_once(client: PageClient) -> None:
    voter = make_voter()
    page = client.enter(voter.building, voter.digits)
    leaving = page.one("form", action="/leave")
    assert leaving.one("button").text == "不是您家？退出"


def test_before_voting_the_one_large_button_leads_to_the_form(client: PageClient) -> None:
    voter = make_voter()
    page = client.enter(voter.building, voter.digits)
    assert "您家还没有表态" in page.text
    button = page.one("a", class_="button")
    assert (button.text, button["href"]) == ("现在表态", f"/rounds/{voter.round.id}/vote")


def test_after_voting_it_shows_the_choices_and_lets_them_be_changed(client: PageClient) -> None:
    voter = signed_in(client)
    vote(client, voter, NO, NEITHER, comment="再想想")
    page = client.get("rounds.home")
    assert page.all("dl")[0].text == "改造方案 不同意 物业管理方案 弃权 您写的话 再想想"
    assert "改主意了" in page.one("a", class_="button").text


def test_the_history_tells_every_vote_with_its_channel_and_time(client: PageClient) -> None:
    voter = signed_in(client)
    with time_machine.travel(clock.now() + timedelta(minutes=3)):
        vote(client, voter, YES, YES)
    with time_machine.travel(clock.now() + timedelta(minutes=9)):
        vote(client, voter, NO, YES)
        page = client.get("rounds.home")
    newest, oldest = page.one("ol", class_="history").all("li")
    assert "改造方案：不同意" in newest.text
    assert "替换" not in newest.text
    assert "改造方案：同意" in oldest.text
    assert "已被后来的替换" in oldest.text
    assert newest.text.count("手机") == oldest.text.count("手机") == 1
    assert newest.one("b").text != oldest.one("b").text


def test_a_home_sees_nothing_of_its_neighbour(client: PageClient) -> None:
    voter = make_voter()
    receipt = cast_quickly(voter.round, homes_of(voter.building)[1], NO, "request-1")
    page = client.enter(voter.building, voter.digits)
    assert "您家还没有表态" in page.text
    assert receipt.code[:4] not in page.html
    assert not page.all("ol", class_="history")


def test_after_closing_a_silent_home_is_told_so_and_has_no_button(client: PageClient) -> None:
    voter = make_voter()
    with time_machine.travel(voter.round.closes_at + timedelta(minutes=1)):
        page = client.enter(voter.building, voter.digits)
    assert "您家没有表态" in page.text
    assert not page.all("a", class_="button")


def test_the_published_result_stands_on_the_own_page_too(client: PageClient) -> None:
    voter = make_voter()
    cast_quickly(voter.round, voter.home, YES, "request-1")
    with time_machine.travel(voter.round.closes_at + timedelta(hours=1)):
        actions.publish_result(voter.round, by=make_staff().identity)
        page = client.enter(voter.building, voter.digits)
    assert "1/6 户，16.6 %" in page.all("section")[0].text


def test_a_home_without_any_round_is_told_so(client: PageClient) -> None:
    building = make_building()
    page = client.enter(building, issue_code(homes_of(building)[0]))
    assert "现在没有征询" in page.text


def test_what_this_home_pays_is_reckoned_from_its_own_area(client: PageClient) -> None:
    building = make_building(size=6250)
    make_plan(building.compound, share_per_household=10_000, share_per_area=400)
    page = client.enter(building, issue_code(homes_of(building)[0]))
    assert "您家出 350 元" in page.text
    assert "您家每月 25 元" in page.text


def test_an_earlier_round_stays_on_the_page(client: PageClient) -> None:
    voter = make_voter(title="头一回征询")
    cast_quickly(voter.round, voter.home, YES, "request-1")
    with time_machine.travel(voter.round.closes_at + timedelta(hours=1)):
        actions.publish_result(voter.round, by=make_staff().identity)
    with time_machine.travel(queries.objections_end(voter.round)):
        actions.certify(voter.round, by=make_staff().identity)
        terms = actions.RoundTerms(
            "第二回征询", clock.now(), clock.now() + timedelta(days=9), "0953-5550100"
        )
        by = make_staff().identity
        second = actions.draft_round(
            voter.building.compound, terms, by=by, reopening_reason="方案改了"
        )
        actions.submit_round(second, by=by)
        actions.confirm_profile(second, by=make_staff().identity)
        actions.publish_register(second, by=by)
        page = client.enter(voter.building, voter.digits)
    titles = [heading.text for heading in page.all("h2")]
    assert titles.index("第二回征询") < titles.index("头一回征询")


def test_the_page_costs_few_queries_whatever_was_voted(
    client: PageClient, count_queries: Any
) -> None:
    voter = signed_in(client)
    for choices in ((YES, YES), (NO, YES), (NEITHER, NO)):
        vote(client, voter, *choices)
    with count_queries() as statements:
        client.get("rounds.home")
    # One of them asks who of the office opened what this home chose (T32).
    assert len(statements) <= 18, statements
