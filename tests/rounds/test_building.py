"""The building's page: one screen for anybody who stands in front of the poster."""

import gzip
import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from flask import current_app

from app.core import clock
from app.projects.models import FundingSource, Source
from app.rounds import actions, queries
from app.rounds.counting import Choice
from app.rounds.homes import told_apart
from app.rounds.models import Round
from tests.client import Page, PageClient
from tests.factories import (
    homes_of,
    make_building,
    make_compound,
    make_plan,
    make_round,
    make_staff,
)
from tests.rounds.mixed import open_mixed_round
from tests.rounds.voters import cast_quickly, make_voter, signed_in

FIRST_VIEW_BYTES = 10 * 1024


def text_of(client: PageClient, round_: Round) -> str:
    """The text of the first building's page of a round's compound."""
    return client.get("rounds.building", token=round_.compound.buildings[0].token).text


def test_one_screen_says_what_how_much_until_when_and_how_far(client: PageClient) -> None:
    voter = make_voter(closes_at=clock.now() + timedelta(days=15))
    cast_quickly(voter.round, voter.home, Choice.AGREE, "request-1")
    page = client.get("rounds.building", token=voter.building.token)
    assert page.h1 == f"{voter.building.compound.name} {voter.building.name}"
    for said in ("换水管、修屋面", "不用出钱", "截止", "还剩15天", "小区 1/6 户，16.6 %"):
        assert said in page.text


def test_every_way_on_is_a_link(client: PageClient) -> None:
    voter = make_voter()
    token = voter.building.token
    page = client.get("rounds.building", token=token)
    targets = {link["href"] for link in page.all("a")}
    assert {f"/b/{token}/plan", f"/b/{token}/enter", f"/b/{token}/comments"} <= targets
    assert "tel:0953-5550100" in targets


def test_it_says_how_to_know_a_swapped_poster_and_that_nobody_asks_for_money(
    client: PageClient,
) -> None:
    page = client.get("rounds.building", token=make_building().token)
    assert "清风 石榴" in page.text
    assert "就是码被人换了" in page.text
    assert "我们不会向您要钱，也不要身份证号和银行卡号。" in page.text
    assert "工作人员可以上门" in page.text


@pytest.mark.parametrize(
    ("per_household", "per_area", "said"),
    [
        (0, 0, "不用出钱"),
        (80_000, 0, "每户 800 元"),
        (0, 400, "每平方米 4 元 （80 平方米的房子共 320 元）"),
        (30_000, 450, "每户 300 元，另加每平方米 4.50 元 （80 平方米的房子共 660 元）"),
    ],
)
def test_what_a_home_pays_is_said_by_its_rule(
    client: PageClient, per_household: int, per_area: int, said: str
) -> None:
    building = make_building()
    make_plan(building.compound, share_per_household=per_household, share_per_area=per_area)
    assert said in client.get("rounds.building", token=building.token).text


def test_a_long_summary_stands_there_by_its_first_sentences_and_a_way_to_the_rest(
    client: PageClient,
) -> None:
    building = make_building()
    make_plan(building.compound).summary = (
        "换水管，修屋面。" + "院里铺平、补路灯。" * 9 + "每户出 260 元。"
    )
    brief = client.get("rounds.building", token=building.token).one("p", class_="brief")
    assert brief.text.startswith("换水管，修屋面。院里铺平")
    assert brief.text.endswith("补路灯。 全文")
    assert brief.one("a")["href"] == f"/b/{building.token}/plan"
    make_plan(building.compound)
    brief = client.get("rounds.building", token=building.token).one("p", class_="brief")
    assert "全文" not in brief.text


def test_the_monthly_fee_is_said_for_a_home_with_its_first_step(client: PageClient) -> None:
    building = make_building()
    make_plan(building.compound)
    page = client.get("rounds.building", token=building.token)
    assert "每平方米每月 0.40 元，80 平方米每月 32 元第一年由镇里补贴一半" in page.text


def test_what_else_the_round_asks_in_this_building_is_named(client: PageClient) -> None:
    round_ = open_mixed_round()
    elsewhere = make_building(round_.compound)
    said = "除了方案，这一轮还问 %s 件事："
    assert said % 3 + "使用维修资金、加装电梯、先改什么" in text_of(client, round_)
    page = client.get("rounds.building", token=elsewhere.token)
    assert said % 2 + "使用维修资金、先改什么" in page.text
    assert "这一轮还问" not in text_of(client, make_voter().round)


