"""The story of a home and what the office does from it, page by page."""

import io
import zipfile
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from PIL import Image

from app.accounts import sessions
from app.core import clock
from app.core.db import db
from app.core.guards import Role
from app.households.models import HomeChange
from app.journal.models import JournalEntry, Kind
from app.notices.models import Message, MessageKind, MessageState
from app.roster.models import Contact, Occupancy
from app.rounds.counting import Choice
from tests.client import PageClient
from tests.factories import issue_code, make_round, make_staff
from tests.households.homes import NEW, OLD, Place, stranger
from tests.rounds.offices import open_round, say

FILLED = {"phone": NEW, "name": "女儿", "ending": "", "reason": "换了号码", "paper": "身份证"}


def photo() -> tuple[io.BytesIO, str]:
    out = io.BytesIO()
    Image.new("RGB", (40, 30), "red").save(out, "PNG")
    return io.BytesIO(out.getvalue()), "paper.png"


def failed(
    place: Place, error: str, state: MessageState = MessageState.FAILED, **facts: Any
) -> None:
    now = clock.now()
    db.session.add(
        Message(
            household_id=place.home.id,
            phone=OLD,
            body="…",
            kind=facts.pop("kind", MessageKind.VOTED),
            cause=facts.pop("cause", error),
            state=state,
            queued_at=now,
            due_at=now,
            expires_at=now,
            finished_at=facts.pop("finished_at", now),
            error=error,
        )
    )
    db.session.flush()


def test_the_story_tells_everything_the_newest_first(client: PageClient, place: Place) -> None:
    round_ = open_round(place.building.compound)
    issue_code(place.home)
    say(round_, place.home, Choice.AGREE)
    failed(place, "invalid number")
    place.proposes()
    client.sign_in(place.worker)
    page = client.get("households.home", household_id=place.home.id)
    for told in (
        "业主：王小明",
        "登记手机号 138****0001",
        "打印户码单",
        "手机表态",
        "已计入",
        "回执",
    ):
        assert told in page.text
    for told in ("短信：收到表态", "没发出去", "提出：改登记的手机号", "等第二个人决定"):
        assert told in page.text
    assert OLD not in page.html
    assert "同意，" not in page.text
    times = [node["datetime"] for node in page.all("time")]
    assert times == sorted(times, reverse=True)


def test_a_long_story_is_paged(client: PageClient, place: Place) -> None:
    for number in range(40):
        failed(place, "x", cause=f"cause-{number}")
    client.sign_in(place.worker)
    first = client.get("households.home", household_id=place.home.id)
    assert len(first.all("time")) == 30
    assert len(client.get("households.home", household_id=place.home.id, page=2).all("time")) == 12


def test_the_story_costs_the_same_however_long_it_is(
    client: PageClient, place: Place, count_queries: Any
) -> None:
    round_ = open_round(place.building.compound)
    client.sign_in(place.worker)
    counts = []
    for number in range(2):
        for _ in range(1 + 4 * number):
            say(round_, place.home, Choice.AGREE)
            failed(place, "x", cause=f"cause-{clock.now().isoformat()}")
        with count_queries() as statements:
            client.get("households.home", household_id=place.home.id)
        counts.append(len(statements))
    assert counts[0] == counts[1] <= 32


GETS = ["home", "sign_out", "occupancy", "phones", "owners"]


@pytest.mark.parametrize("name", GETS)
def test_a_home_is_for_the_office_of_its_area(client: PageClient, place: Place, name: str) -> None:
    where = {"household_id": place.home.id}
    client.get(f"households.{name}", 303, **where)
    area = place.building.compound.area
    for person in (stranger(), make_staff(Role.DESIGNER, area), make_staff(Role.AUDITOR, area)):
        client.sign_in(person)
        client.get(f"households.{name}", 403, **where)
    client.sign_in(place.worker)
    client.get(f"households.{name}", **where)
    client.get(f"households.{name}", 404, household_id=10**9)


