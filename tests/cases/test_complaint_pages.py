"""Objections on the desk from the first word to the answer; and the audit of paper votes."""

from datetime import timedelta

import pytest

from app.accounts.models import Staff
from app.core import clock
from app.core.db import db
from app.core.guards import Role
from app.roster.models import AreaKind, Building
from app.rounds import actions, queries
from app.rounds.audit import draw, sample_of
from app.rounds.cases import AuditItem, Effect, Objection, ObjectionKind
from app.rounds.counting import Choice
from app.rounds.effects import current_vote
from app.rounds.models import Round, Voice
from app.rounds.objections import Answer, Complaint, objections_of, propose_answer, raise_objection
from tests.client import PageClient
from tests.factories import (
    homes_of,
    make_area,
    make_building,
    make_household,
    make_round,
    make_staff,
)
from tests.rounds.disagreeing import last_decision, on_paper, place_of
from tests.rounds.voters import cast_quickly

SAID = {"kind": "not_me", "words": "我家没有人投过票", "evidence": ""}


def objected(round_: Round, building: Building) -> Objection:
    """The first household says that it was not its vote."""
    home = homes_of(building)[0]
    complaint = Complaint(ObjectionKind.NOT_ME, home.address, "我家没有人投过票", home.id)
    return raise_objection(round_, complaint, by=make_staff().identity)


def closed_with_paper(homes: int = 3) -> tuple[Round, list[AuditItem]]:
    """A closed round with as many votes on paper, all drawn for the audit, keyed by one person."""
    building = make_building(homes=6)
    round_, clerk = make_round(building.compound), make_staff()
    for number, home in enumerate(homes_of(building)[:homes]):
        on_paper(round_, home, Choice.AGREE, clerk, f"paper-{number:04}")
    round_.opened_at = round_.opens_at = clock.now() - timedelta(days=9)
    round_.closes_at = clock.now() - timedelta(minutes=1)
    actions.close_due_rounds()
    return round_, sample_of(round_.id)


def test_an_objection_is_written_down_taken_answered_and_agreed_to(client: PageClient) -> None:
    building = make_building()
    round_ = make_round(building.compound)
    home, entrance = homes_of(building)[0], building.entrances[0]
    cast_quickly(round_, home, Choice.AGREE, "request-1")
    first, second = make_staff(Role.WORKER), make_staff()
    client.sign_in(first)
    assert "没有等着办的异议" in client.get("cases.objections", round_id=round_.id).text
    made = client.post(
        "cases.raise_objection",
        {**SAID, "entrance": str(entrance.id), "room": "101"},
        round_id=round_.id,
    )
    page = client.follow(made)
    assert page.h1 == "第 1 号异议：1号楼1单元101"
    assert "我家没有人投过票" in page.text
    [found] = objections_of(round_.id)
    assert found.household_id == home.id
    client.post("cases.take", objection_id=found.id)
    assert first.name in client.get("cases.objections", round_id=round_.id).text
    told = {"words": "查过了，不是您家投的，已作废。", "evidence": "本人写的说明"}
    answer = {**told, "effect": "strike_out"}
    client.post("cases.answer", answer, objection_id=found.id)
    waiting = client.get("cases.objection", objection_id=found.id)
    assert "等第二个人同意" in waiting.text
    client.sign_in(second)
    decision = client.get("cases.decision", decision_id=last_decision().id)
    assert "已表态1 户0 户" in decision.one("table", class_="changes").text
    assert "这一票作废" in decision.text
    client.post("cases.approve", decision_id=last_decision().id)
    assert place_of(round_, home).voice == Voice.SILENT
    done = client.get("cases.objection", objection_id=found.id)
    assert "查过了" in done.text
    assert first.name in done.text
    assert second.name in done.text
    assert "已答复" in client.get("cases.objections", round_id=round_.id).text


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({"kind": ""}, "还没有选"),
        ({"words": " "}, "请写下"),
        ({"room": "9999"}, "没有这个房号"),
        ({"entrance": "", "room": ""}, "写明在哪里"),
        ({"entrance": "77777"}, ""),
    ],
)
def test_a_bad_objection_is_named_and_not_written_down(
    client: PageClient, sent: dict[str, str], words: str
) -> None:
    building = make_building()
    round_ = make_round(building.compound)
    client.sign_in(make_staff())
    form = {**SAID, "entrance": str(building.entrances[0].id), "room": "101", **sent}
    page = client.post("cases.raise_objection", form, status=422, round_id=round_.id)
    assert words in page.one(role="alert").text
    assert objections_of(round_.id) == []


