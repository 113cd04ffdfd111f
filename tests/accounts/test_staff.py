"""Staff accounts: signing in, scopes, and the end of an account."""

import unicodedata

import pyotp
import pytest
import time_machine
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.accounts import queries
from app.accounts.actions import UsernameTaken, create_staff
from app.accounts.models import Staff
from app.core import clock
from app.core.db import db
from app.core.forms import canonical
from app.core.guards import Role
from app.roster.models import AreaKind
from tests.client import ORIGIN, PageClient
from tests.factories import PASSWORD, login_of, make_area, make_staff


def test_the_right_password_and_code_lead_to_the_desk(client: PageClient) -> None:
    staff = make_staff(username="wangfang")
    response = client.post("accounts_login.login", login_of(staff, username=" WangFang "))
    assert response.headers["Location"].endswith("/desk")
    assert client.get("accounts_staff.people").h1 == "工作人员"
    assert staff.name in client.get("accounts_staff.people").text


def test_whoever_draws_or_builds_comes_to_what_residents_ask(client: PageClient) -> None:
    response = client.post("accounts_login.login", login_of(make_staff(Role.DESIGNER)))
    assert response.headers["Location"] == "/desk/comments"
    assert client.follow(response).h1 == "居民意见"


def test_a_wrong_password_and_a_wrong_name_get_the_same_answer(client: PageClient) -> None:
    make_staff(username="wangfang")
    wrong_password = client.post(
        "accounts_login.login", {"username": "wangfang", "password": "x"}, status=422
    )
    wrong_name = client.post(
        "accounts_login.login", {"username": "wangfanG2", "password": "x"}, status=422
    )
    assert "用户名或密码不对" in wrong_password.text
    assert wrong_name.text == wrong_password.text


def test_the_sixth_try_in_a_quarter_of_an_hour_is_refused_even_when_right(
    client: PageClient,
) -> None:
    staff = make_staff(username="wangfang")
    wrong = {"username": "wangfang", "password": "x"}
    for _ in range(5):
        client.post("accounts_login.login", wrong, status=422)
    page = client.post("accounts_login.login", login_of(staff), status=422)
    assert "试错次数太多" in page.text
    with time_machine.travel(clock.now().timestamp() + 16 * 60, tick=False):
        client.post("accounts_login.login", login_of(staff))


def test_after_signing_in_one_comes_to_the_page_one_wanted(client: PageClient) -> None:
    staff = make_staff()
    assert client.raw("get", "/desk/people/new").status_code == 303
    response = client.post("accounts_login.login", login_of(staff))
    assert response.headers["Location"] == "/desk/people/new"


def test_a_session_ends_when_idle_and_after_eight_hours(client: PageClient) -> None:
    client.sign_in(make_staff())
    client.get("accounts_staff.people")
    began = clock.now().timestamp()
    with time_machine.travel(began + 31 * 60, tick=False):
        assert client.raw("get", "/desk/people").status_code == 303
    client.sign_in(make_staff())
    for minute in range(20, 8 * 60, 20):
        with time_machine.travel(began + minute * 60, tick=False):
            client.get("accounts_staff.people")
    with time_machine.travel(began + 8 * 3600 + 60, tick=False):
        assert client.raw("get", "/desk/people").status_code == 303


def test_a_closed_account_is_out_within_a_second(client: PageClient, app: Flask) -> None:
    office = make_staff(Role.DISTRICT)
    other = make_staff()
    client.sign_in(other)
    client.get("accounts_staff.people")
    boss = PageClient(app)
    boss.sign_in(office)
    boss.post("accounts_staff.close_person", staff_id=other.id)
    queries.forget_identities()  # a second has passed
    assert client.raw("get", "/desk/people").status_code == 303


def test_an_office_makes_people_only_within_its_own_area(client: PageClient) -> None:
    town, elsewhere = make_area(AreaKind.TOWN), make_area(AreaKind.TOWN)
    client.sign_in(make_staff(area=town))
    person = {
        "username": "li",
        "name": "李敏",
        "role": "worker",
        "area": str(town.id),
    }
    client.post("accounts_staff.add_person", person)
    refused = client.post(
        "accounts_staff.add_person",
        {**person, "username": "li2", "area": str(elsewhere.id)},
        status=422,
    )
    assert elsewhere.full_name not in refused.text
    assert client.get("accounts_staff.people").text.count("李敏") == 1


