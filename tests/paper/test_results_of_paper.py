"""What the result says of forms on paper, and the photograph beside the audit."""

import time_machine
from sqlalchemy.orm import Session

from app.core.guards import Role
from app.paper import actions
from app.paper.models import Handing, VoidReason
from app.reports import printing
from app.reports.notice import notice_of
from app.rounds.actions import close_due_rounds
from app.rounds.audit import sample_of
from tests.client import PageClient
from tests.factories import make_staff
from tests.paper.papers import make_desk


def test_no_number_is_without_an_account_on_the_result(session: Session) -> None:
    desk = make_desk(homes=5)
    desk.counted(0)
    lost, out, _stock = (desk.print_one(place) for place in (1, 2, 3))
    actions.hand_out([lost, out], Handing.LEFT, by=desk.first)
    actions.void_form(lost, VoidReason.LOST, "住户说没收到", by=desk.first)
    assert notice_of(desk.round).record.paper is None
    with time_machine.travel(desk.round.closes_at):
        close_due_rounds()
        html = printing.notice_html(notice_of(desk.round), on_screen=False)
    assert "纸质表：印 4 张，发出 3，收回 1，计入 1，作废 1，未收回 1。" in html


def test_a_round_without_paper_says_nothing_of_it(session: Session) -> None:
    desk = make_desk()
    with time_machine.travel(desk.round.closes_at):
        assert notice_of(desk.round).record.paper is None


def test_the_audit_shows_the_photograph_the_vote_was_keyed_from(client: PageClient) -> None:
    desk = make_desk()
    form = desk.counted()
    office = make_staff(Role.OFFICE, desk.building.compound.area)
    with time_machine.travel(desk.round.closes_at):
        close_due_rounds()
        [item] = sample_of(desk.round.id)
        client.sign_in(office)
        page = client.get("cases.check", item_id=item.id)
        [link] = [a for a in page.all("a") if a.text == "看录入时的照片"]
        answer = client.raw("get", link["href"])
    assert (answer.status_code, answer.mimetype) == (200, "image/jpeg")
    assert form.vote_id == item.vote_id