def test_a_home_on_no_list_is_named_in_words(client: PageClient) -> None:
    round_ = make_round(make_building().compound)
    client.sign_in(make_staff())
    form = {**SAID, "kind": "register", "entrance": "", "room": "", "place": "东头平房"}
    made = client.post("cases.raise_objection", form, round_id=round_.id)
    page = client.follow(made)
    assert "名册里没有" in page.text
    [found] = objections_of(round_.id)
    shown = client.get("cases.answer", objection_id=found.id)
    assert {option["value"] for option in shown.all("input", name="effect")} == {"none"}


def test_an_upheld_objection_puts_a_home_on_the_register(client: PageClient) -> None:
    building = make_building(homes=5)
    round_ = make_round(building.compound)
    late = make_household(building.entrances[0], "901")
    complaint = Complaint(ObjectionKind.REGISTER, late.address, "名单上没有我家", late.id)
    found = raise_objection(round_, complaint, by=make_staff().identity)
    client.sign_in(make_staff())
    answer = {"words": "确实漏了，已补上。", "effect": "add", "evidence": "房产证"}
    client.post("cases.answer", answer, objection_id=found.id)
    client.sign_in(make_staff())
    page = client.get("cases.decision", decision_id=last_decision().id)
    assert "总户数5 户6 户" in page.one("table", class_="changes").text
    client.post("cases.approve", decision_id=last_decision().id)
    assert place_of(round_, late).is_household


def test_a_vote_keyed_wrongly_is_replaced_by_what_the_form_says(client: PageClient) -> None:
    building = make_building()
    round_, home = make_round(building.compound), homes_of(building)[0]
    cast_quickly(round_, home, Choice.AGREE, "request-1")
    found = objected(round_, building)
    client.sign_in(make_staff())
    answer = {"words": "已照表改正。", "effect": "replace", "evidence": "签字的表"}
    refused = client.post("cases.answer", answer, status=422, objection_id=found.id)
    assert "每一项都选" in refused.one(role="alert").text
    choices = {f"matter-{matter.id}": "disagree" for matter in round_.matters}
    client.post("cases.answer", {**answer, **choices}, objection_id=found.id)
    client.sign_in(make_staff())
    client.post("cases.approve", decision_id=last_decision().id)
    vote = current_vote(place_of(round_, home))
    assert vote is not None
    assert {c.choice for c in vote.choices} == {Choice.DISAGREE}


@pytest.mark.parametrize("sent", [{"effect": "bribe"}, {"effect": ""}, {"words": ""}])
def test_a_bad_answer_is_named(client: PageClient, sent: dict[str, str]) -> None:
    building = make_building()
    round_ = make_round(building.compound)
    found = objected(round_, building)
    client.sign_in(make_staff())
    form = {"words": "好", "effect": "none", "evidence": "", **sent}
    client.post("cases.answer", form, status=422, objection_id=found.id)
    assert last_decision() is None


def test_a_choice_nobody_offered_is_named_too(client: PageClient) -> None:
    building = make_building()
    round_ = make_round(building.compound)
    found = objected(round_, building)
    client.sign_in(make_staff())
    form = {"words": "好", "effect": "replace", "evidence": ""}
    form |= {f"matter-{matter.id}": "perhaps" for matter in round_.matters}
    client.post("cases.answer", form, status=422, objection_id=found.id)


def test_an_objection_that_waits_for_its_second_person_is_answered_once(
    client: PageClient,
) -> None:
    building = make_building()
    round_ = make_round(building.compound)
    found = objected(round_, building)
    propose_answer(found, Answer("好", Effect.NONE), by=make_staff().identity)
    client.sign_in(make_staff())
    form = {"words": "另一个答复", "effect": "none", "evidence": ""}
    page = client.post("cases.answer", form, status=409, objection_id=found.id)
    assert "正在等第二个人" in page.text
    client.post("cases.take", status=409, objection_id=found.id)


