"""Inviting, changing and ending accounts; sign-ins as rows; the office's book in words."""

import re
from typing import Any

import pyotp
import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask

from app.accounts import actions, invitations, queries
from app.accounts.models import Invitation, Staff, StaffSession
from app.accounts.queries import are_two_persons
from app.accounts.standing import NotAllowed
from app.core import clock
from app.core.db import db
from app.core.guards import Role
from app.core.log import mask
from app.core.sheets import read_workbook
from app.journal.models import JournalEntry
from app.roster.models import AreaKind
from tests.accounts.test_second_factor import secret_on
from tests.client import ORIGIN, Page, PageClient
from tests.factories import login_of, make_area, make_staff

pytestmark = pytest.mark.usefixtures("session")
NEW = {"password": "mine and long", "again": "mine and long"}


def person(**others: str) -> dict[str, str]:
    return {"username": "li", "name": "李敏", "role": "worker", "area": "0", **others}


def link_on(page: Page) -> str:
    return page.one(id="link")["value"].removeprefix(ORIGIN)


def invite(client: PageClient, **others: str) -> str:
    """Invite somebody; the way that the link names."""
    return link_on(client.follow(client.post("accounts_staff.add_person", person(**others))))


def staff_called(username: str) -> Staff:
    return db.session.scalars(sa.select(Staff).filter_by(username=username)).one()


def told(kind: str = "STAFF") -> list[str]:
    """What the office's book says of accounts, from the first to the last."""
    rows = sa.select(JournalEntry.entry).where(JournalEntry.kind == kind)
    return list(db.session.scalars(rows.order_by(JournalEntry.seq)))


def test_from_the_invitation_to_the_desk_nobody_else_knows_the_password(
    client: PageClient, app: Flask
) -> None:
    client.sign_in(make_staff())
    link = invite(client)
    li = PageClient(app)
    assert "李敏" in li.visit(link).text
    page = li.follow(li.submit(link, NEW))
    assert page.h1 == "启用动态码"
    shown = li.follow(li.submit("/login/second-factor", {"otp": pyotp.TOTP(secret_on(page)).now()}))
    assert shown.h1 == "备用码"
    assert li.get("desk.home").h1
    assert li.get("accounts_me.me").h1 == "我的账号"


def test_the_link_is_shown_once_and_stands_nowhere_readable(client: PageClient) -> None:
    client.sign_in(make_staff())
    link = invite(client)
    token = link.rsplit("/", 1)[1]
    li = staff_called("li")
    assert client.get("accounts_staff.invitation", staff_id=li.id).h1 == "邀请链接已经显示过"
    stored = db.session.scalars(sa.select(Invitation.token_digest)).one()
    assert token not in stored
    assert token not in mask(f'GET "{link}"')
    with client.http.session_transaction(base_url=ORIGIN) as kept:
        assert token not in str(dict(kept))


def test_a_link_works_once(client: PageClient, app: Flask) -> None:
    client.sign_in(make_staff())
    link = invite(client)
    PageClient(app).submit(link, NEW)
    late = PageClient(app)
    assert late.visit(link, 410).h1 == "这个邀请不能用了"
    late.submit(link, {"password": "theirs and long", "again": "theirs and long"}, status=410)


def test_an_invitation_that_expired_is_revived_by_nothing(client: PageClient, app: Flask) -> None:
    client.sign_in(make_staff())
    link, guest = invite(client), PageClient(app)
    with time_machine.travel(clock.now().timestamp() + 72 * 3600 + 1, tick=False):
        guest.visit(link, 410)
        guest.submit(link, NEW, status=410)
        for password in ("", "!", "mine and long"):
            form = {"username": "li", "password": password}
            guest.post("accounts_login.login", form, status=422)
        client.sign_in(make_staff())
        again = client.post("accounts_staff.invite", staff_id=staff_called("li").id)
        newer = link_on(client.follow(again))
        guest.visit(link, 410)
        guest.submit(newer, NEW)


def test_a_later_invitation_ends_everything_there_was_before(
    client: PageClient, app: Flask
) -> None:
    worker = make_staff(Role.WORKER)
    before, phone = login_of(worker), PageClient(app)
    phone.sign_in(worker)
    client.sign_in(make_staff())
    client.post("accounts_staff.invite", staff_id=worker.id)
    queries.forget_identities()  # a second has passed
    assert phone.raw("get", "/desk").headers["Location"] == "/login"
    phone.post("accounts_login.login", before, status=422)
    assert (worker.otp_sealed, worker.password_hash) == (None, None)


def test_passwords_that_differ_or_are_short_are_refused(client: PageClient, app: Flask) -> None:
    client.sign_in(make_staff())
    link, guest = invite(client), PageClient(app)
    differ = guest.submit(link, {**NEW, "again": "something else"}, status=422)
    assert "两遍密码不一样" in differ.text
    assert "10" in guest.submit(link, {"password": "short", "again": "short"}, status=422).text
    guest.submit(link, NEW)


def test_whoever_invited_somebody_is_never_their_second_person() -> None:
    first, second = make_staff(), make_staff()
    worker = make_staff(Role.WORKER)
    invitations.invite(worker, "t" * 32, by=first.identity)
    assert not are_two_persons(first.id, worker.identity)
    invitations.invite(worker, "u" * 32, by=second.identity)
    assert not are_two_persons(second.id, worker.identity)


