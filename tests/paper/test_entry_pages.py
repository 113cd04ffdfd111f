"""Photographing and keying through the pages: blind, by two, and what is refused."""

import io
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from PIL import Image
from sqlalchemy.orm import Session

from app.core import files
from app.core.db import db
from app.core.guards import Role
from app.core.sealing import unseal
from app.notices.models import Message, MessageKind
from app.paper import actions, queries
from app.paper.keying import key
from app.paper.models import Flaw, FormState, PaperForm, VoidReason
from app.roster.models import Contact
from app.rounds.conflicts import open_conflicts
from app.rounds.counting import Choice
from app.rounds.queries import vote_by_receipt
from tests.client import Page, PageClient
from tests.factories import make_staff
from tests.notices.postbox import Postbox, sending_to
from tests.paper.papers import UNSIGNED, Desk, make_desk, picture_of
from tests.rounds.offices import say


@pytest.fixture
def desk(session: Session) -> Iterator[Desk]:
    return make_desk()


@pytest.fixture
def worker(client: PageClient, desk: Desk) -> PageClient:
    client.sign_in(desk.people[0])
    return client


def send(client: PageClient, desk: Desk, picture: bytes, status: int = 303, **more: str) -> Any:
    """Send a photograph as the page does."""
    file = (io.BytesIO(picture), "IMG_2026.JPG")
    return client.post("paper.enter", {"file": file, **more}, status, round_id=desk.round.id)


def fill(page: Page, form: PaperForm, choice: str, **more: str) -> dict[str, str]:
    """What the keying page sends with this choice everywhere."""
    values = {**page.form_values("/key"), "signed": "yes", **more}
    return values | {f"matter-{m.id}": choice for m in form.round.matters}


def test_a_form_is_photographed_keyed_twice_and_counted(client: PageClient, desk: Desk) -> None:
    form = desk.print_one()
    client.sign_in(desk.people[0])
    page = client.follow(send(client, desk, picture_of(form)))
    assert page.h1 == f"录入 {form.serial}：{form.entry.label}"
    done = client.post("paper.key", fill(page, form, "agree"), form_id=form.id)
    page = client.follow(done)
    assert "第一次录入已保存" in page.text
    client.sign_in(desk.people[1])
    page = client.get("paper.queue")
    assert form.serial in page.text
    page = client.get("paper.key", form_id=form.id)
    done = client.post("paper.key", fill(page, form, "agree"), form_id=form.id)
    page = client.follow(done)
    assert "两人录入一致，已计入" in page.text
    assert page.h1 == "等您录的表"
    assert form.state == FormState.COUNTED


def test_the_second_page_shows_nothing_of_the_first_entry(client: PageClient, desk: Desk) -> None:
    form = desk.photographed()
    client.sign_in(desk.people[1])
    before = client.get("paper.key", form_id=form.id).html
    desk.keys(form, 0, Choice.ABSTAIN, reason="canary-7f3a")
    page = client.get("paper.key", form_id=form.id)
    page_of_third = client.get("paper.key", form_id=form.id).html
    assert "checked" not in page.html
    assert "canary-7f3a" not in page.html

    def without_tokens(html: str) -> str:
        lines = html.splitlines()
        kept = [line for line in lines if "csrf_token" not in line and "重拍" not in line]
        return "\n".join(line for line in kept if line.strip())

    assert without_tokens(page.html) == without_tokens(before)
    assert without_tokens(page_of_third) == without_tokens(before)


def test_nobody_reaches_the_second_entry_of_their_own_form(worker: PageClient, desk: Desk) -> None:
    form = desk.photographed()
    page = worker.get("paper.key", form_id=form.id)
    values = fill(page, form, "agree")
    worker.post("paper.key", values, form_id=form.id)
    worker.get("paper.key", 403, form_id=form.id)
    worker.post("paper.key", values, 403, form_id=form.id)
    assert (form.keyed, form.vote_id) == (1, None)


def test_two_that_differ_go_to_a_third(client: PageClient, desk: Desk) -> None:
    form = desk.photographed()
    desk.keys(form, 0, Choice.AGREE)
    client.sign_in(desk.people[1])
    page = client.get("paper.key", form_id=form.id)
    page = client.follow(client.post("paper.key", fill(page, form, "disagree"), form_id=form.id))
    assert "转给第三个人" in page.text
    client.sign_in(desk.people[2])
    page = client.get("paper.queue")
    assert "第三次" in page.text
    page = client.get("paper.key", form_id=form.id)
    page = client.follow(client.post("paper.key", fill(page, form, "agree"), form_id=form.id))
    assert "已计入" in page.text
    assert "前两次录入不一样，第三次和第一次一致" in page.text
    assert "第三次和第一次一致" in client.get("paper.form", form_id=form.id).text