@pytest.mark.parametrize("name", ["change", "approve", "decline"])
def test_a_change_is_for_the_office_of_its_area(
    client: PageClient, place: Place, name: str
) -> None:
    where = {"change_id": place.proposes().id}
    client.get(f"households.{name}", 303, **where)
    client.sign_in(stranger())
    client.get(f"households.{name}", 403, **where)
    client.post("households.approve", {}, 403, **where)
    client.sign_in(place.second)
    client.get(f"households.{name}", **where)
    client.get(f"households.{name}", 404, change_id=10**9)


def test_a_worker_proposes_with_a_picture_and_the_office_agrees(
    client: PageClient, place: Place
) -> None:
    client.sign_in(place.worker)
    where = {"household_id": place.home.id}
    sent = {**FILLED, "ending": str(place.contact.id), "photo": photo()}
    page = client.follow(client.post("households.phones", sent, **where))
    assert NEW in page.text
    change = db.session.scalars(sa.select(HomeChange)).one()
    client.post("households.approve", {}, 403, change_id=change.id)
    client.sign_in(place.second)
    assert place.home.address in client.get("households.changes").text
    picture = client.raw("get", f"/desk/home-changes/{change.id}/photo")
    assert picture.headers["Content-Type"].startswith("image/")
    assert Image.open(io.BytesIO(picture.data)).size == (40, 30)
    asks = client.get("households.approve", change_id=change.id)
    assert "马上收到短信" in asks.text
    page = client.follow(client.post("households.approve", {}, change_id=change.id))
    assert "已同意" in page.text
    assert NEW not in page.text
    phones = {c.phone: c.ended_at is None for c in db.session.scalars(sa.select(Contact))}
    assert phones == {OLD: False, NEW: True}


def test_the_picture_lies_sealed_on_the_disk(client: PageClient, place: Place, app: Any) -> None:
    client.sign_in(place.worker)
    sent = {**FILLED, "photo": photo()}
    client.post("households.phones", sent, household_id=place.home.id)
    name = db.session.scalars(sa.select(HomeChange.photo)).one()
    root = app.extensions["juyi_config"].instance_dir / "files"
    assert name is not None
    kept = (root / name[:2] / name).read_bytes()
    assert not kept.startswith((b"\x89PNG", b"\xff\xd8"))
    client.sign_in(stranger())
    change = db.session.scalars(sa.select(HomeChange.id)).one()
    client.get("households.photo", 403, change_id=change)


@pytest.mark.parametrize(
    "bad",
    [
        {"phone": "123"},
        {"phone": "", "ending": ""},
        {"reason": ""},
        {"paper": " "},
        {"ending": "999999"},
        {"photo": (io.BytesIO(b"no picture"), "x.png")},
    ],
)
def test_a_bad_form_is_told_and_changes_nothing(
    client: PageClient, place: Place, bad: dict[str, Any]
) -> None:
    client.sign_in(place.worker)
    client.post("households.phones", {**FILLED, **bad}, 422, household_id=place.home.id)
    assert db.session.scalars(sa.select(HomeChange)).all() == []


def test_who_proposed_takes_it_back_and_another_worker_may_not_say_no(
    client: PageClient, place: Place
) -> None:
    change = place.proposes()
    client.sign_in(make_staff(Role.WORKER, place.building.compound.area))
    client.get("households.decline", 403, change_id=change.id)
    client.sign_in(place.worker)
    client.post("households.decline", {"why": ""}, 422, change_id=change.id)
    page = client.follow(client.post("households.decline", {"why": "填错了"}, change_id=change.id))
    assert "已撤回" in page.text


def test_the_last_phone_may_end_and_everybody_is_warned(client: PageClient, place: Place) -> None:
    client.sign_in(place.worker)
    where = {"household_id": place.home.id}
    assert "最后一个号码" in client.get("households.phones", **where).text
    change = place.proposes("", ending=place.contact)
    client.sign_in(place.second)
    assert "只能凭户码单" in client.get("households.approve", change_id=change.id).text
    client.post("households.approve", {}, change_id=change.id)
    assert "没有" in client.get("households.home", **where).text


def test_a_transfer_goes_through_two_persons_and_leads_to_a_new_slip(
    client: PageClient, place: Place
) -> None:
    client.sign_in(place.worker)
    sent = {"names": "赵一曼\n赵二", "since": "2026-01-05", "reason": "卖了", "paper": "产权证"}
    page = client.follow(client.post("households.owners", sent, household_id=place.home.id))
    assert "赵一曼、赵二" in page.text
    change = db.session.scalars(sa.select(HomeChange)).one()
    client.sign_in(place.second)
    page = client.follow(client.post("households.approve", {}, change_id=change.id))
    assert "打印新的户码单" in page.text


