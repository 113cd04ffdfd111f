"""A household says that something is wrong, and reads the answer."""

import pytest
import time_machine

from app.rounds import actions, objections, queries
from app.rounds.cases import Effect, ObjectionKind
from app.rounds.objections import Answer, objections_of
from tests.client import Page, PageClient
from tests.factories import homes_of, issue_code, make_building, make_staff
from tests.rounds.asking import Asked, asked
from tests.rounds.offices import Office, open_round

WORDS = {"kind": "register", "words": "二楼漏了一户"}


def page_of(client: PageClient, home: Asked) -> Page:
    return client.get("rounds.object", round_id=home.round.id)


def send(client: PageClient, home: Asked, status: int = 303, **values: str) -> Page:
    answer = client.post("rounds.object", {**WORDS, **values}, status, round_id=home.round.id)
    return client.follow(answer) if status == 303 else answer


def at_the_register(client: PageClient) -> Asked:
    """A household while the register hangs for objections."""
    building = make_building(homes=6)
    round_ = open_round(building.compound, until="published")
    own = homes_of(building)[0]
    client.enter(building, issue_code(own))
    return Asked(building, round_, own, Office())


def test_the_five_kinds_stand_in_plain_words_and_none_is_chosen(client: PageClient) -> None:
    page = page_of(client, asked(client))
    assert [label.text for label in page.one("fieldset").all("label")] == [
        "登记册里没有我家，或者登错了",
        "没有收到通知或户码",
        "不是我家表的态",
        "录入的和我交的不一样",
        "对方案内容有意见",
    ]
    assert not [r for r in page.all("input", type="radio") if r.get("checked") is not None]


def test_an_objection_is_recorded_with_its_home_and_shown_as_waiting(client: PageClient) -> None:
    home = asked(client)
    page = send(client, home)
    assert "收到了，这是第 1 号异议" in page.text
    assert "二楼漏了一户" in page.text
    assert "社区已经收到，还没有答复" in page.text
    [raised] = objections_of(home.round.id)
    assert (raised.kind, raised.household_id) == (ObjectionKind.REGISTER, home.home.id)
    assert raised.place == home.home.address
    assert raised.raised_by_id is None


def test_while_the_register_hangs_it_can_be_objected_to(client: PageClient) -> None:
    home = at_the_register(client)
    client.get("rounds.register", token=home.building.token)
    assert "第 1 号异议" in send(client, home).text


def test_what_is_missing_is_asked_for_and_nothing_is_lost(client: PageClient) -> None:
    home = asked(client)
    page = send(client, home, 422, kind="")
    assert "请选是哪一种" in page.text
    assert page.form_values("/objections")["words"] == "二楼漏了一户"
    page = send(client, home, 422, words="   ")
    assert "请写清楚是怎么回事" in page.text
    assert page.form_values("/objections")["kind"] == "register"
    send(client, home, 422, words="长" * 501)
    send(client, home, 422, kind="strange")
    assert objections_of(home.round.id) == []


def test_its_state_and_its_answer_are_told(client: PageClient) -> None:
    home = asked(client)
    send(client, home)
    [raised] = objections_of(home.round.id)
    objections.take(raised, by=home.office.first)
    assert "正在核实，还没有答复" in page_of(client, home).text
    answer = Answer("查过了，没有漏。", Effect.NONE)
    decision = objections.propose_answer(raised, answer, by=home.office.first)
    assert "查过了" not in page_of(client, home).text
    home.office.agrees(decision)
    text = page_of(client, home).text
    assert "查过了，没有漏。" in text
    assert "不改动票数" in text


def test_what_the_office_wrote_down_for_the_household_stands_there_too(client: PageClient) -> None:
    home = asked(client)
    complaint = objections.Complaint(
        ObjectionKind.NOT_RECEIVED, home.home.address, "没收到户码单", home.home.id
    )
    objections.raise_objection(home.round, complaint, by=home.office.first)
    assert "工作人员替您家登记" in page_of(client, home).text


def test_a_neighbour_sees_nothing_of_it(client: PageClient) -> None:
    home = asked(client)
    send(client, home)
    client.enter(home.building, issue_code(home.homes[1]))
    assert "二楼漏了一户" not in page_of(client, home).html


def test_a_fourth_open_objection_is_kindly_refused_and_its_words_stay(client: PageClient) -> None:
    home = asked(client)
    for number in range(objections.MOST_OPEN):
        send(client, home, words=f"第{number}件")
    page = send(client, home, 422, words="还有一件")
    assert "请等答复或打社区电话" in page.one("div", role="alert").text
    assert page.form_values("/objections")["words"] == "还有一件"
    assert len(objections_of(home.round.id)) == objections.MOST_OPEN


def test_the_term_is_told_and_after_it_the_form_is_gone(client: PageClient) -> None:
    home = asked(client)
    with time_machine.travel(home.round.closes_at, tick=False):
        actions.publish_result(home.round, by=make_staff().identity)
        code = issue_code(home.home)
        client.enter(home.building, code)
        assert "以前可以提" in page_of(client, home).text
    with time_machine.travel(queries.objections_end(home.round), tick=False):
        client.enter(home.building, code)
        page = page_of(client, home)
        assert "异议期已经过了" in page.text
        assert not page.all("textarea")
        assert len(page.all("a", href="tel:0953-5550100")) == 2
        refused = send(client, home, 422)
    assert "异议期已经过了" in refused.text
    assert objections_of(home.round.id) == []


def test_the_way_there_stands_at_home_at_the_register_and_at_the_rules(client: PageClient) -> None:
    home = asked(client)
    token = {"token": home.building.token}
    for name, values in (
        ("rounds.home", {}),
        ("rounds.building", token),
        ("rounds.register", token),
        ("rounds.rules", token),
    ):
        page = client.get(name, **values)
        assert len(page.all("a", href=f"/rounds/{home.round.id}/objections")) == 1, name


def test_without_a_code_the_register_says_that_a_call_will_do(client: PageClient) -> None:
    building = make_building()
    open_round(building.compound, until="published")
    page = client.get("rounds.register", token=building.token)
    assert "没有户码也行，打社区电话" in page.text
    assert not page.all("a", href="/objections")


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_household_of_another_compound_cannot_object(client: PageClient, method: str) -> None:
    first = asked(client)
    asked(client)
    if method == "get":
        client.get("rounds.object", 404, round_id=first.round.id)
    else:
        client.post("rounds.object", WORDS, 404, round_id=first.round.id)
    assert objections_of(first.round.id) == []
