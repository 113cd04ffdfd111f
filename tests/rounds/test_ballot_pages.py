"""A ballot with questions of every kind: who is asked what, and what is recorded."""

from typing import Any

import pytest
import sqlalchemy as sa

from app.rounds.matters import MatterTerms
from app.rounds.models import Subject, Vote, VoteChoice, VoteWish
from app.rounds.profile import Revote, Switches
from tests.client import Page, PageClient
from tests.factories import homes_of, make_building
from tests.rounds.asking import HIRE, MENU, Asked, asked, at_home, ballot, elevator, vote


def headings(page: Page) -> list[str]:
    return [heading.text for heading in page.one("main").all("h2")]


def questions(page: Page) -> list[str]:
    return [legend.text for legend in page.all("legend")]


def everything(client: PageClient) -> Asked:
    """The elevator is asked first, so that the page has to put the order right."""
    building = make_building(homes=6, entrances=2)
    return at_home(client, building, elevator(building), MENU, HIRE)


def form_of(client: PageClient, home: Asked) -> Page:
    return client.get("rounds.vote", round_id=home.round.id)


def test_consultations_come_first_then_owners_matters_then_menus(client: PageClient) -> None:
    home = everything(client)
    form = form_of(client, home)
    assert headings(form)[:3] == ["居民征询，一户一票", "业主表决", "想改什么"]
    assert questions(form) == [
        "1. 您家同意这份改造方案吗？",
        "2. 您家同意改造以后这样管理小区吗？",
        "3. 您同意本单元加装电梯吗？",
        "4. 您同意请安居物业来管吗？",
        "5. 您家最想先改什么？",
    ]
    assert "人数和面积分开算，和居民征询互不影响" in form.text


def test_without_other_matters_the_form_has_no_headings(client: PageClient) -> None:
    form = form_of(client, asked(client))
    assert headings(form)[:1] != ["居民征询，一户一票"]
    assert len(questions(form)) == 2


def test_an_elevator_is_asked_of_its_own_entrance_and_names_it(client: PageClient) -> None:
    building = make_building(homes=6, entrances=2)
    here = at_home(client, building, elevator(building))
    form = form_of(client, here)
    assert f"只问{building.name}1单元" in form.text
    other = make_building(homes=6, entrances=2)
    there = at_home(client, other, elevator(other, 1))
    assert len(questions(form_of(client, there))) == 2


def test_a_menu_is_optional_and_any_number_of_items_may_be_ticked(client: PageClient) -> None:
    home = asked(client, MENU)
    form = form_of(client, home)
    boxes = form.all("fieldset")[-1].all("input", type="checkbox")
    assert [box.get("required") for box in boxes] == [None] * 3
    assert not [box for box in boxes if box.get("checked") is not None]
    assert "可以多选，也可以不选" in form.text
    assert vote(client, home).h1 == "已经计入"


def test_wishes_go_through_the_review_into_the_record(
    client: PageClient, session: sa.orm.Session
) -> None:
    home = asked(client, MENU)
    menu = home.matter(Subject.MENU)
    wanted = [menu.options[0].id, menu.options[2].id]
    values = ballot(form_of(client, home), **{f"matter-{menu.id}": wanted})
    checked = client.follow(client.post("rounds.review", values, round_id=home.round.id))
    assert "楼道灯、晾衣架" in checked.one("dl").text
    hidden = checked.all("input", type="hidden", name=f"matter-{menu.id}")
    assert [int(node["value"]) for node in hidden] == wanted
    sent = {**checked.form_values("/vote"), f"matter-{menu.id}": wanted}
    receipt = client.follow(client.post("rounds.cast", sent, round_id=home.round.id))
    assert "楼道灯、晾衣架" in receipt.text
    assert sorted(session.scalars(sa.select(VoteWish.option_id))) == wanted


def test_going_back_keeps_the_ticks_and_a_later_form_remembers_them(client: PageClient) -> None:
    home = asked(client, MENU)
    menu = home.matter(Subject.MENU)
    wish = {f"matter-{menu.id}": [menu.options[1].id]}
    values = ballot(form_of(client, home), **wish)
    client.follow(client.post("rounds.review", values, round_id=home.round.id))
    back = client.get("rounds.edit", round_id=home.round.id)
    assert ticked(back) == [str(menu.options[1].id)]
    vote(client, home, **wish)
    assert ticked(form_of(client, home)) == [str(menu.options[1].id)]


