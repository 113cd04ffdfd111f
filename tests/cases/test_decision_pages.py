"""Two persons on the desk: propose, see what it will do, agree or decline; never one alone."""

from datetime import timedelta

import pytest

from app.core import clock
from app.core.format import as_moment, local
from app.core.guards import Role
from app.roster.models import AreaKind
from app.rounds import changes, register
from app.rounds.cases import Outcome
from app.rounds.counting import Choice
from app.rounds.decisions import Grounds, approve, decline
from app.rounds.models import Round, Voice
from tests.client import PageClient
from tests.factories import (
    homes_of,
    make_area,
    make_building,
    make_household,
    make_plan,
    make_round,
    make_staff,
    mark_invited,
)
from tests.rounds.disagreeing import GROUNDS, WORDS, last_decision, place_of
from tests.rounds.voters import cast_quickly


def later(round_: Round, days: int = 5) -> str:
    return local(round_.closes_at + timedelta(days=days)).strftime("%Y-%m-%dT%H:%M")


def test_an_extension_is_proposed_by_one_and_agreed_to_by_another(client: PageClient) -> None:
    round_ = make_round(make_building().compound)
    before = round_.closes_at
    first, second = make_staff(), make_staff()
    client.sign_in(first)
    answer = client.post("cases.extend", {**WORDS, "closes_at": later(round_)}, round_id=round_.id)
    own = client.follow(answer)
    assert "您自己提的，不能自己同意" in own.text
    assert own.h1 == "延长截止时间"
    assert round_.closes_at == before
    client.sign_in(second)
    decision = last_decision()
    page = client.get("cases.decision", decision_id=decision.id)
    changed = page.one("table", class_="changes").text
    until = decision.params["to"][:16]
    assert as_moment(before) in changed
    assert until
    assert "社区开会定的" in page.text
    assert first.name in page.text
    confirm = client.get("cases.approve", decision_id=decision.id)
    assert as_moment(before) in confirm.text
    done = client.follow(client.post("cases.approve", decision_id=decision.id))
    assert "已同意" in done.text
    assert second.name in done.text
    assert round_.closes_at - before >= timedelta(days=4, hours=23)


def test_nobody_agrees_to_what_they_proposed_themselves(client: PageClient) -> None:
    round_ = make_round(make_building().compound)
    office = make_staff()
    decision = changes.propose_extension(
        round_, round_.closes_at + timedelta(days=3), GROUNDS, by=office.identity
    )
    client.sign_in(office)
    page = client.post("cases.approve", status=409, decision_id=decision.id)
    assert "另一个人同意" in page.one(role="alert").text
    assert decision.outcome == Outcome.WAITING
    shown = client.get("cases.decision", decision_id=decision.id)
    assert not shown.all("a", href=f"/desk/decisions/{decision.id}/approve")
    assert not client.get("cases.approve", decision_id=decision.id).all(
        "form", action=f"/desk/decisions/{decision.id}/approve"
    )


def test_an_account_made_by_the_proposer_is_told_that_it_is_no_second_person(
    client: PageClient,
) -> None:
    round_ = make_round(make_building().compound)
    maker, made = make_staff(), make_staff()
    mark_invited(made, by=maker)
    decision = changes.propose_extension(
        round_, round_.closes_at + timedelta(days=3), GROUNDS, by=maker.identity
    )
    client.sign_in(made)
    assert "不能算两个人" in client.get("cases.decision", decision_id=decision.id).text
    client.post("cases.approve", status=409, decision_id=decision.id)


def test_a_worker_proposes_and_takes_back_but_never_agrees(client: PageClient) -> None:
    round_ = make_round(make_building().compound)
    worker, other = make_staff(Role.WORKER), make_staff(Role.WORKER)
    client.sign_in(worker)
    client.post("cases.extend", {**WORDS, "closes_at": later(round_)}, round_id=round_.id)
    decision = last_decision()
    client.sign_in(other)
    shown = client.get("cases.decision", decision_id=decision.id)
    assert "等街道（乡镇）或区里的同事决定" in shown.text
    client.post("cases.approve", status=403, decision_id=decision.id)
    client.post("cases.decline", {"why": "不行"}, status=403, decision_id=decision.id)
    client.sign_in(worker)
    back = client.post("cases.decline", {"why": "写错了日子"}, decision_id=decision.id)
    assert "已撤回" in client.follow(back).text
    assert decision.outcome == Outcome.DECLINED


