"""The office writes the questions of a draft and chooses how they are counted."""

from datetime import timedelta

import pytest

from app.accounts.models import Staff
from app.core import clock
from app.core.db import db
from app.core.guards import Role
from app.roster.models import Compound
from app.rounds import actions
from app.rounds.models import Matter, Round, Scope, Subject
from app.rounds.profile import PRESETS, Revote, Sight
from app.rounds.wording import questions_of
from tests.client import PageClient
from tests.factories import (
    issue_all_codes,
    make_area,
    make_building,
    make_plan,
    make_round,
    make_staff,
)


def make_draft(compound: Compound | None = None) -> Round:
    """A round that nobody has submitted yet, of one building with two entrances."""
    compound = compound or make_building(homes=4, entrances=2).compound
    make_plan(compound)
    now = clock.now()
    terms = actions.RoundTerms("第1轮征询", now, now + timedelta(days=15), "0953-5550100")
    return actions.draft_round(compound, terms, by=make_staff().identity)


def submitted(round_: Round) -> Round:
    actions.submit_round(round_, by=make_staff().identity)
    return round_


def added(round_: Round) -> Matter:
    return max(round_.matters, key=lambda matter: matter.position)


def ask(
    client: PageClient, round_: Round, kind: str, status: int = 303, **values: object
) -> object:
    """Send the form of this kind as it is offered, with `values` filled in."""
    page = client.get("rounds_matters.add", round_id=round_.id, kind=kind)
    form = {**page.form_values(f"kind={kind}"), **values}
    return client.post("rounds_matters.add", form, status, round_id=round_.id, kind=kind)


def test_every_round_asks_about_the_plan_and_the_management_and_says_how(
    client: PageClient,
) -> None:
    round_ = make_draft()
    client.sign_in(make_staff(Role.WORKER))
    page = client.get("rounds_matters.matters", round_id=round_.id)
    assert [section.one("h2").text[:2] for section in page.all("section")] == ["1.", "2."]
    assert page.text.count("同意的户数达到总户数的 80 %（含 80 %），才算通过。") == 2
    assert page.text.count("全小区") == 2
    assert not [link for link in page.all("a") if link.text.startswith("去掉")]


@pytest.mark.parametrize("kind", ["elevator", "use_fund", "raise_fund", "hire", "common_parts"])
def test_an_owners_question_is_asked_as_it_was_suggested(client: PageClient, kind: str) -> None:
    round_ = make_draft()
    client.sign_in(make_staff(Role.WORKER))
    entrance = round_.compound.buildings[0].entrances[1]
    choice = {"place": str(entrance.id), "preset": "elevator-two-thirds"}
    ask(client, round_, kind, **(choice if kind == "elevator" else {}))
    matter = added(round_)
    assert (matter.subject, matter.track.value) == (Subject(kind), "owners")
    page = client.get("rounds_matters.matters", round_id=round_.id)
    last = page.all("section")[-1]
    assert matter.title in last.one("h2").text
    assert "算人数，也算面积" in last.text
    for sentence in PRESETS[matter.preset].words:
        assert sentence in last.text


def test_an_elevator_is_named_after_its_entrance_and_asked_only_there(client: PageClient) -> None:
    round_ = make_draft()
    client.sign_in(make_staff())
    first, second = round_.compound.buildings[0].entrances
    for entrance in (first, second):
        ask(client, round_, "elevator", place=str(entrance.id), preset="elevator-entrance")
    lifts = [m for m in round_.matters if m.subject == Subject.ELEVATOR]
    assert [m.title for m in lifts] == ["1号楼1单元加装电梯", "1号楼2单元加装电梯"]
    assert [(m.scope, m.places) for m in lifts] == [
        (Scope.ENTRANCES, [first.id]),
        (Scope.ENTRANCES, [second.id]),
    ]
    assert questions_of(round_)[-1].places == ("1号楼2单元",)


def test_a_menu_keeps_its_lines_as_options(client: PageClient) -> None:
    round_ = make_draft()
    client.sign_in(make_staff())
    ask(client, round_, "menu", options="路灯\r\n\r\n  停车位 \r\n充电桩")
    matter = added(round_)
    assert [option.title for option in matter.options] == ["路灯", "停车位", "充电桩"]
    assert "路灯、停车位、充电桩" in client.get("rounds_matters.matters", round_id=round_.id).text


def test_a_question_may_be_asked_of_some_buildings_only(client: PageClient) -> None:
    round_ = make_draft()
    other = make_building(round_.compound, homes=2)
    client.sign_in(make_staff())
    ask(client, round_, "use_fund", scope="buildings", buildings=str(other.id))
    assert (added(round_).scope, added(round_).places) == (Scope.BUILDINGS, [other.id])
    assert questions_of(round_)[-1].places == (other.name,)


