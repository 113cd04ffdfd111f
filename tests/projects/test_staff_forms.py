"""What the forms at the desk offer before a word is typed, tell afterwards, and lead back to."""

from dataclasses import replace
from datetime import date

import pytest

from app.projects import actions, queries
from tests.client import PageClient, form_values
from tests.factories import make_building, make_compound
from tests.projects.pages import FORMS, UPLOADS, change, row
from tests.projects.plans import COMPLETE, LAMPS, PIPES, fill, open_draft, publish, someone


def test_a_new_project_begins_with_what_the_ledger_knows(worker: PageClient) -> None:
    compound = make_compound("利水南苑", phone="0953-5550100")
    values = worker.get("projects_staff.project", compound_id=compound.id).form_values("project")
    assert (values["name"], values["phone"]) == ("利水南苑改造项目", "0953-5550100")


def test_the_days_of_the_project_are_offered_until_the_plan_has_its_own(
    worker: PageClient,
) -> None:
    version = open_draft()
    facts = replace(COMPLETE.facts, starts_on=date(2027, 5, 1), finishes_on=date(2027, 8, 1))
    actions.edit_project(version.project, facts, by=someone())
    place = {"version_id": version.id}
    values = worker.get("projects_staff.construction", **place).form_values("construction")
    assert (values["starts_on"], values["finishes_on"]) == ("2027-05-01", "2027-08-01")
    actions.edit_construction(version, COMPLETE.construction, by=someone())
    values = worker.get("projects_staff.construction", **place).form_values("construction")
    assert values["starts_on"] == "2027-04-06"


@pytest.mark.parametrize("finish", ["2027-04-05", "2027-04-06"])
def test_a_finish_before_the_start_is_an_error_at_its_field(
    worker: PageClient, finish: str
) -> None:
    version = open_draft()
    days = {"starts_on": "2027-04-06", "finishes_on": finish}
    for verb, place in (
        ("construction", {"version_id": version.id}),
        ("project", {"compound_id": version.project.compound_id}),
    ):
        page = worker.get(f"projects_staff.{verb}", **place)
        refused = worker.post(f"projects_staff.{verb}", page.form_values(verb) | days, 422, **place)
        assert refused.one("p", id="finishes_on-error").text == "完工的日子要晚于开工的日子。"
    assert version.finishes_on is None
    assert version.project.finishes_on is None


def test_after_saving_a_section_the_page_says_so(worker: PageClient) -> None:
    version = fill(open_draft())
    for verb in FORMS:
        page = worker.follow(change(worker, verb, version))
        assert page.one("p", role="status").text.startswith("已保存")
    page = worker.follow(change(worker, "items", version))
    assert page.one("p", role="status").text == "已保存：一共 2 项，100,000 元。"


def test_more_rows_are_offered_with_all_that_is_typed_and_nothing_is_saved(
    worker: PageClient,
) -> None:
    version = fill(open_draft())
    page = worker.get("projects_staff.items", version_id=version.id)
    button = page.one("input", name="more")
    typed = page.form_values("items") | row(2, "basic", "单元门", "六", "扇", "1000")
    more = worker.post(
        "projects_staff.items", typed | {"more": button["value"]}, 200, version_id=version.id
    )
    again = more.form_values("items")
    assert len(more.all("select")) == 2 + 6 + 6
    assert (again["items-2-name"], again["items-2-quantity"]) == ("单元门", "六")
    assert "这张表合计（元）101,000" in more.text
    assert not more.all("div", role="alert")
    assert queries.contents_of(version).items == (PIPES, LAMPS)

    far = again | row(13, "enhanced", "充电桩", "2", "处", "500", note="")
    worker.post("projects_staff.items", far | {"items-2-quantity": "6"}, version_id=version.id)
    assert [item.name for item in version.items] == [PIPES.name, LAMPS.name, "单元门", "充电桩"]


