"""The pages of the doors: masked in lists, a link to call at the door, nobody from elsewhere."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
import time_machine
from flask import Flask
from openpyxl import load_workbook

from app.accounts import desk_sessions
from app.core import clock
from app.core.db import db
from app.core.guards import Role
from app.doors import queries
from app.doors.models import AssignmentChange, Outcome, Visit, Way
from app.doors.printing import MOST_IN_PDF, TooMany, list_parts, stairs_of
from app.doors.queries import Wanted
from app.roster.models import Contact
from app.rounds.assisting import AssistedSession
from app.rounds.casting import Ballot, cast
from app.rounds.counting import Choice
from app.rounds.models import Channel, RegisterEntry, Vote, VoteWish
from tests.client import Page, PageClient
from tests.desk.ballots import make_large_building, make_quick_round
from tests.doors.conftest import Street, entries_of
from tests.factories import issue_code, make_area, make_staff
from tests.reports import paper
from tests.rounds.mixed import open_mixed_round

Counting = Callable[..., AbstractContextManager[list[str]]]


@pytest.fixture
def desk(client: PageClient, street: Street) -> PageClient:
    """The worker's browser."""
    client.sign_in(street.worker)
    return client


def give_phone(street: Street, at: int, phone: str) -> None:
    home: Any = street.entries[at].household
    home.contacts.append(Contact(phone=phone, name="李大妈", since=clock.now()))
    db.session.flush()


def begun(browser: PageClient, entry: RegisterEntry) -> str:
    """Begin to help this home; the address of its session."""
    values = browser.get("doors_assist.begin", entry_id=entry.id).form_values("/assist")
    values |= {"who": "owner", "reason": "no_phone"}
    location: str = browser.post("doors_assist.begin", values, entry_id=entry.id).location
    return location


def read_aloud(browser: PageClient, at: str, street: Street) -> Page:
    """The page that is read to a home which agrees to everything."""
    said = {f"matter-{m.id}": "agree" for m in street.round.matters}
    sent = {**browser.visit(at).form_values("/review"), **said}
    return browser.follow(browser.submit(f"{at}/review", sent))


def pressed(page: Any, entry_id: int, outcome: str, **others: str) -> dict[str, str]:
    return {**page.form_values(f"/desk/doors/{entry_id}/visits"), "outcome": outcome, **others}


def test_the_list_walks_by_entrance_and_shows_phones_masked(
    desk: PageClient, street: Street
) -> None:
    give_phone(street, 1, "13812345678")
    street.knock(1, Outcome.WILL_THINK)
    page = desk.get("doors_staff.doors", round_id=street.round.id)
    rows = [row.text for row in page.one("table").one("tbody").all("tr")]
    assert [row.split(" ")[0] for row in rows] == [
        "1号楼1单元", "101", "102", "201", "1号楼2单元", "101", "102", "201",
    ]  # fmt: skip
    assert "138****5678" in page.text
    assert "13812345678" not in page.html
    assert "再想想" in rows[2]
    assert "没有去过" in rows[1]


def test_at_the_door_the_phone_is_a_link_and_the_name_masked(
    desk: PageClient, street: Street
) -> None:
    give_phone(street, 0, "13812345678")
    page = desk.get("doors_staff.door", entry_id=street.entries[0].id)
    assert page.one("a", href="tel:13812345678").text == "打电话 李** 13812345678"
    assert "李大妈" not in page.html
    assert "王小明" not in page.html
    assert "不是表态，不计票" in page.text


def test_a_button_records_and_the_page_names_it(desk: PageClient, street: Street) -> None:
    entry = street.entries[0]
    page = desk.get("doors_staff.door", entry_id=entry.id)
    sent = pressed(page, entry.id, "refuses", note="说太吵", next_on=str(queries.today()))
    told = desk.follow(desk.post("doors_staff.visit", sent, entry_id=entry.id))
    assert "已记下：不愿意。" in told.text
    assert "说太吵" in told.one("section", aria_labelledby="visits").text
    again = desk.follow(desk.post("doors_staff.visit", sent, entry_id=entry.id))
    assert len(again.one("ol", class_="visits").all("li")) == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [("outcome", ""), ("outcome", "signed"), ("note", "字" * 201), ("next_on", "2020-13-45"),
     ("next_on", "2020-01-01"), ("ago", "soon"), ("ago", "9999999")],
)  # fmt: skip
def test_nonsense_is_told_and_changes_nothing(
    desk: PageClient, street: Street, field: str, value: str
) -> None:
    entry = street.entries[0]
    page = desk.get("doors_staff.door", entry_id=entry.id)
    sent = pressed(page, entry.id, "spoken") | {field: value}
    answer = desk.post("doors_staff.visit", sent, 422, entry_id=entry.id)
    assert answer.one(role="alert").text.startswith("请先改好这里")
    assert db.session.query(Visit).count() == 0
    quiet = {
        "data": {**sent, "csrf_token": desk.token()},
        "headers": {"Accept": "application/json"},
    }
    told = desk.raw("post", f"/desk/doors/{entry.id}/visits", **quiet)
    assert (told.status_code, told.json["status"]) == (409, "refused")