@pytest.mark.parametrize(
    ("kind", "values", "words"),
    [
        ("hire", {"title": " "}, "请填名称"),
        ("hire", {"title": "改造方案"}, "已经有一项叫这个名字"),
        ("hire", {"title": "长" * 41}, "太长了"),
        ("hire", {"question": ""}, "请填问题"),
        ("hire", {"scope": "buildings"}, "请选问哪几栋楼"),
        ("hire", {"scope": "entrances", "entrances": "999999"}, ""),
        ("hire", {"scope": "everywhere"}, ""),
        ("menu", {"options": "路灯"}, "菜单要有 2 到 20 个选项"),
        ("menu", {"options": "路灯\n路灯"}, "有两个选项一样"),
        ("menu", {"options": "路灯\n" + "长" * 41}, "每个选项不超过 40 个字"),
        ("menu", {"options": "\n\n"}, "请写选项"),
        ("elevator", {"place": "999999", "preset": "elevator-entrance"}, ""),
        ("elevator", {}, "请选怎么算才通过"),
        ("other", {"title": "停车收费", "question": "同意吗？"}, "请选怎么算才通过"),
        ("other", {"title": "停车", "question": "同意吗？", "preset": "menu"}, ""),
    ],
)
def test_what_is_missing_is_told_and_nothing_is_asked(
    client: PageClient, kind: str, values: dict[str, str], words: str
) -> None:
    round_ = make_draft()
    client.sign_in(make_staff())
    page = ask(client, round_, kind, 422, **values)
    assert words in page.one(role="alert").text  # type: ignore[attr-defined]
    assert len(round_.matters) == 2


def test_a_question_is_removed_after_asking_and_the_main_two_never(client: PageClient) -> None:
    round_ = make_draft()
    client.sign_in(make_staff())
    ask(client, round_, "menu", options="路灯\n停车位")
    matter_id = added(round_).id
    page = client.get("rounds_matters.remove", round_id=round_.id, matter_id=matter_id)
    assert "想先改什么" in page.text
    client.post("rounds_matters.remove", round_id=round_.id, matter_id=matter_id)
    assert len(round_.matters) == 2
    main = round_.matters[0].id
    page = client.post("rounds_matters.remove", status=422, round_id=round_.id, matter_id=main)
    assert "必须有" in page.text
    client.get("rounds_matters.remove", 404, round_id=round_.id, matter_id=999_999)


def test_after_the_draft_nothing_is_added_removed_or_chosen(client: PageClient) -> None:
    round_ = submitted(make_draft())
    client.sign_in(make_staff())
    page = client.get("rounds_matters.matters", round_id=round_.id)
    assert not page.all("a", href=f"/desk/rounds/{round_.id}/matters/new")
    assert "不能做这一步" in ask(client, round_, "hire", 422).text  # type: ignore[attr-defined]
    profile = client.get("rounds_matters.profile", round_id=round_.id)
    assert not profile.all("form", action=f"/desk/rounds/{round_.id}/profile")
    chosen = {"preset": "two-thirds", "public": "no", "revote": "none", "sight": "totals"}
    refused = client.post(
        "rounds_matters.profile", {**chosen, "audit": "30"}, 422, round_id=round_.id
    )
    assert "不能做这一步" in refused.text
    assert round_.profile["name"] == "henan-80"


def test_a_chosen_profile_is_kept_and_said_in_words(client: PageClient) -> None:
    round_ = make_draft()
    client.sign_in(make_staff())
    chosen = {"preset": "two-thirds", "public": "no", "revote": "once", "sight": "households"}
    client.post("rounds_matters.profile", {**chosen, "audit": "30"}, round_id=round_.id)
    assert round_.switches.revote == Revote.ONCE
    assert round_.switches.staff_see_choices == Sight.HOUSEHOLDS
    assert round_.switches.public_tenant_counts is False
    assert round_.switches.audit_votes == 30
    words = client.get("rounds_matters.profile", round_id=round_.id).one(class_="profile").text
    for sentence in (
        "同意的户数达到总户数的三分之二（含），才算通过。",
        "公房不算进总户数。",
        "截止以前可以改一次",
        "工作人员看得到每一户怎么选",
        "随机抽 30 张纸质表",
    ):
        assert sentence in words


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("preset", "owners-ordinary"),
        ("preset", "menu"),
        ("public", "perhaps"),
        ("revote", "always"),
        ("sight", "names"),
        ("audit", "0"),
        ("audit", "9999999999"),
        ("audit", "一百"),
        ("audit", ""),
    ],
)
def test_a_profile_that_cannot_be_is_refused(client: PageClient, field: str, value: str) -> None:
    round_ = make_draft()
    client.sign_in(make_staff())
    chosen = {
        "preset": "henan-80",
        "public": "yes",
        "revote": "none",
        "sight": "totals",
        "audit": "60",
        field: value,
    }
    page = client.post("rounds_matters.profile", chosen, 422, round_id=round_.id)
    assert page.one(role="alert")
    assert round_.switches.revote == Revote.UNTIL_CLOSE