def test_declining_wants_a_reason_and_the_proposer_reads_it(client: PageClient) -> None:
    round_ = make_round(make_building().compound)
    first = make_staff()
    decision = changes.propose_extension(
        round_, round_.closes_at + timedelta(days=3), GROUNDS, by=first.identity
    )
    client.sign_in(make_staff())
    page = client.post("cases.decline", {"why": " "}, status=422, decision_id=decision.id)
    assert "请写明理由" in page.one(role="alert").text
    client.post("cases.decline", {"why": "日子太长"}, decision_id=decision.id)
    client.sign_in(first)
    assert "日子太长" in client.get("cases.decision", decision_id=decision.id).text


def test_what_somebody_settled_meanwhile_is_refused_with_words(client: PageClient) -> None:
    round_ = make_round(make_building().compound)
    first, second, third = make_staff(), make_staff(), make_staff()
    decision = changes.propose_extension(
        round_, round_.closes_at + timedelta(days=3), GROUNDS, by=first.identity
    )
    approve(decision, by=second.identity)
    client.sign_in(third)
    for endpoint, sent in (("approve", {}), ("decline", {"why": "晚了"})):
        page = client.post(f"cases.{endpoint}", sent, status=409, decision_id=decision.id)
        assert "已经有人决定了" in page.text
    assert decision.settled_by_id == second.id
    assert not client.get("cases.decline", decision_id=decision.id).all("textarea")


def test_a_round_that_closed_meanwhile_lets_only_decline(client: PageClient) -> None:
    round_ = make_round(make_building().compound)
    decision = changes.propose_extension(
        round_, round_.closes_at + timedelta(days=3), GROUNDS, by=make_staff().identity
    )
    round_.opens_at = round_.opened_at = clock.now() - timedelta(days=9)
    round_.closes_at = clock.now() - timedelta(minutes=1)
    client.sign_in(make_staff())
    assert "已经不能办了" in client.get("cases.decision", decision_id=decision.id).text
    page = client.post("cases.approve", status=409, decision_id=decision.id)
    assert "已截止" in page.one(role="alert").text
    client.post("cases.decline", {"why": "已经截止"}, decision_id=decision.id)


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({"reason": " "}, "请写明理由"),
        ({"closes_at": ""}, "请填新的截止时间"),
        ({"closes_at": "2020-01-01T10:00"}, "只能往后延"),
        ({"closes_at": "2099-01-01T10:00"}, "不能超过 60 天"),
        ({"reason": "长" * 1001}, "太长了"),
    ],
)
def test_a_bad_extension_is_named_and_proposes_nothing(
    client: PageClient, sent: dict[str, str], words: str
) -> None:
    round_ = make_round(make_building().compound)
    client.sign_in(make_staff())
    form = {**WORDS, "closes_at": later(round_), **sent}
    page = client.post("cases.extend", form, status=422, round_id=round_.id)
    assert words in page.one(role="alert").text
    assert last_decision() is None


def test_the_same_thing_is_not_proposed_twice(client: PageClient) -> None:
    round_ = make_round(make_building().compound)
    client.sign_in(make_staff())
    form = {**WORDS, "closes_at": later(round_)}
    client.post("cases.extend", form, round_id=round_.id)
    page = client.post("cases.extend", form, status=422, round_id=round_.id)
    assert "已经有人提了" in page.one(role="alert").text
    waits = f"/desk/decisions/{last_decision().id}"
    page = client.get("cases.extend", round_id=round_.id)
    assert not page.all("textarea")
    assert page.one("main").all("a", href=waits)
    page = client.get("cases.decisions", round_id=round_.id)
    assert page.one("a", href=f"/desk/rounds/{round_.id}").text == round_.shown_title
    assert not page.all("a", href=f"/desk/rounds/{round_.id}/extend")