def test_an_agent_signs_by_a_mandate_that_is_named(client: PageClient, desk: Desk) -> None:
    form = desk.photographed()
    client.sign_in(desk.people[0])
    page = client.get("paper.key", form_id=form.id)
    values = fill(page, form, "agree", signed="agent")
    page = client.post("paper.key", values, 422, form_id=form.id)
    assert "请填委托书编号" in page.text
    assert form.keyed == 0
    client.post("paper.key", {**values, "mandate": "2025-017"}, form_id=form.id)
    desk.keys(form, 1)
    assert form.state == FormState.COUNTED
    assert "代理人签字，委托书 2025-017" in client.get("paper.form", form_id=form.id).text


def test_a_form_without_signature_needs_no_answers(worker: PageClient, desk: Desk) -> None:
    form = desk.photographed()
    page = worker.get("paper.key", form_id=form.id)
    values = {**page.form_values("/key"), "signed": "no"}
    worker.post("paper.key", values, form_id=form.id)
    assert [entry.flaw for entry in form.entries] == [Flaw.UNSIGNED]


def test_what_is_left_open_is_asked_for_and_nothing_is_kept(worker: PageClient, desk: Desk) -> None:
    form = desk.photographed()
    page = worker.get("paper.key", form_id=form.id)
    page = worker.post("paper.key", page.form_values("/key"), 422, form_id=form.id)
    assert "这一项还没有选" in page.text
    values = fill(page, form, "agree", signed_on="2199-01-01")
    page = worker.post("paper.key", values, 422, form_id=form.id)
    assert "签字日期不能在今天以后" in page.text
    assert form.keyed == 0


def test_paper_over_a_phone_vote_asks_for_the_reason(worker: PageClient, desk: Desk) -> None:
    say(desk.round, desk.home(), Choice.AGREE)
    form = desk.photographed()
    page = worker.get("paper.key", form_id=form.id)
    values = fill(page, form, "disagree", reason="")
    page = worker.post("paper.key", values, 422, form_id=form.id)
    assert "请写明为什么还要录这张纸质表" in page.text
    worker.post("paper.key", {**values, "reason": "本人来改"}, form_id=form.id)
    assert form.keyed == 1


def test_the_household_is_told_of_a_held_form_too(app: Flask, desk: Desk) -> None:
    home = desk.home()
    db.session.add(Contact(household_id=home.id, phone="13800138000", since=desk.round.opened_at))
    with sending_to(app, Postbox()):
        say(desk.round, home, Choice.AGREE)
        form = desk.photographed()
        for who in (0, 1):
            desk.keys(form, who, Choice.DISAGREE, reason="本人来改")
    told = sa.select(Message.kind).where(Message.household_id == home.id).order_by(Message.id)
    assert list(db.session.scalars(told)) == [MessageKind.VOTED, MessageKind.CHANGED]


def test_the_household_is_told_when_what_it_signed_comes_to_nothing(app: Flask, desk: Desk) -> None:
    for place in range(4):
        phone = f"1380013800{place}"
        contact = Contact(household_id=desk.home(place).id, phone=phone, since=desk.round.opened_at)
        db.session.add(contact)
    with sending_to(app, Postbox()):
        unsigned, differing, void, never_back = [desk.photographed(place) for place in range(3)] + [
            desk.print_one(3)
        ]
        for who, choice in enumerate(Choice):
            desk.keys(differing, who, choice)
        for who in (0, 1):
            key(unsigned, UNSIGNED, by=desk.people[who].identity)
        actions.ask_to_void(void, VoidReason.SPOILED, "泡水了", by=desk.first)
        actions.void_form(never_back, VoidReason.LOST, "丢了", by=desk.first)
        told = sa.select(Message.household_id, Message.kind).order_by(Message.household_id)
        assert len(db.session.execute(told).all()) == 2
        actions.agree_to_void(void, by=desk.second)
    homes = [(desk.home(place).id, MessageKind.PAPER_VOID) for place in range(3)]
    assert sorted(tuple(row) for row in db.session.execute(told)) == sorted(homes)


def test_the_number_may_be_typed_where_the_code_cannot_be_read(
    worker: PageClient, desk: Desk
) -> None:
    form = desk.print_one()
    picture = picture_of(form, with_code=False)
    page = send(worker, desk, picture, 422)
    assert "这不是表上的编号" in page.text
    assert form.returned_at is None
    send(worker, desk, picture, serial=form.serial)
    assert form.photo_names_it is False


def test_other_rounds_used_numbers_and_used_pictures_are_refused(
    worker: PageClient, desk: Desk
) -> None:
    other = make_desk().print_one()
    assert "另一轮征询" in send(worker, desk, picture_of(other), 422).text
    counted = desk.counted(0)
    assert "已经计入过" in send(worker, desk, picture_of(counted, seed=5), 422).text
    form = desk.print_one(1)
    page = send(worker, desk, picture_of(counted), 422, serial=form.serial)
    assert "照片上的编号是" in page.text
    assert form.photo_file is None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not a picture",
        b"GIF89a",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"\xff\xd8\xff",
    ],
)
def test_what_is_no_picture_is_refused(worker: PageClient, desk: Desk, content: bytes) -> None:
    form = desk.print_one()
    send(worker, desk, content, 422, serial=form.serial)
    assert form.photo_file is None


