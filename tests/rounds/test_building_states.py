"""The building's page in every state of a round: where it stands, what to do, its link."""

from datetime import timedelta

import pytest
import time_machine

from app.rounds import actions, queries
from app.rounds.counting import Choice
from app.rounds.lifecycle import State
from tests.client import Page, PageClient
from tests.factories import homes_of, issue_code, make_building, make_plan, make_staff
from tests.rounds.lives import Life, draft, go_to, life_in
from tests.rounds.voters import cast_quickly, make_voter

NOTHING = "现在没有征询。要开始的时候，社区会在单元门口贴通知，还是扫这个码。"
READ = "看方案：改什么、怎么管"
# State, what the page says of it, its one button, and the end of its title.
STATES = [
    (State.DRAFT, NOTHING, READ, "：改造方案"),
    (State.REVIEW, NOTHING, READ, "：改造方案"),
    (
        State.REGISTER,
        "还没有开始表态。登记册已按房号公示，看看有没有漏掉您家。",
        "看登记册：有没有漏掉您家",
        "：改造方案就要征求意见",
    ),
    (
        State.FROZEN,
        "还没有开始表态。登记册已按房号公示，看看有没有漏掉您家。",
        "看登记册：有没有漏掉您家",
        "：改造方案就要征求意见",
    ),
    (
        State.OPEN,
        "小区要改造，正在征求各家意见 12月5日（周六）15:00 截止还剩15天",
        "我要表态凭户码单上的户码",
        "：改造方案征求意见，12月5日（周六）15:00 截止",
    ),
    (
        State.CLOSED,
        "已经截止，正在核对票数。结果会在这里公布，也会贴在单元门口。",
        READ,
        "：改造方案征求意见，已经截止",
    ),
    (
        State.PRELIMINARY,
        "已经截止，这是初步结果。有异议，请在 2026年12月15日 00:00 以前提出："
        "填户码进您家提，或者打社区电话。 没有通过。改造方案和物业管理方案两项都要通过，才能开工。",
        "觉得不对？提异议凭户码单上的户码",
        "：改造方案征求意见的结果",
    ),
    (
        State.CERTIFIED,
        "征询结束，结果已经确认。 没有通过。改造方案和物业管理方案两项都要通过，才能开工。",
        "看结果：一项一项看",
        "：改造方案征求意见的结果",
    ),
    (
        State.ARCHIVED,
        "征询结束，结果已经确认。 没有通过。改造方案和物业管理方案两项都要通过，才能开工。",
        "看结果：一项一项看",
        "：改造方案征求意见的结果",
    ),
]


def page_of(client: PageClient, life: Life) -> Page:
    return client.get("rounds.building", token=life.building.token)


def button(page: Page) -> str:
    return page.one("section", class_="here").one("a", class_="button").text


def shared(page: Page) -> str:
    """What a messenger calls the link."""
    return page.one("meta", property="og:title")["content"]


@pytest.mark.parametrize(("state", "said", "way", "title"), STATES)
def test_each_state_says_where_it_stands_and_the_one_thing_to_do(
    client: PageClient, state: State, said: str, way: str, title: str
) -> None:
    with life_in(state) as life:
        page = page_of(client, life)
        first = page.one("section", class_="here").text
        assert said in first
        assert "换水管、修屋面、补路灯" in first
        assert "您家出 不用出钱" in first
        assert button(page) == way
        assert shared(page) == page.h1 + title
        assert page.title == f"{shared(page)} · 居议"
        assert page.one("section", class_="here").one("p", class_="call").one("a")["href"] == (
            "tel:0953-5550100"
        )


def test_every_state_is_in_the_table() -> None:
    assert [row[0] for row in STATES] == list(State)


@pytest.mark.parametrize("state", [s for s in State if s != State.OPEN])
def test_how_far_it_is_stands_there_only_while_open(client: PageClient, state: State) -> None:
    with life_in(state) as life:
        assert "已参加" not in page_of(client, life).one("section", class_="here").text
    with life_in(State.OPEN) as life:
        assert "已参加 小区 0/6 户，0.0 %" in page_of(client, life).text


