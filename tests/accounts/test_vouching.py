"""Vouching: no number of accounts in one hand makes two persons (decision 6)."""

import ast

import pytest
import sqlalchemy as sa
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st

from app.accounts import actions, desk_sessions, invitations, vouching
from app.accounts.models import Staff, StaffSession
from app.accounts.office_book import KINDS
from app.accounts.queries import are_two_persons, forget_identities, too_near
from app.accounts.standing import NotAllowed
from app.core.db import db
from app.core.guards import Role
from app.journal.models import Kind
from app.roster.models import AreaKind
from app.rounds.steps import NotYourself
from tests.client import PageClient
from tests.factories import make_area, make_staff, mark_invited
from tests.structure.source import modules

pytestmark = pytest.mark.usefixtures("session")


def invited(by: Staff, role: Role = Role.WORKER, **others: object) -> Staff:
    """Somebody whom `by` invited and for whom nobody vouched; they signed in already."""
    staff = make_staff(role, **others)  # type: ignore[arg-type]
    mark_invited(staff, by, vouched=False)
    return staff


def test_two_whom_one_person_invited_are_not_two_persons() -> None:
    office = make_staff()
    first, second = invited(office), invited(office)
    assert not are_two_persons(first.id, second.identity)
    vouching.vouch(first, by=make_staff().identity)
    assert not are_two_persons(first.id, second.identity)
    vouching.vouch(second, by=make_staff().identity)
    assert are_two_persons(first.id, second.identity)


def test_nobody_is_a_second_person_to_whom_their_own_guest_invited() -> None:
    district = make_staff(Role.DISTRICT)
    office = invited(district, Role.OFFICE)
    worker = invited(office)
    assert not are_two_persons(worker.id, district.identity)
    # Nor can the district vouch for the worker, whom it could have invited by the office's account.
    with pytest.raises(NotAllowed):
        vouching.vouch(worker, by=district.identity)


def test_who_vouches_is_neither_the_inviter_nor_unknown_themself_nor_from_elsewhere() -> None:
    town = make_area(AreaKind.TOWN)
    office = make_staff(area=town)
    worker = invited(office, area=town)
    for by in (
        office,
        worker,
        invited(make_staff(Role.ADMIN)),
        make_staff(Role.WORKER, area=town),
        make_staff(Role.AUDITOR),
        make_staff(area=make_area(AreaKind.TOWN)),
    ):
        with pytest.raises(NotAllowed):
            vouching.vouch(worker, by=by.identity)
    vouching.vouch(worker, by=make_staff(area=town).identity)
    assert worker.is_vouched


def test_nobody_vouches_for_who_never_came_in() -> None:
    worker, colleague = make_staff(Role.WORKER), make_staff()
    invitations.invite(worker, "t" * 32, by=make_staff().identity)
    assert vouching.waiting(colleague.identity) == 0
    mark_invited(make_staff(), make_staff(), vouched=False)
    assert vouching.waiting(colleague.identity) == 1
    assert vouching.waiting(make_staff(Role.WORKER).identity) == 0
    with pytest.raises(NotAllowed, match="还没有用邀请登录过"):
        vouching.vouch(worker, by=colleague.identity)


@pytest.mark.parametrize("from_the_server", [False, True])
def test_whoever_is_invited_anew_is_vouched_for_anew(from_the_server: bool) -> None:
    worker, office = make_staff(Role.WORKER), make_staff()
    mark_invited(worker, office)
    assert are_two_persons(worker.id, make_staff().identity)
    by = None if from_the_server else make_staff().identity
    invitations.invite(worker, "t" * 32, by=by)
    assert not are_two_persons(worker.id, make_staff().identity)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(st.integers(-1, 4), st.booleans()), min_size=2, max_size=5))
def test_one_rule_holds_for_one_and_for_many(made: list[tuple[int, bool]]) -> None:
    people = [make_staff() for _ in made]
    for person, (maker, vouched) in zip(people, made, strict=True):
        if maker >= 0:
            mark_invited(person, people[maker % len(people)], vouched=vouched)
    vouched_in_sql = set(db.session.scalars(sa.select(Staff.id).where(Staff.is_vouched)))
    for one in people:
        assert (one.id in vouched_in_sql) == one.is_vouched
        for other in people:
            both = are_two_persons(one.id, other.identity)
            assert both == (one.id not in too_near(other.identity))
            assert both == are_two_persons(other.id, one.identity)
            assert not both or (one.is_vouched and other.is_vouched and one is not other)


