"""What households write with their votes is read by the office, without who and what."""

from flask import Flask

from app.core.guards import Role
from app.rounds.counting import Choice
from tests.client import PageClient
from tests.factories import make_area, make_staff
from tests.rounds.voters import signed_in, vote

YES, NO = Choice.AGREE, Choice.DISAGREE


def test_the_office_reads_the_words_and_not_whose_or_which_choice(
    app: Flask, client: PageClient
) -> None:
    voter = signed_in(client)
    vote(client, voter, NO, NO, comment="停水要提前说\n谢谢")
    desk = PageClient(app)
    desk.sign_in(make_staff(Role.WORKER, voter.building.compound.area))
    main = desk.get("rounds_staff.remarks", round_id=voter.round.id).one("main")
    assert "停水要提前说" in main.text
    assert voter.building.name in main.text
    for secret in ("101", "1单元", "王", "不同意", "弃权"):
        assert secret not in main.text
    board = desk.get("desk.board", round_id=voter.round.id)
    link = board.one("a", href=f"/desk/rounds/{voter.round.id}/remarks")
    assert link.text == "写的话（1 条）"


def test_only_the_words_that_count_now_are_read(app: Flask, client: PageClient) -> None:
    voter = signed_in(client)
    vote(client, voter, NO, NO, comment="原来的话")
    vote(client, voter, YES, YES, comment="后来的话")
    desk = PageClient(app)
    desk.sign_in(make_staff())
    text = desk.get("rounds_staff.remarks", round_id=voter.round.id).text
    assert "后来的话" in text
    assert "原来的话" not in text
    vote(client, voter, YES, YES, comment="")
    assert "还没有人" in desk.get("rounds_staff.remarks", round_id=voter.round.id).text


def test_staff_of_another_area_may_not_read_them(app: Flask, client: PageClient) -> None:
    voter = signed_in(client)
    desk = PageClient(app)
    desk.sign_in(make_staff(Role.OFFICE, make_area()))
    desk.get("rounds_staff.remarks", 403, round_id=voter.round.id)