def ticked(page: Page) -> list[str]:
    boxes = page.all("fieldset")[-1].all("input", type="checkbox")
    return [box["value"] for box in boxes if box.get("checked") is not None]


@pytest.mark.parametrize("strange", ["999999", "abc"])
def test_an_item_that_is_not_on_the_menu_is_refused(
    client: PageClient, session: sa.orm.Session, strange: str
) -> None:
    home = asked(client, MENU)
    menu = home.matter(Subject.MENU)
    values = ballot(form_of(client, home), **{f"matter-{menu.id}": [strange]})
    client.post("rounds.cast", values, 422, round_id=home.round.id)
    assert session.scalars(sa.select(Vote)).all() == []


def test_an_answer_to_a_question_one_is_not_asked_is_ignored(
    client: PageClient, session: sa.orm.Session
) -> None:
    building = make_building(homes=6, entrances=2)
    home = at_home(client, building, elevator(building, 1))
    theirs = home.matter(Subject.ELEVATOR).id
    vote(client, home, **{f"matter-{theirs}": "agree"})
    answered = set(session.scalars(sa.select(VoteChoice.matter_id)))
    assert answered == {m.id for m in home.round.matters} - {theirs}


def test_who_is_asked_nothing_is_told_so_and_records_nothing(
    client: PageClient, session: sa.orm.Session
) -> None:
    building = make_building(homes=6)
    homes_of(building)[0].premises.ownership = "直管公房"
    switches = Switches(public_tenant_counts=False)
    home = at_home(client, building, switches=switches)
    page = client.get("rounds.vote", 409, round_id=home.round.id)
    assert "您家不在这一轮的登记册里" in page.text
    assert not page.all("fieldset")
    values = {"request_id": "request-0001", "seen": "0.1"}
    refused = client.post("rounds.cast", values, 409, round_id=home.round.id)
    assert "您家不在这一轮的登记册里" in refused.text
    assert session.scalars(sa.select(Vote)).all() == []


@pytest.mark.parametrize(
    ("revote", "first", "second"),
    [
        (Revote.UNTIL_CLOSE, "截止以前还可以改", "截止以前还可以改"),
        (Revote.ONCE, "交了以后只能再改 1 次", "交了以后就不能再改"),
        (Revote.NONE, "交了以后就不能再改", ""),
    ],
)
def test_how_often_it_may_be_changed_is_said_before_it_is_sent(
    client: PageClient, revote: Revote, first: str, second: str
) -> None:
    home = asked(client, switches=Switches(revote=revote))
    assert first in reviewed(client, home).text
    vote(client, home)
    if second:
        assert second in reviewed(client, home).text


def reviewed(client: PageClient, home: Asked) -> Page:
    form = form_of(client, home)
    sent = client.post("rounds.review", ballot(form), round_id=home.round.id)
    return client.follow(sent)


@pytest.mark.parametrize(
    ("revote", "said"),
    [
        (Revote.UNTIL_CLOSE, "截止以前可以改"),
        (Revote.ONCE, "截止以前还可以改 1 次"),
        (Revote.NONE, "这一轮交了以后不能再改"),
    ],
)
def test_the_receipt_says_what_may_still_be_changed(
    client: PageClient, revote: Revote, said: str
) -> None:
    home = asked(client, switches=Switches(revote=revote))
    assert said in vote(client, home).text


def test_a_full_ballot_of_menus_fits_into_the_cookie(client: PageClient) -> None:
    options = tuple(f"第{number}种" for number in range(20))
    menus = [
        MatterTerms(Subject.MENU, f"菜单{number}", "想要什么？", "menu", options=options)
        for number in range(10)
    ]
    home = asked(client, *menus)
    form = form_of(client, home)
    boxes = form.all("input", type="checkbox")
    ticks: dict[str, Any] = {}
    for box in boxes:
        ticks.setdefault(box["name"], []).append(box["value"])
    words = "".join(chr(0x1F300 + number % 700) for number in range(0, 5000, 10))
    values = ballot(form, **ticks, comment=words)
    client.follow(client.post("rounds.review", values, round_id=home.round.id))
    cookie = client.http.get_cookie("juyi", domain="127.0.0.1")
    assert cookie is not None
    assert len(cookie.value) < 3900