def test_the_end_of_the_objection_days_is_shown_and_kept(client: PageClient) -> None:
    building = make_building()
    round_ = make_round(building.compound)
    round_.opened_at = round_.opens_at = clock.now() - timedelta(days=40)
    round_.closes_at = clock.now() - timedelta(days=25)
    actions.publish_result(round_, by=make_staff().identity)
    client.sign_in(make_staff())
    page = client.get("cases.objections", round_id=round_.id)
    assert "异议期到" in page.text
    assert page.all("a", href=f"/desk/rounds/{round_.id}/objections/new")
    round_.preliminary_at = clock.now() - timedelta(days=20)
    assert queries.objections_end(round_) < clock.now()
    late = client.get("cases.objections", round_id=round_.id)
    assert "已经结束" in late.text
    assert not late.all("a", href=f"/desk/rounds/{round_.id}/objections/new")
    form = {**SAID, "entrance": "", "room": "", "place": "东头平房"}
    refused = client.post("cases.raise_objection", form, status=409, round_id=round_.id)
    assert "异议期已经过了" in refused.text


def test_words_of_an_objection_are_never_markup(client: PageClient) -> None:
    building = make_building()
    round_ = make_round(building.compound)
    evil = "<img src=x onerror=alert(1)>"
    found = raise_objection(
        round_, Complaint(ObjectionKind.CONTENT, evil, evil, evidence=evil), by=None
    )
    client.sign_in(make_staff())
    for endpoint in ("objection", "answer"):
        page = client.get(f"cases.{endpoint}", objection_id=found.id)
        assert evil not in page.html
    assert evil not in client.get("cases.objections", round_id=round_.id).html


def test_objections_and_the_audit_of_another_area_stay_closed(client: PageClient) -> None:
    round_, [item, *_rest] = closed_with_paper()
    found = raise_objection(
        round_, Complaint(ObjectionKind.CONTENT, "东头平房", "不好"), by=make_staff().identity
    )
    client.sign_in(make_staff(area=make_area(AreaKind.TOWN)))
    for path in (
        f"objections/{found.id}",
        f"objections/{found.id}/answer",
        f"rounds/{round_.id}/objections/new",
        f"rounds/{round_.id}/audit",
        f"audit/{item.id}/check",
    ):
        assert client.raw("get", f"/desk/{path}").status_code == 403
    assert client.raw("get", "/desk/objections/999999").status_code == 404


def test_the_drawn_sample_says_how_to_draw_it_again(client: PageClient) -> None:
    round_, sample = closed_with_paper()
    client.sign_in(make_staff(Role.WORKER))
    page = client.get("cases.audit", round_id=round_.id)
    seed = page.one("code", class_="seed").text
    seqs = [item.vote.seq for item in sample]
    assert draw(seed, sorted(seqs), len(seqs)) == seqs
    assert "0/3 张已核对" in page.text
    assert not page.all("a", href=f"/desk/audit/{sample[0].id}/check")
    client.get("cases.check", status=403, item_id=sample[0].id)


def test_a_form_is_compared_by_somebody_else_and_a_difference_is_an_objection(
    client: PageClient,
) -> None:
    round_, sample = closed_with_paper()
    checker = make_staff()
    client.sign_in(checker)
    page = client.get("cases.check", item_id=sample[0].id)
    assert page.one("dl", class_="ballot").text == "改造方案同意物业管理方案同意"
    client.post("cases.check", {"agrees": "yes", "note": ""}, item_id=sample[0].id)
    bare = {"agrees": "no", "note": " "}
    refused = client.post("cases.check", bare, status=422, item_id=sample[1].id)
    assert "哪里不一样" in refused.one(role="alert").text
    told = {"agrees": "no", "note": "表上写的是弃权"}
    client.post("cases.check", told, item_id=sample[1].id)
    [found] = objections_of(round_.id)
    assert found.words == "表上写的是弃权"
    listed = client.get("cases.audit", round_id=round_.id)
    assert "2/3 张已核对" in listed.text
    assert checker.name in listed.text
    again = {"agrees": "yes", "note": ""}
    stale = client.post("cases.check", again, status=409, item_id=sample[1].id)
    assert "已经核对过了" in stale.text