def test_a_picture_of_too_many_pixels_is_refused_unopened(worker: PageClient, desk: Desk) -> None:
    form, out = desk.print_one(), io.BytesIO()
    Image.new("1", (7000, 7000)).save(out, "PNG")
    page = send(worker, desk, out.getvalue(), 422, serial=form.serial)
    assert "百万像素" in page.text


def test_what_is_kept_is_our_own_picture_sealed_and_without_its_place(
    worker: PageClient, desk: Desk
) -> None:
    form, out = desk.print_one(), io.BytesIO()
    picture = Image.open(io.BytesIO(picture_of(form))).convert("RGB").resize((2700, 3810))
    exif = Image.Exif()
    exif[0x010F] = "canary-camera"
    exif.get_ifd(0x8825)[2] = (38.0, 28.0, 1.0)
    picture.save(out, "JPEG", exif=exif, comment=b"canary-comment")
    assert b"canary-camera" in out.getvalue()
    send(worker, desk, out.getvalue())
    stored = files.read(form.photo_file or "")
    kept = unseal(stored)
    assert not stored.startswith(b"\xff\xd8")
    assert kept.startswith(b"\xff\xd8")
    for canary in (b"canary-camera", b"canary-comment", b"Exif"):
        assert canary not in kept
    shown = Image.open(io.BytesIO(kept))
    assert (shown.mode, max(shown.size), dict(shown.getexif())) == ("L", 2000, {})


def test_a_photograph_is_shown_to_whoever_keys_and_to_the_office_only(
    client: PageClient, desk: Desk
) -> None:
    form = desk.photographed()
    desk.keys(form, 0)
    address = client._url("paper.photo", {"form_id": form.id})
    assert client.raw("get", address).status_code == 303
    client.sign_in(desk.people[1])
    answer = client.raw("get", address)
    assert (answer.status_code, answer.mimetype) == (200, "image/jpeg")
    assert answer.headers["Cache-Control"] == "no-store"
    client.sign_in(desk.people[0])
    client.visit(address, 403)
    desk.keys(form, 1)
    client.sign_in(desk.people[2])
    client.visit(address, 403)
    client.sign_in(make_staff(Role.OFFICE, desk.building.compound.area))
    assert client.raw("get", address).status_code == 200
    of_vote = client._url("paper.photo_of_vote", {"vote_id": form.vote_id})
    assert client.raw("get", of_vote).data == client.raw("get", address).data


def test_whoever_settles_a_conflict_reads_why_the_form_was_keyed_and_finds_its_photograph(
    client: PageClient, desk: Desk
) -> None:
    say(desk.round, desk.home(), Choice.AGREE)
    form, why = desk.photographed(), "本人来社区说手机上按错了。"
    desk.keys(form, 0, Choice.DISAGREE, reason=why)
    desk.keys(form, 1, Choice.DISAGREE)
    [conflict] = open_conflicts(desk.round.id)
    photo = f"/desk/paper/votes/{form.vote_id}/photo"
    client.sign_in(make_staff(Role.OFFICE, desk.building.compound.area))
    page = client.get("cases.resolve", conflict_id=conflict.id)
    assert why in page.text
    assert client.raw("get", page.one("a", href=photo)["href"]).status_code == 200
    client.sign_in(desk.people[2])
    page = client.get("cases.resolve", conflict_id=conflict.id)
    assert why in page.text
    assert not page.all("a", href=photo)


def test_a_vote_that_no_numbered_form_made_says_that_there_is_no_photograph(
    worker: PageClient, desk: Desk
) -> None:
    receipt = say(desk.round, desk.home(), Choice.AGREE)
    vote = vote_by_receipt(receipt.code)
    page = worker.get("paper.photo_of_vote", 404, vote_id=vote.id if vote else 0)
    assert "请拿出原表核对" in page.text
    worker.sign_in(make_staff(Role.OFFICE, make_desk().building.compound.area))
    worker.get("paper.photo_of_vote", 403, vote_id=vote.id if vote else 0)


def test_the_page_of_a_form_tells_who_did_what_and_no_choice(
    client: PageClient, desk: Desk
) -> None:
    form = desk.photographed()
    desk.keys(form, 0, Choice.DISAGREE)
    client.sign_in(make_staff(Role.OFFICE, desk.building.compound.area))
    page = client.get("paper.form", form_id=form.id)
    assert desk.people[0].name in page.text
    assert "不同意" not in page.text
    assert [entry.place for entry in (queries.whole_form(form.id) or form).entries] == [1]