def test_while_a_round_counts_the_page_points_to_the_register(
    client: PageClient, place: Place
) -> None:
    make_round(place.building.compound)
    client.sign_in(place.worker)
    page = client.get("households.owners", household_id=place.home.id)
    assert "登记册已锁定" in page.text
    assert not page.all("textarea")
    links = [a["href"] for a in client.get("households.home", household_id=place.home.id).all("a")]
    assert any(link.endswith("/transfer") for link in links)


def test_signing_out_asks_first(client: PageClient, place: Place) -> None:
    sessions.begin(place.home.id, contact_id=place.contact.id)
    client.sign_in(place.worker)
    where = {"household_id": place.home.id}
    assert "1 部" in client.get("households.home", **where).text
    client.get("households.sign_out", **where)
    assert "1 部" in client.get("households.home", **where).text
    page = client.follow(client.post("households.sign_out", {}, **where))
    assert "0 部" in page.text


def test_who_lives_there_is_said_with_how_one_knows(client: PageClient, place: Place) -> None:
    client.sign_in(place.worker)
    where = {"household_id": place.home.id}
    client.post("households.occupancy", {"occupancy": "vacant", "note": " "}, 422, **where)
    sent = {"occupancy": "vacant", "note": "三次上门无人"}
    page = client.follow(client.post("households.occupancy", sent, **where))
    assert "空置" in page.text
    assert "三次上门无人" in page.text
    assert place.home.premises.occupancy == Occupancy.VACANT


def test_undelivered_messages_are_told_in_words_with_what_to_do(
    client: PageClient, place: Place
) -> None:
    failed(place, "Invalid 'To' Phone Number")
    failed(place, "too late")
    failed(place, "left behind", MessageState.UNKNOWN)
    failed(place, "code", kind=MessageKind.CODE)
    failed(place, "old", finished_at=clock.now() - timedelta(days=31))
    client.sign_in(place.worker)
    page = client.get("households.messages")
    assert len(page.all("th", scope="row")) == 3
    for told in ("空号、停机", "再改登记的手机号", "过了时候", "发没发到不清楚", "138****0001"):
        assert told in page.text
    assert OLD not in page.html
    client.sign_in(stranger())
    assert "都发到了" in client.get("households.messages").text


def test_the_list_is_handed_out_after_asking_and_recorded(client: PageClient, place: Place) -> None:
    client.sign_in(place.worker)
    asks = client.get("households.export", compound=place.building.compound_id)
    assert "一共 4 户" in asks.text
    values = asks.form_values("/export")
    answer = client.raw(
        "post", "/desk/households/export", data={**values, "csrf_token": client.token()}
    )
    assert answer.status_code == 200
    sheet = zipfile.ZipFile(io.BytesIO(answer.data)).read("xl/worksheets/sheet1.xml").decode()
    assert "王小明" in sheet
    assert "0001" in sheet
    assert OLD not in sheet
    told = db.session.scalars(sa.select(JournalEntry.entry).filter_by(kind=Kind.EXPORT)).all()
    assert len(told) == 1
    assert '"homes":4' in told[0]


def test_the_list_of_another_area_is_empty(client: PageClient, place: Place) -> None:
    client.sign_in(stranger())
    page = client.get("households.export", compound=place.building.compound_id)
    assert "一共 0 户" in page.text


def test_what_names_people_wants_proof_again(client: PageClient, place: Place) -> None:
    change, where = place.proposes(), {"household_id": place.home.id}
    with time_machine.travel(clock.now(), tick=False) as traveller:
        client.sign_in(place.second)
        traveller.shift(timedelta(minutes=11))
        for path in (
            "/desk/households/export",
            f"/desk/households/{place.home.id}/phones",
            f"/desk/households/{place.home.id}/owners",
            f"/desk/home-changes/{change.id}/approve",
        ):
            assert client.raw("get", path).status_code != 200
        assert client.get("households.home", **where).status == 200
