"""A receipt says to anybody whether it counts, and to its household alone what it says."""

import pytest

from app.core.format import as_moment
from app.rounds.counting import Choice
from tests.client import PageClient
from tests.factories import homes_of, issue_code
from tests.rounds.voters import cast_quickly, make_voter, signed_in, vote

YES, NO = Choice.AGREE, Choice.DISAGREE
WORDS = ("同意", "弃权")


def test_the_household_sees_that_it_counts_and_what_it_says(client: PageClient) -> None:
    voter = signed_in(client)
    page = client.follow(vote(client, voter, YES, NO, comment="谢谢"))
    assert page.h1 == "已经计入"
    facts = page.one("dl", class_="facts").text
    for said in (voter.home.address, "手机", "改造方案 同意", "物业管理方案 不同意", "谢谢"):
        assert said in facts
    assert "第 1 条" not in facts


def test_somebody_else_sees_that_it_counts_and_nothing_of_whom_or_what(client: PageClient) -> None:
    voter = make_voter()
    receipt = cast_quickly(voter.round, voter.home, YES, "request-1")
    page = client.get("rounds.receipt", code=receipt.code)
    assert page.h1 == "已经计入"
    assert f"核对用的编号 {receipt.seq}（" in page.text
    assert voter.home.address not in page.html
    assert not [word for word in WORDS if word in page.html]


def test_a_neighbour_sees_no_more_than_a_stranger(client: PageClient) -> None:
    voter = make_voter()
    receipt = cast_quickly(voter.round, voter.home, YES, "request-1")
    client.enter(voter.building, issue_code(homes_of(voter.building)[1]))
    page = client.get("rounds.receipt", code=receipt.code)
    assert voter.home.address not in page.html
    assert not [word for word in WORDS if word in page.html]


def test_a_vote_that_was_changed_is_said_to_be_superseded(client: PageClient) -> None:
    voter = make_voter()
    first = cast_quickly(voter.round, voter.home, YES, "request-1")
    second = cast_quickly(voter.round, voter.home, NO, "request-2", seen=1)
    assert client.get("rounds.receipt", code=first.code).h1 == "已被后来的表态替换"
    assert client.get("rounds.receipt", code=second.code).h1 == "已经计入"


@pytest.mark.parametrize("code", ["AAAA", "ABCDEFGHIJKL", "<b>1", "x" * 300, "户码"])
def test_an_unknown_code_is_explained(client: PageClient, code: str) -> None:
    page = client.get("rounds.receipt", 404, code=code)
    assert page.h1 == "没有这个回执号"
    assert "可能抄错" in page.one("p", role="alert").text
    assert page.one("form", action="/receipts")


def test_a_code_is_read_as_people_write_it(client: PageClient) -> None:
    voter = make_voter()
    code = cast_quickly(voter.round, voter.home, YES, "request-1").code
    written = f" {code[:4].lower()}-{code[4:8]} {code[8:]} "
    response = client.raw("get", f"/receipts?code={written}")
    assert response.headers["Location"] == f"/receipts/{code}"
    assert client.follow(response).h1 == "已经计入"
    assert client.get("rounds.receipt", code=written).h1 == "已经计入"


def test_without_a_code_there_is_a_field_for_it(client: PageClient) -> None:
    assert client.get("rounds.check").one("input", name="code")
    assert client.get("rounds.check", code="。。").one("input", name="code")


def test_leaving_is_offered_on_the_receipt(client: PageClient) -> None:
    voter = signed_in(client)
    page = client.follow(vote(client, voter, YES, YES))
    assert page.one("form", action="/leave")


def test_a_replaced_receipt_says_since_when_and_need_not_be_written_down(
    client: PageClient,
) -> None:
    voter = signed_in(client)
    first = cast_quickly(voter.round, voter.home, YES, "request-1")
    assert "抄下来" in client.get("rounds.receipt", code=first.code).text
    second = cast_quickly(voter.round, voter.home, NO, "request-2", seen=1)
    page = client.get("rounds.receipt", code=first.code)
    assert f"{as_moment(second.at)} 您家又表过态" in page.text
    assert "抄下来" not in page.text
