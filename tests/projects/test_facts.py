"""The facts of a project on the pages: what is published stays, what is edited waits its turn."""

from dataclasses import replace

import pytest
from sqlalchemy.orm import Session

from app.projects import actions
from app.projects.contents import Facts
from app.projects.models import PlanVersion
from app.roster.models import Building
from tests.client import Page, PageClient
from tests.factories import make_building, make_staff
from tests.projects.plans import COMPLETE, FACTS, fill, open_draft, publish, someone

LATER = Facts(
    "改了名的项目",
    *("新建设单位", "新监管单位", "新责任人", "0953-5559999", "新设计院", "新施工队"),
    budget=77_700_000,
    safeguards="新的保障措施",
)
SHOWN = (
    *("construction_unit", "supervising_unit", "responsible_person", "phone"),
    *("designer", "builder", "safeguards"),
)


@pytest.fixture
def building(session: Session) -> Building:
    """A building whose community has no phone, so that the project's is the one to call."""
    building = make_building()
    building.compound.phone = ""
    session.flush()
    return building


def published(building: Building) -> PlanVersion:
    version = fill(open_draft(building.compound))
    facts = replace(FACTS, construction_unit="原建设单位", budget=10_000_000)
    actions.edit_project(version.project, facts, by=someone())
    return publish(version)


def plan_page(client: PageClient, building: Building) -> Page:
    """The plan as a stranger's phone gets it, without what is made anew for each reading."""
    return client.get("projects.plan", token=building.token)


def test_editing_the_project_after_publishing_changes_nothing_residents_see(
    client: PageClient, building: Building
) -> None:
    version = published(building)
    before = plan_page(client, building)
    actions.edit_project(version.project, LATER, by=someone())
    after = plan_page(client, building)
    assert after.one("main").text == before.one("main").text
    assert "原建设单位" in after.text
    calls = [a["href"] for a in after.all("a") if a["href"].startswith("tel:")]
    assert set(calls) == {f"tel:{COMPLETE.facts.phone}"}


def test_the_next_version_brings_the_new_facts_and_says_what_changed(
    client: PageClient, building: Building
) -> None:
    version = published(building)
    actions.edit_project(version.project, LATER, by=someone())
    publish(actions.start_version(version.project, by=someone()))
    page = plan_page(client, building)
    people = page.one("section", id="people").text
    assert [name for name in SHOWN if getattr(LATER, name) not in people] == []
    versions = page.one("section", id="versions").text
    assert "建设单位 原来 原建设单位，现在 新建设单位" in versions
    assert "资金概算 原来 100,000 元，现在 777,000 元" in versions
    assert "施工单位 原来 —，现在 新施工队" in versions
    assert "加 新的保障措施" in versions

    old = client.visit(f"/b/{building.token}/plan?v=1")
    assert "原建设单位" in old.one("section", id="people").text
    assert "新建设单位" not in old.one("section", id="people").text


def test_staff_see_each_version_with_its_own_facts(client: PageClient, building: Building) -> None:
    version = published(building)
    client.sign_in(make_staff())
    actions.edit_project(version.project, LATER, by=someone())
    old = client.get("projects_staff.plan_version", version_id=version.id)
    assert "原建设单位" in old.text
    assert "新建设单位" not in old.text

    draft = actions.start_version(version.project, by=someone())
    for page in ("plan_version", "preview", "differences"):
        assert "新建设单位" in client.get(f"projects_staff.{page}", version_id=draft.id).text


def test_the_project_page_says_when_residents_will_see_a_change(
    client: PageClient, building: Building
) -> None:
    version = published(building)
    client.sign_in(make_staff())
    place = {"compound_id": building.compound.id}
    page = client.get("projects_staff.project", **place)
    assert "居民现在看到的不变" in page.text
    assert "改动要等写下一版" in page.text
    data = page.form_values("/project") | {"builder": "新施工队"}
    after = client.follow(client.post("projects_staff.project", data, **place))
    assert "已保存。" in after.text
    assert version.project.builder == "新施工队"

    actions.start_version(version.project, by=someone())
    assert "改动和第2版一起公布" in client.get("projects_staff.project", **place).text


def test_while_a_version_waits_the_project_page_shows_its_facts_and_no_form(
    client: PageClient, building: Building
) -> None:
    version = fill(open_draft(building.compound))
    client.sign_in(make_staff())
    place = {"compound_id": building.compound.id}
    data = client.get("projects_staff.project", **place).form_values("/project")
    actions.submit_version(version, by=someone())
    page = client.get("projects_staff.project", **place)
    assert "项目情况现在不能改" in page.text
    assert FACTS.phone in page.text
    assert not page.all("form", action=f"/desk/compounds/{building.compound.id}/project")
    refused = client.post("projects_staff.project", data | {"builder": "别人"}, 422, **place)
    assert "请先退回" in refused.one("div", role="alert").text
    assert version.project.builder == ""
