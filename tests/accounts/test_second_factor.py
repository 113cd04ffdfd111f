"""The second factor: enrolled before the desk opens, used once, replaced, and proved again."""

import re
from typing import Any

import pyotp
import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask

from app.accounts import enrolling, second_factor
from app.accounts.enrolling import code_key
from app.accounts.models import RecoveryCode, Staff, StaffSession
from app.accounts.second_factor import Proof, WrongCode
from app.core import clock
from app.core.db import db
from app.core.sealing import unseal
from tests.client import ORIGIN, Page, PageClient
from tests.factories import PASSWORD, login_of, make_staff

pytestmark = pytest.mark.usefixtures("session")


def make_unenrolled(**facts: Any) -> Staff:
    """Somebody with a password and no second factor yet."""
    staff = make_staff(**facts)
    second_factor.forget(staff)
    return staff


def secret_on(page: Page) -> str:
    """The secret that an enrolment page shows as text."""
    return page.one("code", class_="secret").text.replace(" ", "")


def codes_on(page: Page) -> list[str]:
    return [li.text for li in page.one("ul", class_="recovery").all("li")]


def begin_enrolling(client: PageClient, staff: Staff) -> Page:
    """Give the right password; the page that offers a second factor."""
    data = {"username": staff.username, "password": PASSWORD}
    return client.follow(client.post("accounts_login.login", data))


def test_without_a_second_factor_nothing_opens_before_it_is_set_up(client: PageClient) -> None:
    staff = make_unenrolled()
    page = begin_enrolling(client, staff)
    assert page.h1 == "启用动态码"
    assert client.raw("get", "/desk").headers["Location"] == "/login"
    code = pyotp.TOTP(secret_on(page)).now()
    shown = client.follow(client.post("accounts_login.enrol", {"otp": code}))
    assert shown.h1 == "备用码"
    assert len(set(codes_on(shown))) == 10
    assert client.get("accounts_staff.people").h1 == "工作人员"
    assert unseal(staff.otp_sealed or b"").decode() == secret_on(page)


def test_a_wrong_first_code_is_told_and_the_same_secret_stays(client: PageClient) -> None:
    staff = make_unenrolled()
    page = begin_enrolling(client, staff)
    again = client.post("accounts_login.enrol", {"otp": "123 45"}, status=422)
    assert "动态码不对" in again.text
    assert secret_on(again) == secret_on(page)
    assert staff.enrolled_at is None


def test_of_two_browsers_that_set_up_one_account_the_first_wins(client: PageClient) -> None:
    staff = make_unenrolled()
    begin_enrolling(client, staff)
    ours, theirs = "a" * 26, "b" * 26
    for nonce in (ours, theirs):
        secret = second_factor.secret_of(nonce, code_key())
        typed = pyotp.TOTP(secret).now()
        if nonce == ours:
            enrolling.confirm(staff, typed, nonce, by=staff.identity)
            db.session.commit()
        else:
            with pytest.raises(second_factor.HasOne):
                enrolling.confirm(staff, typed, nonce, by=staff.identity)
    kept = second_factor.secret_of(ours, code_key())
    assert unseal(staff.otp_sealed or b"").decode() == kept


def test_the_secret_lies_in_no_cookie_and_not_readable_in_the_database(client: PageClient) -> None:
    staff = make_unenrolled()
    secret = secret_on(begin_enrolling(client, staff))
    with client.http.session_transaction(base_url=ORIGIN) as stored:
        assert secret not in str(dict(stored))
    client.post("accounts_login.enrol", {"otp": pyotp.TOTP(secret).now()})
    assert secret.encode() not in (staff.otp_sealed or b"")


def test_setting_up_is_over_after_a_quarter_of_an_hour_and_with_the_password(
    client: PageClient,
) -> None:
    staff = make_unenrolled()
    begin_enrolling(client, staff)
    with time_machine.travel(clock.now().timestamp() + 16 * 60, tick=False):
        assert client.raw("get", "/login/second-factor").headers["Location"] == "/login"
    assert client.raw("get", "/login/second-factor").status_code == 200
    staff.password_hash = "another"
    assert client.raw("get", "/login/second-factor").headers["Location"] == "/login"


@pytest.mark.parametrize(
    ("typed", "told"), [("", "请填动态码"), ("000000", "动态码不对"), ("abcd-efgh-jkmn", "备用码")]
)
def test_a_missing_or_wrong_code_is_told_clearly(client: PageClient, typed: str, told: str) -> None:
    staff = make_staff()
    page = client.post("accounts_login.login", login_of(staff, otp=typed), status=422)
    assert told in page.one(id="otp-error").text
    assert client.raw("get", "/desk").status_code == 303


def test_a_code_opens_the_desk_once(client: PageClient, app: Flask) -> None:
    form = login_of(make_staff())
    client.post("accounts_login.login", form)
    other = PageClient(app)
    assert "已经用过" in other.post("accounts_login.login", form, status=422).text


@pytest.mark.parametrize(
    ("steps", "is_taken"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)]
)
def test_a_phone_whose_clock_is_a_step_off_is_still_believed(steps: int, is_taken: bool) -> None:
    staff = make_staff()
    secret = unseal(staff.otp_sealed or b"").decode()
    with time_machine.travel(1_800_000_000 + 10, tick=False):
        typed = pyotp.TOTP(secret).at(1_800_000_000 + steps * 30)
        if is_taken:
            assert second_factor.prove(staff, typed, code_key()) is Proof.CODE
        else:
            with pytest.raises(WrongCode):
                second_factor.prove(staff, typed, code_key())