def test_adding_a_home_shows_the_total_and_what_is_needed_before_and_after(
    client: PageClient,
) -> None:
    building = make_building(homes=5)
    round_ = make_round(building.compound)
    late = make_household(building.entrances[0], "901")
    decision = register.propose_addition(round_, late.premises, GROUNDS, by=make_staff().identity)
    client.sign_in(make_staff())
    page = client.get("cases.decision", decision_id=decision.id)
    rows = {
        row.one("th").text: row.text for row in page.one("table", class_="changes").all("tr")[1:]
    }
    assert rows["总户数"] == "总户数5 户6 户"
    assert rows["“改造方案”需要"] == "“改造方案”需要4 户5 户"
    assert "1号楼1单元901" in page.h1
    client.post("cases.approve", decision_id=decision.id)
    assert place_of(round_, late).is_household


def test_removing_a_home_never_tells_what_it_chose(client: PageClient) -> None:
    building = make_building(homes=6)
    round_ = make_round(building.compound)
    home = homes_of(building)[0]
    cast_quickly(round_, home, Choice.AGREE, "request-1")
    decision = register.propose_removal(place_of(round_, home), GROUNDS, by=make_staff().identity)
    client.sign_in(make_staff())
    page = client.get("cases.decision", decision_id=decision.id)
    table = page.one("table", class_="changes").text
    assert "总户数6 户5 户" in table
    assert "已表态1 户0 户" in table
    assert "同意" not in table.replace("同意以后", "")


def test_a_material_change_says_how_many_confirm_and_an_editorial_one_none(
    client: PageClient,
) -> None:
    building = make_building(homes=6)
    round_ = make_round(building.compound)
    home = homes_of(building)[0]
    cast_quickly(round_, home, Choice.AGREE, "request-1")
    client.sign_in(make_staff())
    assert "没有比这一轮更新的" in client.get("cases.change_plan", round_id=round_.id).text
    client.post("cases.change_plan", WORDS, status=409, round_id=round_.id)
    version = make_plan(building.compound)
    page = client.get("cases.change_plan", round_id=round_.id)
    assert "1 户要重新确认" in page.text
    assert page.all("a", href=f"/desk/plans/{version.id}/differences")
    form = {**page.form_values("/change-plan"), **WORDS}
    assert (
        "还没有选"
        in client.post("cases.change_plan", form, status=422, round_id=round_.id)
        .one(role="alert")
        .text
    )
    client.post("cases.change_plan", {**form, "material": "yes"}, round_id=round_.id)
    decision = last_decision()
    client.sign_in(make_staff())
    shown = client.get("cases.decision", decision_id=decision.id)
    assert "计入的户数1 户0 户" in shown.one("table", class_="changes").text
    client.post("cases.approve", decision_id=decision.id)
    assert place_of(round_, home).voice == Voice.TO_CONFIRM


def test_a_dearer_plan_cannot_be_called_a_change_of_words_and_its_figures_are_shown(
    client: PageClient,
) -> None:
    building = make_building()
    round_ = make_round(building.compound)
    make_plan(building.compound).fee_per_area = 65
    client.sign_in(make_staff())
    page = client.get("cases.change_plan", round_id=round_.id)
    dearer = "物业费（每平方米每月）0.40 元0.65 元"
    assert dearer in page.one("table", class_="changes").text
    form = {**page.form_values("/change-plan"), **WORDS}
    asked = {"round_id": round_.id}
    refused = client.post("cases.change_plan", {**form, "material": "no"}, status=422, **asked)
    assert "不能算文字改动" in refused.one(role="alert").text
    client.post("cases.change_plan", {**form, "material": "yes"}, **asked)
    client.sign_in(make_staff())
    shown = client.get("cases.decision", decision_id=last_decision().id)
    assert dearer in shown.one("table", class_="changes").text


def test_a_version_published_meanwhile_must_be_read_before_it_is_proposed(
    client: PageClient,
) -> None:
    building = make_building()
    round_ = make_round(building.compound)
    make_plan(building.compound)
    client.sign_in(make_staff())
    form = client.get("cases.change_plan", round_id=round_.id).form_values("/change-plan")
    newest = make_plan(building.compound)
    sent = {**form, **WORDS, "material": "no"}
    page = client.post("cases.change_plan", sent, status=422, round_id=round_.id)
    assert "又出了新的一版" in page.one(role="alert").text
    assert page.form_values("/change-plan")["version"] == str(newest.id)