def test_a_phone_is_told_in_json_and_in_401_when_signed_out(
    app: Flask, desk: PageClient, street: Street
) -> None:
    entry = street.entries[0]
    url, headers = f"/desk/doors/{entry.id}/visits", {"Accept": "application/json"}
    sent = {"request_id": "id-of-a-phone", "outcome": "spoken", "ago": "3600"}
    first = desk.raw("post", url, data={**sent, "csrf_token": desk.token()}, headers=headers)
    later = {**sent, "ago": "7200", "csrf_token": desk.token()}
    second = desk.raw("post", url, data=later, headers=headers)
    assert first.json == second.json
    assert first.json["status"] == "recorded"
    visit = db.session.get_one(Visit, first.json["id"])
    assert 3590 < (visit.recorded_at - visit.made_at).total_seconds() < 3610
    stranger = PageClient(app)
    gone = stranger.raw("post", url, data={**sent, "csrf_token": stranger.token()}, headers=headers)
    assert gone.status_code == 401


def test_another_contact_is_recorded_with_the_fields_of_the_ledger(
    desk: PageClient, street: Street
) -> None:
    entry = street.entries[0]
    values = desk.get("doors_staff.contact", entry_id=entry.id).form_values("/contact")
    wrong = {**values, "way": "poster", "outcome": "signed"}
    page = desk.post("doors_staff.contact", wrong, 422, entry_id=entry.id)
    assert "这种方式没有这样的结果" in page.text
    right = {**values, "way": "letter", "outcome": "signed", "proof": "签收表第 3 页"}
    for strange in ("abc", " ", "0"):
        desk.post("doors_staff.contact", {**right, "outcome": strange}, 422, entry_id=entry.id)
    told = desk.follow(desk.post("doors_staff.contact", right, entry_id=entry.id))
    assert "本人签收 邮寄" in told.text
    [visit] = db.session.query(Visit).all()
    assert (visit.way, visit.outcome, visit.proof) == (Way.LETTER, Outcome.SIGNED, "签收表第 3 页")


def test_doors_are_ticked_given_away_and_taken_back(desk: PageClient, street: Street) -> None:
    page = desk.get("doors_staff.doors", round_id=street.round.id)
    values = page.form_values("/doors/share")
    nobody = desk.post(
        "doors_staff.share_out", {**values, "worker": str(street.worker.id)}, 422,
        round_id=street.round.id,
    )  # fmt: skip
    assert "请先勾选要分的户" in nobody.text
    chosen = {**values, "worker": str(street.worker.id), "doors": [str(street.entries[2].id)]}
    shared = desk.post("doors_staff.share_out", chosen, round_id=street.round.id)
    done = desk.follow(shared)
    assert f"1 户分给了{street.worker.name}" in done.text
    mine = desk.get("doors_staff.doors", round_id=street.round.id, who="me")
    assert "筛选出 1 户" in mine.text
    desk.submit(shared.headers["Location"] + "/undo", {})
    assert (
        "没有这样的住户" in desk.get("doors_staff.doors", round_id=street.round.id, who="me").text
    )


def test_everything_the_list_was_narrowed_to_is_given_at_once(
    desk: PageClient, street: Street
) -> None:
    where = {"round_id": street.round.id, "entrance": street.entries[0].entrance_id}
    values = desk.get("doors_staff.doors", **where).form_values(f"={where['entrance']}")
    chosen = {**values, "which": "all", "worker": str(street.worker.id)}
    desk.post("doors_staff.share_out", chosen, **where)
    given = queries.all_doors(street.round.id, Wanted(worker_id=street.worker.id))
    assert {door.entrance_id for door in given} == {where["entrance"]}
    assert len(given) == 3


