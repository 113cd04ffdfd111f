"""The board of a round that asks owners too: both bases, the elevator's entrance, the menu."""

import pytest

from app.core import clock
from app.core.db import db
from app.core.guards import Role
from app.desk import live
from app.desk.board import board_of
from app.rounds.counting import Choice
from app.rounds.models import Round
from app.rounds.queries import register_of
from tests.client import Node, Page, PageClient
from tests.desk.ballots import make_quick_round
from tests.factories import make_building, make_staff
from tests.rounds.mixed import let_vote, open_mixed_round

pytestmark = pytest.mark.usefixtures("session")

AGREE, DISAGREE, ABSTAIN = Choice.AGREE, Choice.DISAGREE, Choice.ABSTAIN


def board(client: PageClient, round_: Round) -> Page:
    client.sign_in(make_staff())
    return client.get("desk.board", round_id=round_.id)


def bases(panel: Node) -> list[list[str]]:
    """What stands beside 参加 and 同意, base by base."""
    return [[dd.text for dd in base.all("dd")] for base in panel.all("div", class_="base")]


def lines(node: Node) -> list[str]:
    """Where the threshold lines of the bars stand."""
    return [line["x1"] for line in node.all() if line.get("class") == "threshold"]


def test_an_owners_decision_shows_both_bases_with_their_own_lines(client: PageClient) -> None:
    round_ = open_mixed_round(12)
    let_vote(round_, *[AGREE] * 4, *[DISAGREE] * 4)
    fund = board(client, round_).all("section", class_="owners")[0]
    heads, area = bases(fund)
    assert heads[0].startswith("8／12 人，66.6 %；门槛 三分之二，够了")
    assert heads[1].startswith("4／8 人，50.0 %；门槛 超过 50 %，需要 5 人")
    assert area[0].startswith("640.00／960.00 m²，66.6 %；门槛 三分之二，够了")
    assert area[1].startswith("320.00／640.00 m²，50.0 %；门槛 超过 50 %，需要 320.01 m²")
    assert lines(fund) == ["66.6%", "50.0%"] * 2
    assert fund.one("p", class_="figure").text == "还没有达到"
    let_vote(round_, *[AGREE] * 5)
    live.forget()
    fund = board(client, round_).all("section", class_="owners")[0]
    assert fund.one("p", class_="figure").text == "已达到"


def test_too_little_participation_is_said_though_everybody_agrees(client: PageClient) -> None:
    round_ = open_mixed_round(12)
    let_vote(round_, *[AGREE] * 7)
    fund = board(client, round_).all("section", class_="owners")[0]
    heads, area = bases(fund)
    assert heads[0].startswith("7／12 人，58.3 %；门槛 三分之二，还差 1 人")
    assert area[0].endswith("门槛 三分之二，还差 80.00 m²")
    assert "7／7 人，100.0 %" in heads[1]
    assert fund.one("p", class_="figure").text == "还没有达到"


def test_the_bars_are_parts_of_the_right_whole() -> None:
    round_ = open_mixed_round(12)
    let_vote(round_, *[AGREE] * 4, *[DISAGREE] * 2)
    heads = board_of(round_).owners[0].bases[0]
    assert [(part.kind, part.width) for part in heads.taking_part] == [("voted", "50.0%")]
    assert [(part.kind, part.width) for part in heads.agreeing] == [
        ("agree", "66.6%"),
        ("disagree", "33.4%"),
    ]


def test_the_elevator_asks_its_entrance_alone(client: PageClient) -> None:
    round_ = open_mixed_round(12)
    let_vote(round_, *[AGREE] * 12)
    elevator = board(client, round_).all("section", class_="owners")[1]
    assert "只问 1号楼1单元" in elevator.one("h2").text
    assert bases(elevator)[0][0].startswith("6／6 人，100.0 %")
    assert "reached" in elevator["class"]


def test_owners_who_contradict_themselves_are_flagged(client: PageClient) -> None:
    round_ = open_mixed_round(12)
    first, second = register_of(round_.id)[:2]
    let_vote(round_, AGREE, DISAGREE)
    assert "名下几套房说的不一样" not in board(client, round_).text
    second.holder = first.holder
    round_.revision += 1
    live.forget()
    assert "1 位业主名下几套房说的不一样" in board(client, round_).text
    panel = board_of(round_).owners[0]
    assert (panel.divided, panel.bases[0].tally.abstain) == (1, 1)


def test_a_menu_is_a_ranking_and_no_decision(client: PageClient) -> None:
    round_ = open_mixed_round(12)
    let_vote(round_, AGREE, AGREE, ABSTAIN)
    rows = [row.text for row in board(client, round_).one("ol", class_="ranking").all("li")]
    assert rows == ["1长椅 3/12 户，25.0 %", "2晾衣架 0/12 户，0.0 %"]
    assert [wish.width for wish in board_of(round_).menus[0].wishes] == ["25.0%", "0.0%"]


def test_an_ordinary_round_has_no_such_panels(client: PageClient) -> None:
    page = board(client, make_quick_round(make_building(homes=4)))
    assert not page.all("section", class_="owners")
    assert not page.all("ol", class_="ranking")


def test_the_buildings_show_only_what_all_are_asked(client: PageClient) -> None:
    round_ = open_mixed_round(12)
    head = board(client, round_).one("table", class_="buildings").one("thead")
    assert [th.text for th in head.all("th")] == [
        "楼栋",
        "已表态",
        "未表态",
        "改造方案：同意",
        "还差",
        "物业管理方案：同意",
        "还差",
    ]


def test_owners_nobody_of_whom_took_part_are_no_part_of_nothing(client: PageClient) -> None:
    fund = board(client, open_mixed_round(12)).all("section", class_="owners")[0]
    assert [base[1] for base in bases(fund)] == ["还没有人参加", "还没有人参加"]
    assert "0／0" not in fund.text


def test_the_homes_of_owners_who_contradict_themselves_are_listed_for_the_office(
    client: PageClient,
) -> None:
    round_ = open_mixed_round(12)
    first, second = register_of(round_.id)[:2]
    let_vote(round_, AGREE, DISAGREE)
    client.sign_in(make_staff())
    assert not client.get("cases.conflicts", round_id=round_.id).all("h2", id="divided")
    second.holder = first.holder
    db.session.flush()
    panel = client.get("cases.conflicts", round_id=round_.id).one(
        "section", **{"aria-labelledby": "divided"}
    )
    # Both live in the entrance of the elevator, so that both questions name them.
    assert [a.text for a in panel.all("a")] == [first.label, second.label] * 2
    assert not any("同意" in homes.text for homes in panel.all("ul"))
    client.sign_in(make_staff(Role.WORKER))
    panel = client.get("cases.conflicts", round_id=round_.id).one(
        "section", **{"aria-labelledby": "divided"}
    )
    assert not panel.all("a")


def test_the_wall_says_for_whom_it_is_while_the_round_is_open(client: PageClient) -> None:
    round_ = open_mixed_round(4)
    words = "只给工作人员看"
    assert words not in board(client, round_).text
    assert words in client.get("desk.board", round_id=round_.id, wall=1).text
    round_.closes_at = clock.now()
    assert words not in client.get("desk.board", round_id=round_.id, wall=1).text