def test_the_table_stops_growing_at_its_limit(worker: PageClient) -> None:
    version = open_draft()
    actions.replace_items(version, [LAMPS] * 58, by=someone())
    page = worker.get("projects_staff.items", version_id=version.id)
    full = worker.post(
        "projects_staff.items",
        page.form_values("items") | {"more": "1"},
        200,
        version_id=version.id,
    )
    assert len(full.all("select")) == 66
    assert not full.all("input", name="more")


def test_the_next_version_is_started_from_the_project_page(worker: PageClient) -> None:
    version = fill(open_draft())
    place = {"compound_id": version.project.compound_id}
    action = f"/desk/projects/{version.project_id}/versions"
    assert not worker.get("projects_staff.project", **place).all("form", action=action)
    publish(version)
    form = worker.get("projects_staff.project", **place).one("form", action=action)
    assert form.one("button").text == "写下一版"
    page = worker.follow(worker.submit(action, form_values(form)))
    assert page.h1.endswith("改造方案第2版")
    assert not worker.get("projects_staff.project", **place).all("form", action=action)


def test_an_empty_section_says_that_nothing_is_written(worker: PageClient) -> None:
    page = worker.get("projects_staff.plan_version", version_id=open_draft().id)
    sections = {s.one("h2").text.split(" 编辑")[0]: s.text for s in page.all("section")}
    for name in (
        "简介",
        "改造内容",
        "改造资金",
        "规划设计",
        "图片和文件",
        "施工组织",
        "物业管理方案",
    ):
        assert "还没有写。" in sections[name], name


def test_the_way_back_leads_from_a_section_over_version_and_project_to_the_list(
    worker: PageClient,
) -> None:
    version = fill(open_draft())
    compound = version.project.compound
    way = ["小区一览", compound.name, "改造项目", "第1版"]
    for verb in (*FORMS, *UPLOADS, "differences"):
        page = worker.get(f"projects_staff.{verb}", version_id=version.id)
        assert [a.text for a in page.one("nav", class_="crumbs").all("a")] == way
    page = worker.get("projects_staff.plan_version", version_id=version.id)
    assert [a.text for a in page.one("nav", class_="crumbs").all("a")] == way[:3]
    page = worker.get("projects_staff.project", compound_id=compound.id)
    assert [a.text for a in page.one("nav", class_="crumbs").all("a")] == way[:2]


def test_what_is_loud_and_what_differs_between_buildings_is_kept_and_goes_on(
    worker: PageClient,
) -> None:
    version = open_draft()
    make_building(version.project.compound)
    words = {"by_building": "1 号楼：屋顶最先做", "disruption": "- 停水：3 次"}
    change(worker, "summary", fill(version), by_building=words["by_building"])
    change(worker, "construction", version, disruption=words["disruption"])
    assert {name: getattr(version, name) for name in words} == words
    page = worker.get("projects_staff.plan_version", version_id=version.id)
    assert "各楼不一样的地方 1 号楼：屋顶最先做" in page.text
    assert "施工影响 停水：3 次" in page.text

    later = actions.start_version(publish(version).project, by=someone())
    assert {name: getattr(later, name) for name in words} == words


@pytest.mark.parametrize(
    ("typed", "wrong"),
    [("屋顶最先做", "屋顶最先做"), ("1号楼：先做\n9号楼：后做", "9号楼")],
)
def test_a_line_for_a_building_that_is_not_there_is_an_error_at_its_field(
    worker: PageClient, typed: str, wrong: str
) -> None:
    version = open_draft()
    make_building(version.project.compound)
    page = worker.get("projects_staff.summary", version_id=version.id)
    values = page.form_values("summary") | {"by_building": typed}
    refused = worker.post("projects_staff.summary", values, 422, version_id=version.id)
    assert refused.one("p", id="by_building-error").text == (f"这几行开头不是本小区的楼号：{wrong}")
    assert version.by_building == ""