def test_a_round_given_up_says_why_and_that_nothing_is_open(client: PageClient) -> None:
    with life_in(State.FROZEN, withdrawn=True) as life:
        page = page_of(client, life)
        assert (
            "这一轮征询撤回了，不再进行。重新开始的时候，社区会在单元门口贴通知。 原因：方案要重做"
            in page.one("section", class_="here").text
        )
        assert button(page) == READ
        assert shared(page) == f"{page.h1}：改造方案"


def test_where_nothing_is_planned_yet_there_is_only_the_phone(client: PageClient) -> None:
    building = make_building()
    page = client.get("rounds.building", token=building.token)
    here = page.one("section", class_="here")
    assert "改造方案还没有公布" in here.text
    assert NOTHING in here.text
    assert [a["href"] for a in here.all("a")] == ["tel:0953-5550100"]
    assert shared(page) == page.h1
    assert not page.all("meta", property="og:description")


def test_a_result_that_both_questions_carried_says_so(client: PageClient) -> None:
    voter = make_voter()
    for number, home in enumerate(homes_of(voter.building)):
        cast_quickly(voter.round, home, Choice.AGREE, f"request-{number}")
    with time_machine.travel(voter.round.closes_at + timedelta(hours=1)):
        actions.publish_result(voter.round, by=make_staff().identity)
    with time_machine.travel(queries.objections_end(voter.round)):
        actions.certify(voter.round, by=make_staff().identity)
        page = client.get("rounds.building", token=voter.building.token)
    assert "改造方案、物业管理方案都通过了。" in page.one("section", class_="here").text


def test_after_the_days_for_objections_the_button_leads_to_the_result(client: PageClient) -> None:
    with life_in(State.PRELIMINARY) as life:
        life.settle_everything()
        page = page_of(client, life)
        assert "异议期已经满了，等另一位工作人员确认结果。" in page.text
        assert button(page) == "看结果：一项一项看"
        assert page.one("section", id="result")


def test_at_home_the_button_leads_on_without_a_code(client: PageClient) -> None:
    with life_in(State.PRELIMINARY) as life:
        client.enter(life.building, issue_code(life.home()))
        way = page_of(client, life).one("section", class_="here").one("a", class_="button")
        assert way["href"] == f"/rounds/{life.round.id}/objections"
        assert way.text == "觉得不对？提异议"


def test_a_building_says_what_is_planned_for_it_alone(client: PageClient) -> None:
    first = make_building()
    second, third = make_building(first.compound), make_building(first.compound)
    make_plan(first.compound, by_building="1号楼：第一批做。\n2 号楼：第二批做。")
    texts = [
        client.get("rounds.building", token=one.token).one("section", class_="here").text
        for one in (first, second, third)
    ]
    assert "1号楼 第一批做。" in texts[0]
    assert "2号楼 第二批做。" in texts[1]
    assert not [text for text in texts[:1] if "第二批" in text]
    assert not [words for words in ("第一批", "第二批", "3号楼") if words in texts[2]]


def test_nobody_is_told_a_choice_a_count_or_a_name_by_the_link(client: PageClient) -> None:
    voter = make_voter()
    cast_quickly(voter.round, voter.home, Choice.AGREE, "request-1")
    page = client.get("rounds.building", token=voter.building.token)
    words = " ".join(meta["content"] for meta in page.all("meta") if meta.get("property"))
    assert "换水管" in words
    assert not [told for told in ("王", "1/6", "16.6", "同意") if told in words]


def test_asking_again_is_said_at_once_and_why_below(client: PageClient) -> None:
    with life_in(State.CERTIFIED) as life:
        life.round = draft(life.building, by=life.first, why="物业费改低了")
        go_to(life, State.OPEN)
        page = page_of(client, life)
        here = page.one("section", class_="here")
        assert here.one("h2").text == "小区要改造，重新征求各家意见"
        assert "物业费改低了" not in here.text
        assert "为什么再问一次：物业费改低了" in page.text