def test_that_paying_is_signed_for_apart_is_said_where_a_home_pays(client: PageClient) -> None:
    building = make_building()
    note = "每户 260 元。同意方案不等于同意交钱，交钱另签字。"
    make_plan(building.compound, share_per_household=26_000).share_note = note
    page = client.get("rounds.building", token=building.token)
    assert "每户 260 元 同意方案不等于同意交钱，交钱另签字 物业费" in page.text
    make_plan(building.compound, share_per_household=26_000)
    assert "另签字" not in client.get("rounds.building", token=building.token).text


def test_who_pays_by_the_words_of_the_plan_alone_is_not_told_that_nobody_pays(
    client: PageClient,
) -> None:
    building = make_building()
    version = make_plan(building.compound)
    version.share_note = "只有一楼的铺面每间出 500 元。"
    version.sources.append(FundingSource(source=Source.RESIDENTS, amount=100_000))
    page = client.get("rounds.building", token=building.token)
    assert "只有一楼的铺面每间出 500 元。" in page.one("dl", class_="at-a-glance").text
    assert "不用出钱" not in page.one("dl", class_="at-a-glance").text


def test_the_button_names_the_doors_that_there_are(
    client: PageClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    voter = make_voter()
    page = client.get("rounds.building", token=voter.building.token)
    assert page.one("a", class_="button").text == "我要表态凭户码单上的户码"
    monkeypatch.setitem(current_app.extensions, "juyi_gateway", object())
    page = client.get("rounds.building", token=voter.building.token)
    assert page.one("a", class_="button").text == "我要表态凭户码单，或登记过的手机号"


def test_without_a_plan_it_says_so(client: PageClient) -> None:
    page = client.get("rounds.building", token=make_building().token)
    assert "改造方案还没有公布" in page.text
    assert "现在没有征询" in page.text


def test_a_round_in_preparation_is_not_shown(client: PageClient) -> None:
    building = make_building()
    terms = actions.RoundTerms("秘密的第一轮", clock.now(), clock.now() + timedelta(days=9), "0953")
    actions.draft_round(building.compound, terms, by=make_staff().identity)
    page = client.get("rounds.building", token=building.token)
    assert "秘密" not in page.html
    assert "现在没有征询" in page.text


def test_a_frozen_round_says_when_it_is_to_begin(client: PageClient) -> None:
    round_ = make_round(make_building().compound, opened=False)
    text = text_of(client, round_)
    assert "还没有开始表态" in text
    assert "我要表态" not in text


def test_after_the_minute_it_says_closed_and_shows_no_numbers(client: PageClient) -> None:
    voter = make_voter()
    cast_quickly(voter.round, voter.home, Choice.DISAGREE, "request-1")
    with time_machine.travel(voter.round.closes_at):
        text = text_of(client, voter.round)
    assert "已经截止，正在核对票数" in text
    assert "我要表态" not in text
    assert "户，" not in text


def test_the_published_result_counts_first_and_percents_second(client: PageClient) -> None:
    round_ = finished_round()
    with time_machine.travel(round_.closes_at + timedelta(hours=1)):
        actions.publish_result(round_, by=make_staff().identity)
        text = text_of(client, round_)
    assert "已经截止，这是初步结果" in text
    assert "改造方案：没有达到 80 %，还差 1 户" in text
    assert "4/6 户，66.6 %" in text


def test_the_certified_result_is_said_to_be_final(client: PageClient) -> None:
    round_ = finished_round()
    with time_machine.travel(round_.closes_at + timedelta(hours=1)):
        actions.publish_result(round_, by=make_staff().identity)
    with time_machine.travel(queries.objections_end(round_)):
        actions.certify(round_, by=make_staff().identity)
        assert "结果已经确认" in text_of(client, round_)


def finished_round() -> Round:
    """Six homes, of which four agreed and one disagreed."""
    building = make_building()
    round_ = make_round(building.compound)
    answers = [Choice.AGREE] * 4 + [Choice.DISAGREE]
    for number, (home, choice) in enumerate(zip(homes_of(building), answers, strict=False)):
        cast_quickly(round_, home, choice, f"request-{number}")
    return round_


def test_no_public_page_depends_on_what_was_chosen_while_open(client: PageClient) -> None:
    voter = make_voter()
    token = voter.building.token
    urls = [f"/b/{token}", f"/b/{token}/enter", f"/b/{token}/plan", f"/b/{token}/comments"]
    client.visit(urls[0])
    seen = []
    with time_machine.travel(clock.now(), tick=False):
        for number, choice in enumerate(Choice):
            receipt = cast_quickly(voter.round, voter.home, choice, f"request-{number}", number)
            pages = [client.raw("get", url).data for url in urls]
            proof = client.get("rounds.receipt", code=receipt.code).html
            seen.append([*pages, proof.replace(receipt.code, "")])
    assert seen[0][:-1] == seen[1][:-1] == seen[2][:-1]
    assert not [word for word in ("同意", "弃权") if any(word in pages[-1] for pages in seen)]


def test_a_building_of_fewer_than_five_homes_is_not_told_apart(client: PageClient) -> None:
    compound = make_compound()
    small, large = make_building(compound, homes=4), make_building(compound, homes=9)
    third = make_building(compound, homes=12)
    round_ = make_round(compound)
    cast_quickly(round_, homes_of(large)[0], Choice.AGREE, "request-1")
    assert "本楼" not in client.get("rounds.building", token=small.token).text
    assert "本楼" not in client.get("rounds.building", token=large.token).text
    page = client.get("rounds.building", token=third.token)
    assert "小区 1/25 户，4.0 % 本楼 0/12 户，0.0 %" in page.text


@pytest.mark.parametrize(
    ("households", "shown"),
    [
        ({1: 5}, {1}),
        ({1: 4}, set()),
        ({1: 5, 2: 30}, {1, 2}),
        ({1: 4, 2: 30}, set()),
        ({1: 4, 2: 7, 3: 30}, {3}),
        ({1: 3, 2: 3, 3: 7, 4: 30}, {3, 4}),
        ({}, set()),
    ],
)
def test_subtracting_from_the_total_recovers_no_small_building(
    households: dict[int, int], shown: set[int]
) -> None:
    assert told_apart(households) == shown


def test_an_unknown_building_is_not_found(client: PageClient) -> None:
    assert client.get("rounds.building", 404, token="nowhere").h1 == "没有找到这一页"


def test_a_household_at_home_goes_straight_to_the_form(client: PageClient) -> None:
    voter = signed_in(client)
    page = client.get("rounds.building", token=voter.building.token)
    assert page.one("a", class_="button")["href"] == f"/rounds/{voter.round.id}/vote"


def test_a_household_of_another_compound_needs_a_code_of_this_one(client: PageClient) -> None:
    signed_in(client)
    other = make_voter()
    page = client.get("rounds.building", token=other.building.token)
    assert page.one("a", class_="button")["href"] == f"/b/{other.building.token}/enter"


def test_whoever_has_voted_is_told_so_and_led_to_its_own_page(client: PageClient) -> None:
    voter = signed_in(client)
    assert "我要表态" in client.get("rounds.building", token=voter.building.token).text
    cast_quickly(voter.round, voter.home, Choice.AGREE, "request-1")
    page = client.get("rounds.building", token=voter.building.token)
    assert "您家已经表态" in page.text
    assert page.one("a", class_="button")["href"] == "/home"


def test_the_page_costs_few_queries(client: PageClient, count_queries: Any) -> None:
    voter = signed_in(client)
    with count_queries() as statements:
        client.get("rounds.building", token=voter.building.token)
    # One of them is for whoever is signed in: whether its home has voted.
    assert len(statements) <= 11, statements


def test_the_first_view_is_small(client: PageClient) -> None:
    voter = make_voter()
    page = client.get("rounds.building", token=voter.building.token)
    bodies = [page.html.encode(), *(_asset(client, url) for url in _assets(page))]
    assert len(bodies) >= 2
    assert sum(len(gzip.compress(body)) for body in bodies) <= FIRST_VIEW_BYTES


def _assets(page: Page) -> list[str]:
    return re.findall(r'(?:src|rel="stylesheet" href)="([^"]+)"', page.html)


def _asset(client: PageClient, url: str) -> bytes:
    with client.raw("get", url) as response:
        assert response.status_code == 200
        return bytes(response.data)


def test_who_is_in_finds_the_way_home_from_checking_a_receipt(client: PageClient) -> None:
    assert "回到我家" not in client.get("rounds.check").text
    signed_in(client)
    assert "/home" in {link["href"] for link in client.get("rounds.check").all("a")}


def test_the_front_page_says_what_a_resident_finds_behind_the_poster(client: PageClient) -> None:
    text = client.get("site.start").text
    assert "您家出多少钱、到哪天截止" in text
    assert "打海报上的社区电话" in text


def test_the_language_is_named_once_in_its_own_language(client: PageClient) -> None:
    client.http.set_cookie("language", "en", domain="127.0.0.1")
    sign = client.get("site.start").one("details", class_="language").one("summary").text
    assert sign.count("Language") == 1
    page = client.get("rounds.building", token=make_voter().building.token)
    assert "written in Chinese" in page.text


def test_every_later_page_keeps_the_phone_of_the_office(client: PageClient) -> None:
    client.get("rounds.building", token=make_building().token)
    for page in (client.get("rounds.check"), client.visit("/no-such-page", 404)):
        assert page.one("a", class_="phone")["href"] == "tel:0953-5550100"