def test_an_older_code_is_worth_nothing_once_a_newer_one_was_used() -> None:
    staff = make_staff()
    secret = unseal(staff.otp_sealed or b"").decode()
    with time_machine.travel(1_800_000_010, tick=False):
        totp = pyotp.TOTP(secret)
        second_factor.prove(staff, totp.at(1_800_000_000), code_key())
        with pytest.raises(WrongCode):
            second_factor.prove(staff, totp.at(1_800_000_000 - 30), code_key())
        second_factor.prove(staff, totp.at(1_800_000_000 + 30), code_key())


def test_a_recovery_code_stands_for_the_phone_once(client: PageClient, app: Flask) -> None:
    staff = make_staff()
    client.sign_in(staff)
    codes = codes_on(client.follow(client.post("accounts_me.recovery_codes")))
    assert "10" in client.get("accounts_me.me").text
    typed = codes[3].upper().replace("-", " ")
    PageClient(app).post("accounts_login.login", login_of(staff, otp=typed))
    again = PageClient(app).post("accounts_login.login", login_of(staff, otp=typed), status=422)
    assert "备用码不对" in again.text
    assert second_factor.codes_left(staff.id) == 9
    client.sign_in(make_staff())
    assert f"用掉一个备用码：{staff.name}" in client.get("accounts_journal.journal").text
    stored = db.session.scalars(sa.select(RecoveryCode.secret_hash)).all()
    assert not [hashed for hashed in stored if codes[0].replace("-", "")[4:] in hashed]


def test_recovery_codes_are_shown_once_and_a_new_set_ends_the_old(
    client: PageClient, app: Flask
) -> None:
    staff = make_staff()
    client.sign_in(staff)
    first = codes_on(client.follow(client.post("accounts_me.recovery_codes")))
    assert not client.get("accounts_me.recovery_codes").all("ul", class_="recovery")
    second = codes_on(client.follow(client.post("accounts_me.recovery_codes")))
    assert not set(first) & set(second)
    PageClient(app).post("accounts_login.login", login_of(staff, otp=first[0]), status=422)
    PageClient(app).post("accounts_login.login", login_of(staff, otp=second[0]))


def test_another_phone_ends_the_first_and_every_other_sign_in(
    client: PageClient, app: Flask
) -> None:
    staff, other = make_staff(), PageClient(app)
    other.sign_in(staff)
    client.sign_in(staff)
    old = unseal(staff.otp_sealed or b"")
    secret = secret_on(client.get("accounts_me.renew"))
    client.follow(client.post("accounts_me.renew", {"otp": pyotp.TOTP(secret).now()}))
    assert unseal(staff.otp_sealed or b"").decode() == secret != old.decode()
    ended = sa.select(sa.func.count()).where(StaffSession.ended_at.is_not(None))
    assert db.session.scalar(ended) == 1


# Proving again (ASVS 7.5.3).


def unsure(client: PageClient) -> Staff:
    staff = make_staff()
    client.sign_in(staff, sure=False)
    return staff


def test_after_proving_again_one_is_where_one_was_going(client: PageClient) -> None:
    staff = unsure(client)
    asked = client.raw("get", "/desk/people/new?x=1")
    assert (asked.status_code, asked.headers["Location"]) == (303, "/desk/prove")
    page = client.follow(asked)
    assert page.h1 == "再次验证"
    proved = client.post("accounts_me.prove", {"otp": second_factor.code_now(staff)})
    assert proved.headers["Location"] == "/desk/people/new?x=1"
    assert client.follow(proved).h1 == "邀请同事"
    with time_machine.travel(clock.now().timestamp() + 11 * 60, tick=False):
        assert client.raw("get", "/desk/people/new").headers["Location"] == "/desk/prove"


def test_what_was_sent_is_not_done_and_one_is_told_to_do_it_again(client: PageClient) -> None:
    staff = unsure(client)
    asked = client.post("accounts_me.recovery_codes")
    assert asked.headers["Location"] == "/desk/prove"
    assert "还没有做" in client.follow(asked).text
    proved = client.post("accounts_me.prove", {"otp": second_factor.code_now(staff)})
    assert proved.headers["Location"] == "/desk/me/recovery-codes"
    assert "请再做一次" in client.follow(proved).text
    assert second_factor.codes_left(staff.id) == 0


def test_five_wrong_proofs_are_enough_for_a_quarter_of_an_hour(client: PageClient) -> None:
    staff = unsure(client)
    for _ in range(5):
        client.post("accounts_me.prove", {"otp": "000000"}, status=422)
    right = {"otp": second_factor.code_now(staff)}
    assert "试错次数太多" in client.post("accounts_me.prove", right, status=422).text


@pytest.mark.parametrize("way", ["//evil.example", "/\\evil.example", "https://evil.example", ""])
def test_no_way_back_leads_out_of_the_desk(client: PageClient, way: str) -> None:
    staff = unsure(client)
    with client.http.session_transaction(base_url=ORIGIN) as stored:
        stored["after_proof"] = {"way": way, "was_sent": False}
    proved = client.post("accounts_me.prove", {"otp": second_factor.code_now(staff)})
    assert re.fullmatch(r"/desk/me", proved.headers["Location"])


def test_a_program_that_is_not_sure_is_told_so(client: PageClient) -> None:
    unsure(client)
    answer = client.raw("get", "/desk/people/new", headers={"Accept": "application/json"})
    assert answer.status_code == 403