def test_the_list_has_what_waits_first_and_then_what_was_settled(client: PageClient) -> None:
    round_ = make_round(make_building().compound)
    client.sign_in(make_staff(Role.WORKER))
    empty = client.get("cases.decisions", round_id=round_.id)
    assert "没有等第二个人的事" in empty.text
    by = make_staff()
    old = changes.propose_extension(
        round_, round_.closes_at + timedelta(days=2), Grounds("第一次"), by=by.identity
    )
    decline(old, "不用了", by=by.identity)
    changes.propose_extension(
        round_, round_.closes_at + timedelta(days=3), Grounds("第二次"), by=by.identity
    )
    page = client.get("cases.decisions", round_id=round_.id)
    waiting, settled = page.all("table")
    assert "第二次" in waiting.text
    assert "第一次" not in waiting.text
    assert "已撤回" in settled.text


def test_words_of_people_are_never_markup(client: PageClient) -> None:
    round_ = make_round(make_building().compound)
    evil = "<script>alert(1)</script>"
    decision = changes.propose_extension(
        round_, round_.closes_at + timedelta(days=2), Grounds(evil, evil), by=make_staff().identity
    )
    client.sign_in(make_staff())
    for page in (
        client.get("cases.decision", decision_id=decision.id),
        client.get("cases.decisions", round_id=round_.id),
        client.get("cases.approve", decision_id=decision.id),
    ):
        assert evil not in page.html


def test_another_area_and_no_sign_in_are_kept_out(client: PageClient) -> None:
    round_ = make_round(make_building().compound)
    decision = changes.propose_extension(
        round_, round_.closes_at + timedelta(days=2), GROUNDS, by=make_staff().identity
    )
    paths = [
        f"/desk/rounds/{round_.id}/{name}"
        for name in ("decisions", "extend", "change-plan", "conflicts", "objections", "audit")
    ]
    paths += [f"/desk/decisions/{decision.id}{end}" for end in ("", "/approve", "/decline")]
    for path in paths:
        assert client.raw("get", path).status_code == 303, path
    client.sign_in(make_staff(area=make_area(AreaKind.TOWN)))
    for path in paths:
        assert client.raw("get", path).status_code == 403, path
    client.post("cases.approve", status=403, decision_id=decision.id)
    assert client.raw("get", "/desk/decisions/999999").status_code == 404


def test_an_end_moved_meanwhile_is_shown_as_it_is_now(client: PageClient) -> None:
    round_ = make_round(make_building().compound)
    before, by = round_.closes_at, make_staff().identity
    far = changes.propose_extension(round_, before + timedelta(days=9), GROUNDS, by=by)
    near = changes.propose_extension(round_, before + timedelta(days=3), GROUNDS, by=by)
    approve(near, by=make_staff().identity)
    client.sign_in(make_staff())
    changed = client.get("cases.decision", decision_id=far.id).one("table").text
    assert as_moment(before + timedelta(days=3)) in changed
    assert as_moment(before) not in changed


def test_what_its_own_proposer_took_back_was_not_refused(client: PageClient) -> None:
    round_ = make_round(make_building().compound)
    first, second = make_staff(), make_staff()
    until = round_.closes_at + timedelta(days=2)
    for person, told in ((first, "已撤回"), (second, "未同意")):
        made = changes.propose_extension(round_, until, GROUNDS, by=first.identity)
        client.sign_in(person)
        client.post("cases.decline", {"why": "不用了"}, decision_id=made.id)
        page = client.get("cases.decision", decision_id=made.id)
        assert page.one("p", class_="sum").text == told


def test_an_approved_transfer_leads_to_the_slip_of_the_new_owner(client: PageClient) -> None:
    building = make_building()
    round_ = make_round(building.compound)
    home, first = homes_of(building)[0], make_staff()
    made = register.propose_transfer(place_of(round_, home), ["孙七"], GROUNDS, by=first.identity)
    client.sign_in(make_staff())
    assert "打印新的户码单" not in client.get("cases.decision", decision_id=made.id).text
    client.post("cases.approve", decision_id=made.id)
    page = client.get("cases.decision", decision_id=made.id)
    slip = f"/desk/compounds/{round_.compound_id}/slips?household={home.id}"
    assert page.all("a", href=slip)
