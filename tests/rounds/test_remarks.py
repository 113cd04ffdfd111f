"""What households write with their votes is read by the office, without who and what."""

from flask import Flask

from app.core.guards import Role
from app.rounds.casting import Ballot, cast
from app.rounds.counting import Choice
from app.rounds.models import Channel
from tests.client import PageClient
from tests.factories import homes_of, make_area, make_staff
from tests.rounds.voters import Voter, signed_in, vote

YES, NO = Choice.AGREE, Choice.DISAGREE


def others_write(voter: Voter, homes: int = 4) -> None:
    """So many other homes write with their votes."""
    for number, home in enumerate(homes_of(voter.building)[1 : homes + 1]):
        choices = dict.fromkeys([matter.id for matter in voter.round.matters], YES)
        ballot = Ballot(choices, f"request-of-{number}", 0, 1, comment=f"别家写的{number}")
        cast(voter.round, home.id, ballot, via=Channel.PHONE)


def test_the_office_reads_the_words_and_not_whose_or_which_choice(
    app: Flask, client: PageClient
) -> None:
    voter = signed_in(client)
    vote(client, voter, NO, NO, comment="停水要提前说\n谢谢")
    others_write(voter)
    desk = PageClient(app)
    desk.sign_in(make_staff(Role.WORKER, voter.building.compound.area))
    main = desk.get("rounds_staff.remarks", round_id=voter.round.id).one("main")
    assert "停水要提前说" in main.text
    assert voter.building.name in main.text
    for secret in ("101", "1单元", "王", "不同意", "弃权"):
        assert secret not in main.text
    board = desk.get("desk.board", round_id=voter.round.id)
    link = board.one("a", href=f"/desk/rounds/{voter.round.id}/remarks")
    assert link.text == "写的话（5 条）"


def test_only_the_words_that_count_now_are_read(app: Flask, client: PageClient) -> None:
    voter = signed_in(client)
    vote(client, voter, NO, NO, comment="原来的话")
    vote(client, voter, YES, YES, comment="后来的话")
    others_write(voter)
    desk = PageClient(app)
    desk.sign_in(make_staff())
    text = desk.get("rounds_staff.remarks", round_id=voter.round.id).text
    assert "后来的话" in text
    assert "原来的话" not in text
    vote(client, voter, YES, YES, comment="")
    assert "后来的话" not in desk.get("rounds_staff.remarks", round_id=voter.round.id).text


def test_words_are_read_once_five_homes_wrote(app: Flask, client: PageClient) -> None:
    voter = signed_in(client)
    desk = PageClient(app)
    desk.sign_in(make_staff(Role.WORKER, voter.building.compound.area))
    assert "还没有人" in desk.get("rounds_staff.remarks", round_id=voter.round.id).text
    others_write(voter)
    page = desk.get("rounds_staff.remarks", round_id=voter.round.id)
    assert "不到 5 户写话，不显示" in page.one("section", aria_labelledby="words").text
    assert "别家写的" not in page.text
    vote(client, voter, YES, YES, comment="第五家写的")
    page = desk.get("rounds_staff.remarks", round_id=voter.round.id)
    assert len(page.all("td", class_="words")) == 5


def test_words_of_a_home_to_call_stand_beside_its_phone_and_not_here(
    app: Flask, client: PageClient
) -> None:
    voter = signed_in(client)
    others_write(voter)
    vote(client, voter, NO, NO, comment="打电话说说", may_call="y")
    worker = PageClient(app)
    worker.sign_in(make_staff(Role.WORKER, voter.building.compound.area))
    page = worker.get("rounds_staff.remarks", round_id=voter.round.id)
    assert "打电话说说" not in page.html
    assert len(page.one("section", aria_labelledby="words").all("td", class_="words")) == 4
    assert page.one("a", href=f"/desk/rounds/{voter.round.id}/calls").text == "看电话名单"


def test_staff_of_another_area_may_not_read_them(app: Flask, client: PageClient) -> None:
    voter = signed_in(client)
    desk = PageClient(app)
    desk.sign_in(make_staff(Role.OFFICE, make_area()))
    desk.get("rounds_staff.remarks", 403, round_id=voter.round.id)