def test_two_user_names_that_look_the_same_are_one(client: PageClient) -> None:
    make_staff(username="li")
    client.sign_in(make_staff())
    person = {
        "username": "ＬＩ ",
        "name": "李敏",
        "role": "worker",
        "area": "0",
    }
    page = client.post("accounts_staff.add_person", person, status=422)
    assert "已经有人用了" in page.text


@pytest.mark.parametrize("name", ["..", "a/b", "<b>", "' OR 1=1--", "new one", "😀😀", "-a"])
def test_a_user_name_that_nobody_can_type_again_is_refused(client: PageClient, name: str) -> None:
    client.sign_in(make_staff())
    person = {"username": name, "name": "李敏", "role": "worker", "area": "0"}
    page = client.post("accounts_staff.add_person", person, status=422)
    assert "用户名只用字母、汉字、数字" in page.text


def test_a_worker_does_not_see_the_accounts(client: PageClient) -> None:
    client.sign_in(make_staff(Role.WORKER))
    assert client.get("accounts_staff.people", status=403).h1 == "这里您进不去"


def test_somebody_of_another_area_cannot_be_closed(client: PageClient) -> None:
    victim = make_staff(area=make_area(AreaKind.TOWN))
    client.sign_in(make_staff(area=make_area(AreaKind.TOWN)))
    client.post("accounts_staff.close_person", status=403, staff_id=victim.id)
    assert victim.closed_at is None


def test_the_command_line_makes_an_account_and_tells_its_secrets_once(
    app: Flask, client: PageClient
) -> None:
    done = app.test_cli_runner().invoke(args=["staff", "create", "zhao", "--role", "district"])
    assert done.exit_code == 0, done.output
    told, address = done.output.splitlines()
    _username, username, _password, password, _otp, secret = told.split()
    assert address == f"otpauth://totp/Juyi:zhao?secret={secret}&issuer=Juyi"
    code = app.test_cli_runner().invoke(args=["staff", "code", "zhao"]).output.strip()
    assert pyotp.TOTP(secret).verify(code, valid_window=1)
    client.post("accounts_login.login", {"username": username, "password": password, "otp": code})
    again = app.test_cli_runner().invoke(args=["staff", "create", "zhao"])
    assert again.exit_code != 0


def test_the_command_line_lets_somebody_in_again(app: Flask, client: PageClient) -> None:
    staff = make_staff(username="zhao")
    db.session.commit()
    link = app.test_cli_runner().invoke(args=["staff", "invite", "zhao"]).output.strip()
    client.post("accounts_login.login", login_of_nobody(staff), status=422)
    assert client.visit(link.removeprefix(ORIGIN)).h1 == "设置您的密码"
    assert app.test_cli_runner().invoke(args=["staff", "code", "nobody"]).exit_code != 0


def login_of_nobody(staff: Staff) -> dict[str, str]:
    """What was right before the invitation."""
    return {"username": staff.username, "password": PASSWORD, "otp": "000000"}


@given(st.text(max_size=40))
@settings(max_examples=300, deadline=None)
def test_the_canonical_form_of_a_canonical_form_is_itself(text: str) -> None:
    assert canonical(canonical(text)) == canonical(text)


@pytest.mark.usefixtures("session")
@given(st.lists(st.sampled_from("Aaａ １1ﬁfi\u200bé\u0301e"), min_size=1, max_size=6))
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_two_accounts_have_names_that_are_canonically_equal(letters: list[str]) -> None:
    name = "".join(letters)
    with db.session.begin_nested() as inside:
        create_staff(f"x{name}", "甲", Role.WORKER, None, None, by=None)
        for same in (f" x{name}\u200b", unicodedata.normalize("NFKC", f"X{name}".upper())):
            if canonical(same).lower() == canonical(f"x{name}").lower():
                with pytest.raises(UsernameTaken):
                    create_staff(same, "乙", Role.WORKER, None, None, by=None)
        inside.rollback()
