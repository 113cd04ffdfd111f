"""Votes that do not count now, and what waits: on the board, on the list of doors, on the home."""

from datetime import timedelta

import pytest

from app.core.format import as_moment
from app.core.guards import Identity, Role
from app.desk import live
from app.desk.queries import compound_line
from app.doors.queries import voices_of
from app.rounds import actions as rounds
from app.rounds.cases import ObjectionKind
from app.rounds.changes import propose_extension, propose_plan_change
from app.rounds.conflicts import propose_dispute
from app.rounds.counting import Choice
from app.rounds.decisions import Grounds, approve
from app.rounds.models import Round, Voice
from app.rounds.objections import Complaint, raise_objection
from app.rounds.queries import register_of
from app.rounds.register import propose_removal
from tests.client import Page, PageClient
from tests.factories import make_area, make_building, make_plan, make_round, make_staff
from tests.rounds.mixed import let_vote

AGREE = Choice.AGREE
GROUNDS = Grounds("有单位的证明", "介绍信")


@pytest.fixture
def two() -> tuple[Identity, Identity]:
    """Two persons of the office."""
    return make_staff().identity, make_staff().identity


@pytest.fixture
def round_(session: object) -> Round:
    """Ten homes, of which five have agreed to a plan that then changed; one confirmed since."""
    round_ = make_round(make_building(homes=10).compound)
    let_vote(round_, *[AGREE] * 5)
    version, first, second = make_plan(round_.compound), make_staff(), make_staff()
    change = propose_plan_change(
        round_, version, is_material=True, grounds=GROUNDS, by=first.identity
    )
    approve(change, by=second.identity)
    let_vote(round_, AGREE)
    return round_


def board(client: PageClient, round_: Round) -> Page:
    live.forget()
    client.sign_in(make_staff())
    return client.get("desk.board", round_id=round_.id)


def test_a_vote_to_confirm_is_told_apart_from_silence(client: PageClient, round_: Round) -> None:
    page = board(client, round_)
    panel = page.all("section", class_="standing")[0]
    assert panel.one("p", class_="figure").text == "1/10 户，10.0 %，还差 7 户"
    assert "现行版本同意 1 户；另有 4 户待重新确认" in panel.text
    split = panel.one("ul", class_="split").text
    assert split == "同意 1 不同意 0 弃权 0 未表态 5 待重新确认 4"
    assert "没有算进来的 9 户里再有 7 户同意就够" in panel.text
    row = page.one("table", class_="buildings").one("tbody").all("tr")[0]
    assert [cell.text for cell in row.all("td")][:2] == ["1/10", "9 户"]


def test_doors_are_labelled_by_why_one_calls(
    client: PageClient, round_: Round, two: tuple[Identity, Identity]
) -> None:
    disputed = register_of(round_.id)[2]
    approve(propose_dispute(disputed, GROUNDS, by=two[0]), by=two[1])
    client.sign_in(make_staff())
    page = client.get("doors_staff.doors", round_id=round_.id)
    told = [item.text for item in page.one("ul", class_="voices").all("li")]
    assert [item.split("：")[0] for item in told] == [
        "未表态 5 户",
        "待重新确认 3 户",
        "有争议 1 户",
    ]
    rows = {tr.one("th").text: tr.all("td")[2].text for tr in page.one("tbody").all("tr")[1:]}
    assert list(rows.values()) == ["待重新确认", "有争议", *["待重新确认"] * 2, *["未表态"] * 5]
    assert voices_of(round_.id)[Voice.DISPUTED] == 1
    assert "有争议，暂不计票 1 户" in board(client, round_).text


def test_a_later_deadline_and_a_changed_register_are_told_on_the_board(
    client: PageClient, round_: Round, two: tuple[Identity, Identity]
) -> None:
    assert "原定" not in board(client, round_).text
    before = round_.closes_at
    later = before + timedelta(days=2)
    extension = propose_extension(round_, later, GROUNDS, by=two[0])
    assert "原定" not in board(client, round_).text
    approve(extension, by=two[1])
    approve(propose_removal(register_of(round_.id)[-1], GROUNDS, by=two[0]), by=two[1])
    page = board(client, round_)
    assert f"截止时间延长过，原定 {as_moment(before)}" in page.text
    assert "登记册锁定后有增减：+0 −1" in page.text
    assert "1/9 户，11.1 %" in page.text


def test_what_waits_leads_to_its_page_from_the_board_and_from_the_home(
    client: PageClient, round_: Round, two: tuple[Identity, Identity]
) -> None:
    propose_removal(register_of(round_.id)[-1], GROUNDS, by=two[0])
    raise_objection(round_, Complaint(ObjectionKind.CONTENT, "1号楼101", "树别动"))
    waiting = {
        f"/desk/rounds/{round_.id}/decisions": "1 件事等第二人决定",
        f"/desk/rounds/{round_.id}/objections": "1 件异议没有答复",
    }
    page = board(client, round_)
    links = {link["href"]: link.text for link in page.one("p", class_="waiting").all("a")}
    assert links == waiting
    told = {link["href"]: link.text for link in client.get("desk.home").one("main").all("a")}
    place = round_.compound.name
    assert told[f"/desk/rounds/{round_.id}/decisions"] == f"{place} 决定 1 件事"
    assert told[f"/desk/rounds/{round_.id}/objections"] == f"{place} 答复 1 件异议"
    compound = client.get("desk.compound", compound_id=round_.compound_id)
    links = {link["href"]: link.text for link in compound.one("p", class_="pending").all("a")}
    assert links == waiting


def test_nobody_hears_of_what_waits_in_another_area(client: PageClient, round_: Round) -> None:
    raise_objection(round_, Complaint(ObjectionKind.CONTENT, "1号楼101", "树别动"))
    client.sign_in(make_staff(Role.WORKER, make_area()))
    assert "异议" not in client.get("desk.home").text


def test_a_withdrawn_round_is_listed_with_its_reason_but_was_never_the_last(
    client: PageClient,
) -> None:
    round_ = make_round(make_building().compound, opened=False)
    rounds.withdraw_round(round_, "改到春节以后。", by=make_staff().identity)
    assert compound_line(round_.compound_id).round is None
    client.sign_in(make_staff())
    page = client.get("desk.compound", compound_id=round_.compound_id)
    row = next(tr for tr in page.all("tr") if "撤回" in tr.text)
    assert "撤回的理由：改到春节以后。" in row.text
    assert row.all("td")[0].text == "已撤回"
    assert f"/desk/compounds/{round_.compound_id}/rounds/new" in {
        link["href"] for link in page.all("a")
    }