def test_a_colleague_confirms_on_the_persons_page_and_the_book_tells(
    client: PageClient, app: Flask
) -> None:
    office, colleague = make_staff(), make_staff()
    worker, phone = invited(office), PageClient(app)
    phone.sign_in(worker)
    assert "还没有第二个人确认这个账号" in phone.get("accounts_me.me").text
    assert "您的账号等同事确认" in phone.get("desk.home").text
    client.sign_in(office)
    assert "个新账号等第二个人确认" not in client.get("desk.home").text
    client.post("accounts_staff.vouch", status=409, staff_id=worker.id)
    client.sign_in(colleague)
    assert "1 个新账号等第二个人确认" in client.get("desk.home").text
    listed = client.get("accounts_staff.people", show="waiting")
    assert worker.name in listed.text
    assert office.name not in listed.one("main").text
    assert "确认是本人在用" in client.get("accounts_staff.person", staff_id=worker.id).text
    assert office.name in client.get("accounts_staff.vouch", staff_id=worker.id).text
    client.post("accounts_staff.vouch", staff_id=worker.id)
    assert "等第二个人确认" not in client.get("accounts_staff.person", staff_id=worker.id).text
    told = client.get("accounts_journal.journal", kind="STAFF").text
    assert f"确认账号是本人在用：{worker.name}" in told
    assert "还没有第二个人确认" not in phone.get("accounts_me.me").text
    client.post("accounts_staff.vouch", status=409, staff_id=worker.id)


def test_a_refusal_says_that_an_account_still_waits() -> None:
    office = make_staff()
    worker, other = invited(office), make_staff()
    assert "您的账号" in vouching.lacks_voucher(other.id, worker.identity)
    assert "前一步的账号" in vouching.lacks_voucher(worker.id, other.identity)
    assert vouching.lacks_voucher(office.id, other.identity) == ""
    assert vouching.lacks_voucher(worker.id, worker.identity) == ""
    with pytest.raises(NotYourself, match="前一步的账号"):
        vouching.check_second_person(worker.id, other.identity, NotYourself("自己的"))
    with pytest.raises(NotYourself, match="自己的"):
        vouching.check_second_person(other.id, other.identity, NotYourself("自己的"))


@pytest.mark.parametrize("role", [Role.OFFICE, Role.DISTRICT, Role.ADMIN, Role.AUDITOR])
def test_nobody_ends_the_account_or_a_sign_in_of_who_is_not_below(
    client: PageClient, role: Role
) -> None:
    peer, office = make_staff(role), make_staff()
    desk_sessions.begin(peer.id, "Chrome · Windows")
    db.session.flush()
    (session,) = desk_sessions.standing(peer.id)
    with pytest.raises(NotAllowed):
        actions.close_staff(peer, by=office.identity)
    with pytest.raises(NotAllowed):
        desk_sessions.end(session, by=office.identity)
    client.sign_in(office)
    shown = client.get("accounts_staff.person", staff_id=peer.id)
    assert "停用" not in shown.text
    assert "退出</button>" not in shown.one("main").text
    client.post("accounts_staff.close_person", status=409, staff_id=peer.id)
    ids = {"staff_id": peer.id, "session_id": session.id}
    client.post("accounts_staff.end_sign_in", status=409, **ids)
    assert (peer.closed_at, session.ended_at) == (None, None)


def test_an_administrator_ends_any_account_but_their_own() -> None:
    admin, other = make_staff(Role.ADMIN), make_staff(Role.ADMIN)
    with pytest.raises(NotAllowed):
        actions.close_staff(admin, by=admin.identity)
    actions.close_staff(other, by=admin.identity)
    assert other.closed_at


def test_ones_own_sign_in_is_ended_whoever_one_is() -> None:
    worker = make_staff(Role.WORKER)
    desk_sessions.begin(worker.id, "微信")
    db.session.flush()
    found = db.session.scalars(sa.select(StaffSession).filter_by(staff_id=worker.id)).one()
    desk_sessions.end(found, by=worker.identity)
    forget_identities()
    assert found.ended_at


def test_whatever_stands_in_the_offices_book_has_its_words() -> None:
    written = {Kind[name] for module in modules() for name in _kinds_of_the_office(module.tree)}
    assert len(written) > 10
    assert written - set(KINDS) == set()


def _kinds_of_the_office(tree: ast.AST) -> set[str]:
    """The kinds that a module records in the office's book, also through one of its functions."""
    named, through = set(), set()
    for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
        for call in (node for node in ast.walk(function) if isinstance(node, ast.Call)):
            if call.args and ast.unparse(call.args[0]) == "OFFICE":
                kind = ast.unparse(call.args[1])
                (named if kind.startswith("Kind.") else through).add(
                    kind.removeprefix("Kind.") if kind.startswith("Kind.") else function.name
                )
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        if ast.unparse(call.func) in through:
            words = [ast.unparse(arg) for arg in call.args]
            named |= {word.removeprefix("Kind.") for word in words if word.startswith("Kind.")}
    return named