def test_whoever_keyed_a_form_does_not_compare_it(client: PageClient) -> None:
    _round, [item, *_rest] = closed_with_paper()
    client.sign_in(db.session.get_one(Staff, item.vote.keyed_by_id))
    page = client.get("cases.check", item_id=item.id)
    assert "要由另一个人核对" in page.text
    assert not page.all("textarea")
    sent = {"agrees": "yes", "note": ""}
    refused = client.post("cases.check", sent, status=409, item_id=item.id)
    assert "要由另一个人核对" in refused.text
    assert item.checked_at is None


def test_before_the_close_and_without_paper_there_is_nothing_to_audit(client: PageClient) -> None:
    round_ = make_round(make_building().compound)
    client.sign_in(make_staff())
    assert "截止的那一刻才抽" in client.get("cases.audit", round_id=round_.id).text
    bare, sample = closed_with_paper(homes=0)
    assert sample == []
    assert "不用抽查" in client.get("cases.audit", round_id=bare.id).text


def test_a_difference_found_after_the_objection_days_is_an_objection_all_the_same(
    client: PageClient,
) -> None:
    round_, [item, *_rest] = closed_with_paper()
    actions.publish_result(round_, by=make_staff().identity)
    round_.preliminary_at = clock.now() - timedelta(days=30)
    client.sign_in(make_staff())
    told = {"agrees": "no", "note": "表上没有签字"}
    client.post("cases.check", told, item_id=item.id)
    assert [one.words for one in objections_of(round_.id)] == ["表上没有签字"]


def test_the_way_to_compare_a_form_is_shown_only_to_whoever_may(client: PageClient) -> None:
    round_, [item] = closed_with_paper(1)
    keyer = db.session.get_one(Staff, item.vote.keyed_by_id)
    people = {keyer: False, make_staff(Role.WORKER): False, make_staff(Role.ADMIN): False}
    for person, may in {**people, make_staff(): True}.items():
        client.sign_in(person)
        text = client.get("cases.audit", round_id=round_.id).text
        assert ("去核对" in text) is may
        assert ("您录入的，由另一个人核对" in text) is (person is keyer)


def test_a_form_that_counts_only_since_the_close_is_told_apart(client: PageClient) -> None:
    round_, [item] = closed_with_paper(1)
    item.is_late = True
    client.sign_in(make_staff())
    text = client.get("cases.audit", round_id=round_.id).text
    assert "截止后采用的 1 张也要核对" in text


def test_an_objection_leads_to_its_home_on_the_register_and_on_the_roster(
    client: PageClient,
) -> None:
    building = make_building()
    found = objected(make_round(building.compound), building)
    home = homes_of(building)[0]
    entry = place_of(found.round, home)
    client.sign_in(make_staff(Role.WORKER))
    page = client.get("cases.objection", objection_id=found.id)
    assert page.all("a", href=f"/desk/entries/{entry.id}")
    assert page.all("a", href=f"/desk/premises/{home.premises_id}/edit")


def test_what_changes_the_count_rests_on_a_paper_and_a_struck_vote_asks_for_a_new_slip(
    client: PageClient,
) -> None:
    building = make_building()
    round_ = make_round(building.compound)
    cast_quickly(round_, homes_of(building)[0], Choice.AGREE, "request-1")
    found = objected(round_, building)
    sent = {"words": "查过了，不是本人", "effect": Effect.STRIKE_OUT.value, "evidence": ""}
    client.sign_in(make_staff())
    refused = client.post("cases.answer", sent, status=422, objection_id=found.id)
    assert "请写明依据" in refused.one(role="alert").text
    sent["evidence"] = "本人写的说明"
    client.post("cases.answer", sent, objection_id=found.id)
    client.sign_in(make_staff())
    client.post("cases.approve", decision_id=last_decision().id)
    page = client.get("cases.objection", objection_id=found.id)
    assert "请打印新的户码单" in page.text
    assert "打印新的户码单" in [link.text for link in page.all("a")]


def test_before_the_register_is_locked_the_roster_is_mended_first(client: PageClient) -> None:
    building = make_building()
    found = objected(make_round(building.compound), building)
    client.sign_in(make_staff())
    shown = {"objection_id": found.id}
    assert "还没锁定" not in client.get("cases.answer", **shown).text
    found.round.frozen_at = None
    assert "还没锁定" in client.get("cases.answer", **shown).text