def test_called_takes_a_home_off_the_list_of_calls(desk: PageClient, street: Street) -> None:
    give_phone(street, 0, "13812345678")
    street.knock(0, Outcome.NEEDS_CALL)
    page = desk.get("doors_staff.calls", round_id=street.round.id)
    assert page.one("a", href="tel:13812345678")
    entry = street.entries[0]
    sent = pressed(page, entry.id, "called")
    told = desk.follow(desk.post("doors_staff.visit", sent, entry_id=entry.id))
    assert "没有人等着打电话" in told.text
    assert db.session.query(Visit).filter_by(way=Way.CALL).count() == 1


def test_a_home_is_asked_read_aloud_recorded_and_sees_who_helped(
    app: Flask, desk: PageClient, street: Street
) -> None:
    entry = street.entries[0]
    values = desk.get("doors_assist.begin", entry_id=entry.id).form_values("/assist")
    desk.post("doors_assist.begin", {**values, "reason": "not_able"}, 422, entry_id=entry.id)
    values |= {"who": "co_owner"}
    desk.post("doors_assist.begin", {**values, "reason": "other"}, 422, entry_id=entry.id)
    begun = desk.post("doors_assist.begin", {**values, "reason": "not_able"}, entry_id=entry.id)
    ballot = desk.follow(begun)
    assert f"正在协助 {entry.label} 表态，还剩" in ballot.one(class_="helping").text
    assert not [box for box in ballot.all("input") if box.get("checked") is not None]
    sent = ballot.form_values("/review")
    desk.submit(f"{begun.headers['Location']}/review", sent, 422)
    said = {f"matter-{m.id}": "disagree" for m in street.round.matters}
    review = desk.follow(desk.submit(f"{begun.headers['Location']}/review", {**sent, **said}))
    assert review.h1 == "请念给住户听"
    aloud = review.one("dl").text.replace(" ", "")
    assert f"哪一户{entry.label}改造方案不同意" in aloud
    done = desk.follow(
        desk.submit(f"{begun.headers['Location']}/cast", review.form_values("/cast"))
    )
    assert done.h1 == f"{entry.label} 的表态已经记下"
    door = desk.get("doors_staff.door", entry_id=entry.id)
    assert "当面说过 上门" in door.one("ol", class_="visits").text
    assert not door.all("form", action="/desk/visits/1/undo")
    home: Any = entry.household
    own = PageClient(app).enter(entry.building, issue_code(home))
    assert "工作人员工**在您家协助填写" in own.text
    assert "原因：老人不会用手机" in own.text
    assert "表态的是共有人" in own.text
    assert "改造方案：不同意" in own.one("ol").text


def test_wishes_of_a_menu_are_ticked_read_aloud_and_recorded(client: PageClient) -> None:
    round_ = open_mixed_round(homes=2)
    worker = make_staff(Role.WORKER, round_.compound.area)
    client.sign_in(worker)
    entry = entries_of(round_)[0]
    at = begun(client, entry)
    ballot = client.visit(at)
    boxes = ballot.all("input", type="checkbox")
    menu = round_.matters[-1]
    assert [box["value"] for box in boxes] == [str(option.id) for option in menu.options]
    said = {f"matter-{m.id}": "agree" for m in round_.matters[:2]}
    said[f"matter-{menu.id}"] = str(menu.options[1].id)
    sent = {**ballot.form_values("/review"), **said}
    review = client.follow(client.submit(f"{at}/review", sent))
    assert "长椅" in review.one("dl").text
    assert "晾衣架" not in review.one("dl").text
    assert "没有表决，不算参加" in review.one("dl").text
    back = client.visit(at)
    assert [box["value"] for box in back.all("input", type="checkbox", checked="")] == [
        str(menu.options[1].id)
    ]
    client.submit(f"{at}/cast", review.form_values("/cast"))
    [wish] = db.session.query(VoteWish).all()
    assert wish.option_id == menu.options[1].id