@pytest.mark.parametrize("role", [Role.OFFICE, Role.DISTRICT, Role.ADMIN, Role.AUDITOR])
def test_nobody_touches_an_account_that_is_not_below(client: PageClient, role: Role) -> None:
    peer, office = make_staff(role), make_staff()
    for verb in (
        lambda: invitations.invite(peer, "t" * 32, by=office.identity),
        lambda: actions.change_staff(peer, Role.WORKER, None, by=office.identity),
    ):
        with pytest.raises(NotAllowed):
            verb()
    client.sign_in(office)
    client.post("accounts_staff.invite", status=409, staff_id=peer.id)
    assert peer.password_hash


def test_a_role_changes_downwards_only_and_at_once(client: PageClient, app: Flask) -> None:
    town = make_area(AreaKind.TOWN)
    worker, phone = make_staff(Role.WORKER), PageClient(app)
    client.sign_in(make_staff())
    phone.sign_in(worker)
    form = {"role": "designer", "area": str(town.id)}
    client.post("accounts_staff.standing", form, staff_id=worker.id)
    assert (worker.role, worker.area_id) == (Role.DESIGNER, town.id)
    client.post("accounts_staff.standing", {**form, "role": "office"}, 422, staff_id=worker.id)
    queries.forget_identities()
    assert phone.raw("get", "/desk").status_code == 403
    assert '"changed"' in told()[-1]


def test_the_list_is_searched_and_paged_and_says_who_waits(
    client: PageClient, count_queries: Any
) -> None:
    client.sign_in(make_staff())
    for number in range(60):
        make_staff(Role.WORKER, username=f"many{number:02d}")
    invite(client)
    page = client.get("accounts_staff.people", words="李敏")
    assert "邀请还没有打开" in page.text
    assert "many" not in page.text
    with count_queries() as statements:
        client.get("accounts_staff.people")
    assert len(statements) <= 4
    assert "many" in client.get("accounts_staff.people", page=2).text
    assert "没有找到" in client.get("accounts_staff.people", words="没有这个人").text


def test_the_list_can_be_taken_along(client: PageClient, tmp_path: Any) -> None:
    office = make_staff()
    client.sign_in(office)
    path = tmp_path / "people.xlsx"
    path.write_bytes(client.raw("get", "/desk/people.xlsx").get_data())
    assert office.name in str(read_workbook(path))


def test_ones_own_sign_ins_are_listed_and_ended(client: PageClient, app: Flask) -> None:
    staff, other = make_staff(), PageClient(app)
    agent = {"User-Agent": "Mozilla/5.0 (Windows NT 10.0) AppleWebKit Chrome/120 Safari/537"}
    form = {**login_of(staff), "csrf_token": other.token()}
    other.raw("post", "/login", data=form, headers=agent)
    client.sign_in(staff)
    page = client.get("accounts_me.me")
    assert "Chrome · Windows" in page.text
    assert page.text.count("这里") == 1
    found = db.session.scalars(sa.select(StaffSession).order_by(StaffSession.id)).first()
    assert found is not None
    client.post("accounts_me.end_sign_in", session_id=found.id)
    queries.forget_identities()  # a second has passed
    assert other.raw("get", "/desk").headers["Location"] == "/login"
    assert client.raw("get", "/desk").status_code == 200
    stranger = PageClient(app)
    stranger.sign_in(make_staff())
    stranger.post("accounts_me.end_sign_in", status=404, session_id=found.id)


def test_a_colleagues_sign_in_is_ended_from_above(client: PageClient, app: Flask) -> None:
    worker, phone = make_staff(Role.WORKER), PageClient(app)
    phone.sign_in(worker)
    client.sign_in(make_staff())
    page = client.get("accounts_staff.person", staff_id=worker.id)
    (form,) = [f for f in page.all("form") if "sign-ins" in (f.get("action") or "")]
    client.submit(form["action"], {})
    queries.forget_identities()
    assert phone.raw("get", "/desk").headers["Location"] == "/login"


def test_after_signing_out_the_cookie_of_before_opens_nothing(client: PageClient) -> None:
    client.sign_in(make_staff())
    with client.http.session_transaction(base_url=ORIGIN) as stored:
        before = dict(stored)
    left = client.post("accounts_login.logout")
    assert left.headers["Clear-Site-Data"] == '"cache"'
    queries.forget_identities()
    with client.http.session_transaction(base_url=ORIGIN) as stored:
        stored.update(before)
    assert client.raw("get", "/desk").headers["Location"] == "/login"


def test_a_new_password_ends_every_other_sign_in(client: PageClient, app: Flask) -> None:
    staff, other = make_staff(), PageClient(app)
    other.sign_in(staff)
    client.sign_in(staff)
    client.post("accounts_me.password", NEW)
    queries.forget_identities()
    assert other.raw("get", "/desk").headers["Location"] == "/login"
    assert client.raw("get", "/desk").status_code == 200
    form = login_of(staff, password=NEW["password"])
    PageClient(app).post("accounts_login.login", form)


def test_the_book_says_in_words_what_befell_accounts(client: PageClient) -> None:
    town = make_area(AreaKind.TOWN)
    office = make_staff(area=town)
    client.sign_in(office)
    invite(client, area=str(town.id))
    page = client.get("accounts_journal.journal", kind="STAFF")
    assert "发出邀请，原来的密码和动态码作废：李敏" in page.text
    assert page.text.count(office.name) >= 2
    assert "还没有这样的记录" in client.get("accounts_journal.journal", kind="PROJECT").text
    client.sign_in(make_staff(area=make_area(AreaKind.TOWN)))
    assert "李敏" not in client.get("accounts_journal.journal").text
    client.sign_in(make_staff(Role.AUDITOR))
    assert "李敏" in client.get("accounts_journal.journal").text
    assert not re.search(r"1\d{10}", client.get("accounts_journal.journal").text)