def test_the_locked_profile_says_who_confirmed_it_and_its_hash(client: PageClient) -> None:
    round_ = make_round(make_building().compound, opened=False)
    client.sign_in(make_staff(Role.WORKER))
    text = client.get("rounds_matters.profile", round_id=round_.id).text
    assert round_.profile_hash is not None
    assert round_.profile_hash in text
    for person_id in (round_.submitted_by_id, round_.confirmed_by_id):
        assert db.session.get_one(Staff, person_id).name in text
    assert "不能再改" in text


def test_a_sign_of_percent_or_markup_in_a_question_is_shown_as_it_was_typed(
    client: PageClient,
) -> None:
    round_ = make_draft()
    client.sign_in(make_staff())
    title, question = "物业费涨 10%s", "<b>同意</b>涨 10% 吗？"
    ask(client, round_, "hire", title=title, question=question)
    matter = added(round_)
    for page in (
        client.get("rounds_matters.matters", round_id=round_.id),
        client.get("rounds_matters.profile", round_id=round_.id),
        client.get("rounds_matters.remove", round_id=round_.id, matter_id=matter.id),
    ):
        assert title in page.text
        assert question in page.text


def test_the_questions_of_other_places_are_nobody_elses_business(client: PageClient) -> None:
    round_ = make_draft()
    client.sign_in(make_staff(Role.OFFICE, make_area()))
    for endpoint in ("matters", "add", "profile"):
        client.get(f"rounds_matters.{endpoint}", 403, round_id=round_.id)
        client.get(f"rounds_matters.{endpoint}", 404, round_id=999_999)
    matter_id = round_.matters[0].id
    client.get("rounds_matters.remove", 403, round_id=round_.id, matter_id=matter_id)
    assert db.session.get(Matter, matter_id) is not None


def test_only_kinds_that_can_be_added_have_a_form(client: PageClient) -> None:
    round_ = make_draft()
    client.sign_in(make_staff())
    page = client.get("rounds_matters.add", round_id=round_.id)
    kinds = [a["href"].rsplit("=")[-1] for a in page.one("ul", class_="kinds").all("a")]
    assert set(kinds) == {s.value for s in Subject} - {"plan", "management"}
    for kind in kinds:
        client.get("rounds_matters.add", round_id=round_.id, kind=kind)
    for kind in ("plan", "management", "nothing"):
        client.get("rounds_matters.add", 404, round_id=round_.id, kind=kind)


def test_a_question_with_a_sign_of_percent_breaks_no_page_of_the_desk(client: PageClient) -> None:
    building = make_building()
    round_ = make_draft(building.compound)
    client.sign_in(make_staff())
    title = "物业费涨 10%"
    ask(client, round_, "other", title=title, question="同意吗？", preset="henan-80")
    submitted(round_)
    actions.confirm_profile(round_, by=make_staff().identity)
    for step in (actions.publish_register, actions.freeze_register):
        confirm = step.__name__.replace("_", "-").replace("freeze-register", "freeze")
        client.get("rounds_staff.step", round_id=round_.id, name=confirm)
        step(round_, by=make_staff().identity)
    issue_all_codes(building.compound)
    actions.note_posters_printed(building.compound, by=make_staff().identity)
    actions.open_round(round_, by=make_staff().identity)
    pages = [
        client.get("desk.home"),
        client.get("desk.board", round_id=round_.id),
        client.get("desk.compound", compound_id=building.compound_id),
        client.get("rounds_staff.preflight", round_id=round_.id),
        client.get("rounds.building", token=building.token),
    ]
    assert title in pages[1].text


def test_a_draft_leads_to_its_questions_and_its_profile(client: PageClient) -> None:
    round_ = make_draft()
    client.sign_in(make_staff(Role.WORKER))
    page = client.get("rounds_staff.edit", round_id=round_.id)
    for name in ("matters", "profile"):
        assert page.all("a", href=f"/desk/rounds/{round_.id}/{name}")


def test_the_second_person_reads_every_question_and_rule_before_confirming(
    client: PageClient,
) -> None:
    round_ = make_draft()
    client.sign_in(make_staff())
    ask(client, round_, "menu", options="路灯\n停车位")
    entrance = round_.compound.buildings[0].entrances[1]
    ask(client, round_, "elevator", place=str(entrance.id), preset="elevator-entrance")
    submitted(round_)
    text = client.get("rounds_staff.step", round_id=round_.id, name="confirm").text
    for matter in round_.matters:
        assert matter.title in text
        assert matter.question in text
        for sentence in PRESETS[matter.preset].words:
            assert sentence in text
    for words in ("路灯、停车位", "只问：1号楼2单元", "随机抽 60 张纸质表", "只看得到合计"):
        assert words in text