def test_signing_out_ends_the_help_and_nothing_more_is_taken(
    desk: PageClient, street: Street
) -> None:
    at = begun(desk, street.entries[0])
    review = read_aloud(desk, at, street)
    desk.post("accounts_login.logout")
    [session] = db.session.query(AssistedSession).all()
    assert session.ended_at is not None
    desk.sign_in(street.worker)
    assert desk.visit(at, 409).h1 == "协助已经结束"
    late = {"aloud": review.form_values("/cast")["aloud"]}
    told = desk.submit(f"{at}/cast", late, 409)
    assert "没有记下" in told.h1
    assert street.entries[0].votes == 0


def test_where_the_sign_in_that_began_it_was_ended_no_other_goes_on(
    app: Flask, desk: PageClient, street: Street
) -> None:
    at = begun(desk, street.entries[0])
    late = {"aloud": read_aloud(desk, at, street).form_values("/cast")["aloud"]}
    desk_sessions.end_all(street.worker.id)
    elsewhere = PageClient(app)
    elsewhere.sign_in(street.worker)
    assert elsewhere.visit(at, 409).h1 == "协助已经结束"
    assert "没有记下" in elsewhere.submit(f"{at}/cast", late, 409).h1
    assert street.entries[0].votes == 0


def test_only_what_was_read_aloud_in_this_session_is_recorded(
    desk: PageClient, street: Street
) -> None:
    first = begun(desk, street.entries[0])
    of_first = read_aloud(desk, first, street).form_values("/cast")
    at = begun(desk, street.entries[1])
    said = {f"matter-{m.id}": "agree" for m in street.round.matters}
    skipped = {**said, "request_id": "never-read-aloud", "plan": "1"}
    for sent in (skipped, {**skipped, "aloud": "made-up"}, of_first):
        assert desk.submit(f"{at}/cast", sent).headers["Location"] == f"{at}/review"
    prepared = {**desk.visit(at).form_values("/review"), **said}
    cookie = desk.submit(f"{at}/review", prepared)
    assert cookie.headers["Location"] == f"{at}/review"
    kept = desk.http.get_cookie("helped", "127.0.0.1")
    assert kept is not None
    skipped = {**skipped, "aloud": kept.value}
    assert desk.submit(f"{at}/cast", skipped).headers["Location"] == f"{at}/review"
    assert street.entries[1].votes == 0
    aloud = desk.visit(f"{at}/review").form_values("/cast")
    other = {f"matter-{m.id}": "disagree" for m in street.round.matters}
    desk.submit(f"{at}/cast", {**aloud, **other})
    [vote] = db.session.query(Vote).all()
    assert {choice.choice for choice in vote.choices} == {Choice.AGREE}


def test_a_vote_by_the_homes_own_phone_is_replaced_with_its_code_alone(
    desk: PageClient, street: Street
) -> None:
    entry = street.entries[0]
    home: Any = entry.household
    digits = issue_code(home)
    said = dict.fromkeys([m.id for m in street.round.matters], Choice.AGREE)
    cast(street.round, home.id, Ballot(said, "of-the-home", 0, 1), via=Channel.PHONE)
    values = desk.get("doors_assist.begin", entry_id=entry.id).form_values("/assist")
    values |= {"who": "owner", "reason": "not_able", "replaces": "y"}
    for code, word in (("", "这一户已经自己用手机表过态"), ("123", "户码是 12 位数字"),
                       (digits[:-1] + str((int(digits[-1]) + 1) % 10), "户码不对")):  # fmt: skip
        page = desk.post("doors_assist.begin", {**values, "code": code}, 422, entry_id=entry.id)
        assert word in page.text
        assert page.one("input", name="code").get("value", "") == ""
    with time_machine.travel(clock.now() + timedelta(minutes=2), tick=False):
        desk.post("doors_assist.begin", {**values, "code": digits}, entry_id=entry.id)
    [session] = db.session.query(AssistedSession).all()
    assert session.has_code


def test_nobody_but_staff_of_the_area_and_of_the_right_role_gets_in(
    app: Flask, street: Street
) -> None:
    entry, round_id = street.entries[0], street.round.id
    walker = PageClient(app)
    walker.sign_in(street.worker)
    helped = begun(walker, entry)
    change = AssignmentChange(
        round_id=round_id, before={}, made_at=clock.now(), made_by_id=street.worker.id
    )
    db.session.add(change)
    db.session.flush()
    open_to_all = [f"/desk/rounds/{round_id}{tail}" for tail in (
        "/doors", "/doors/walk", "/doors/print", "/doors.xlsx", "/visits.xlsx", "/calls",
    )]  # fmt: skip
    open_to_all += [f"/desk/doors/{entry.id}", f"/desk/doors/{entry.id}/contact"]
    open_to_all += [f"/desk/assignments/{change.id}"]
    helping = [f"/desk/doors/{entry.id}/assist", helped]
    area = street.round.compound.area
    assert area.parent is not None
    people = {
        None: (303, 303),
        make_staff(Role.WORKER, make_area()): (403, 403),
        make_staff(Role.AUDITOR, area): (403, 403),
        make_staff(Role.DESIGNER, area): (403, 403),
        make_staff(Role.BUILDER, area): (403, 403),
        make_staff(Role.DISTRICT, area.parent.parent): (200, 403),
        street.worker: (200, 200),
    }
    for person, (list_status, help_status) in people.items():
        browser = walker if person == street.worker else PageClient(app)
        if person not in (None, street.worker):
            browser.sign_in(person)
        assert {browser.raw("get", url).status_code for url in open_to_all} == {list_status}
        assert {browser.raw("get", url).status_code for url in helping} == {help_status}
    colleague = PageClient(app)
    colleague.sign_in(make_staff(Role.WORKER, area))
    assert colleague.raw("get", helping[1]).status_code == 403
    for url in ("/desk/doors/999999", "/desk/assisted/999999", "/desk/assignments/999999"):
        assert colleague.raw("get", url).status_code == 404


def test_exports_hold_the_offices_columns_and_no_whole_name_or_phone(
    desk: PageClient, street: Street
) -> None:
    give_phone(street, 0, "13812345678")
    street.knock(0, Outcome.NOT_AT_HOME, note="=1+1")
    street.knock(0, Outcome.SIGNED, proof="签收表")
    answers = [
        desk.raw("get", f"/desk/rounds/{street.round.id}/{name}.xlsx")
        for name in ("doors", "visits")
    ]
    doors, visits = (load_workbook(BytesIO(answer.data)).active for answer in answers)
    rows = [list(row) for row in visits.iter_rows(values_only=True)]
    assert rows[0] == ["户", "方式", "时间", "经办", "结果", "回执或照片", "次数", "备注"]
    assert [(row[4], row[5], row[6]) for row in rows[1:]] == [
        ("不在家", None, 1),
        ("本人签收", "签收表", 2),
    ]
    text = str([list(row) for row in doors.iter_rows(values_only=True)])
    assert "王**" in text
    assert "138****5678" in text
    assert "13812345678" not in text
    assert "王小明" not in text


def test_paper_has_a_page_for_each_entrance(desk: PageClient, street: Street) -> None:
    street.knock(0, Outcome.MOVED)
    page = desk.get("doors_staff.print_page", round_id=street.round.id, entrance="")
    assert [heading.text for heading in page.all("h2")] == [
        "1号楼1单元 上门名单",
        "1号楼2单元 上门名单",
    ]


def test_the_pdf_says_the_same_and_refuses_more_than_can_be_waited_for(
    desk: PageClient, street: Street
) -> None:
    street.knock(0, Outcome.MOVED)
    where = f"/desk/rounds/{street.round.id}/doors.pdf"
    with desk.raw("get", where) as answer:
        sheets = len(paper.sizes(answer.data))
        words = "".join("".join(paper.words(answer.data, n) for n in range(sheets)).split())
    assert sheets == 2
    for told in ("1号楼1单元上门名单", "1号楼2单元上门名单", "王**", "搬走了", "□本人签收"):
        assert told in words
    large = make_quick_round(make_large_building(MOST_IN_PDF + 1))
    with pytest.raises(TooMany):
        list_parts(large, stairs_of(large, Wanted()))


def test_lists_cost_the_same_for_two_thousand_doors(
    client: PageClient, count_queries: Counting
) -> None:
    few, many = (make_quick_round(make_large_building(homes)).id for homes in (3, 2000))
    client.sign_in(make_staff())
    for endpoint, most in (("doors_staff.doors", 11), ("doors_staff.calls", 8)):
        counts = []
        for round_id in (few, many):
            with count_queries() as statements:
                client.get(endpoint, round_id=round_id)
            # A slow page outlives the second for which it is remembered who reads it.
            counts.append(len([one for one in statements if "FROM staff_session" not in one]))
        assert counts[0] == counts[1] <= most, statements
    assert "共 2,000 户" in client.get("doors_staff.doors", round_id=many).text
