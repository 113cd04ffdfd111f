"""The pages on which staff draft, submit, return and publish a plan."""

import io
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from PIL import Image
from sqlalchemy.orm import Session

from app.core import files
from app.core.guards import Role
from app.projects import actions, queries
from app.projects.models import Attachment, PlanVersion
from tests.client import PageClient
from tests.factories import make_building, make_compound, make_staff
from tests.projects.pages import FORMS, UPLOADS, change, errors, row
from tests.projects.plans import COMPLETE, LAMPS, PIPES, fill, open_draft, png, publish, someone

READS = ("plan_version", "preview", "differences")


def test_a_worker_opens_a_project_and_lands_on_its_empty_draft(worker: PageClient) -> None:
    compound = make_compound("利水南苑")
    page = worker.get("projects_staff.project", compound_id=compound.id)
    data = page.form_values("project") | {
        "name": "利水南苑改造项目",
        "phone": "0953-5550101",
        "budget": "1,660,000",
        "starts_on": "2027-04-06",
    }
    overview = worker.follow(worker.post("projects_staff.project", data, compound_id=compound.id))
    project = queries.project_of(compound.id)
    assert project.budget == 166_000_000
    assert overview.h1 == "利水南苑改造方案第1版"
    assert "还缺 11 处" in overview.text
    again = worker.get("projects_staff.project", compound_id=compound.id)
    assert again.form_values("project")["budget"] == "1660000"


def test_a_project_without_a_name_is_not_opened(worker: PageClient) -> None:
    compound = make_compound()
    page = worker.post("projects_staff.project", {"name": " "}, 422, compound_id=compound.id)
    assert "请写项目名称。" in errors(page)
    assert queries.project_of(compound.id) is None


def test_every_blocker_links_to_the_page_that_mends_it(worker: PageClient) -> None:
    version = open_draft()
    page = worker.get("projects_staff.plan_version", version_id=version.id)
    for lack in queries.what_is_missing(version):
        assert [a for a in page.all("a") if (a.get("href") or "").endswith(lack.part)]
    assert not page.all("form", action=f"/desk/plans/{version.id}/submit")


def test_a_draft_is_written_form_by_form_until_it_can_be_submitted(worker: PageClient) -> None:
    version = open_draft()
    change(worker, "summary", version, summary=COMPLETE.summary)
    change(
        worker,
        "items",
        version,
        **row(0, "basic", "更换给水管", "３１０", "米", "88,350", is_safety="y"),
        **row(1, "improved", "补装路灯", "12", "盏", "11650"),
    )
    change(
        worker,
        "money",
        version,
        **{"funds-0-amount": "80000", "funds-2-amount": "20,000"},
        **{"share_per_household": "0", "share_per_area": "0"},
    )
    change(worker, "design", version, design=COMPLETE.design)
    change(
        worker,
        "construction",
        version,
        **{"construction": "四月进场", "starts_on": "2027-04-06", "finishes_on": "2027-09-28"},
    )
    change(
        worker,
        "management",
        version,
        **{"mode": "assured", "services": "保洁", "fee_per_area": "0.35", "subsidy": "无"},
    )
    upload(worker, version, png())

    written = queries.contents_of(version)
    assert written.items[0].cost == 8_835_000
    assert written.items[0].is_safety
    assert [(f.source, f.amount) for f in written.money.funds] == [
        ("central", 8_000_000),
        ("district", 2_000_000),
    ]
    assert written.management.fee_per_area == 35
    assert queries.what_is_missing(version) == []

    page = worker.follow(worker.post("projects_staff.submit", version_id=version.id))
    assert version.is_waiting
    assert "等街道（乡镇）办或区住建局的人" in page.text


def upload(client: PageClient, version: PlanVersion, content: bytes, status: int = 303) -> Any:
    data = {
        "caption": "改造总平面图",
        "section": "design",
        "file": (io.BytesIO(content), "我的 照片.png"),
    }
    return client.post("projects_staff.pictures", data, status, version_id=version.id)


def test_saving_a_form_unchanged_changes_nothing(worker: PageClient) -> None:
    version = fill(open_draft())
    before = queries.contents_of(version)
    for verb in FORMS:
        change(worker, verb, version)
    assert queries.contents_of(version) == before


def test_the_item_table_offers_six_empty_rows_and_an_emptied_row_disappears(
    worker: PageClient,
) -> None:
    version = fill(open_draft())
    page = worker.get("projects_staff.items", version_id=version.id)
    assert len(page.all("select")) == 2 + 6
    emptied = {f"items-0-{name}": "" for name in ("name", "quantity", "unit", "cost", "note")}
    change(worker, "items", version, **emptied)
    assert [item.name for item in version.items] == [LAMPS.name]


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        ({"quantity": ""}, "第 1 行：请写数量"),
        ({"quantity": "0"}, "第 1 行：请写数量"),
        ({"quantity": "一百"}, "第 1 行：请写数字"),
        ({"cost": ""}, "第 1 行：请写费用"),
        ({"cost": "1.234"}, "第 1 行：请以元为单位"),
        ({"unit": ""}, "第 1 行：请写单位"),
        ({"name": ""}, "第 1 行：请写名称"),
        ({"name": "长" * 121}, "第 1 行：太长了"),
        ({"category": "other"}, "第 1 行："),
    ],
)
def test_a_half_written_item_is_told_with_its_row_and_nothing_is_saved(
    worker: PageClient, cells: dict[str, str], told: str
) -> None:
    version = fill(open_draft())
    page = worker.get("projects_staff.items", version_id=version.id)
    data = page.form_values("items") | {f"items-0-{name}": v for name, v in cells.items()}
    refused = worker.post("projects_staff.items", data, 422, version_id=version.id)
    assert told in errors(refused)
    assert queries.contents_of(version).items == (PIPES, LAMPS)


def test_what_a_household_pays_must_be_said_even_when_it_is_nothing(worker: PageClient) -> None:
    version = open_draft()
    page = worker.get("projects_staff.money", version_id=version.id)
    assert page.form_values("money")["share_per_household"] == ""
    data = page.form_values("money") | {"funds-0-amount": "100"}
    refused = worker.post("projects_staff.money", data, 422, version_id=version.id)
    assert "按户不出钱写 0" in errors(refused)
    assert version.sources == []


def test_an_incomplete_draft_is_not_submitted_and_says_why(worker: PageClient) -> None:
    version = open_draft()
    page = worker.post("projects_staff.submit", {}, 422, version_id=version.id)
    assert "写一段简介" in errors(page)
    assert version.is_draft


def test_an_uploaded_picture_is_shrunk_before_it_is_kept(worker: PageClient) -> None:
    version = open_draft()
    upload(worker, version, png(2600, 1300))
    (paper,) = version.attachments
    assert (paper.width, paper.height) == (1280, 640)
    assert Image.open(io.BytesIO(files.read(paper.digest))).size == (1280, 640)
    page = worker.get("projects_staff.plan_version", version_id=version.id)
    assert page.one("img")["alt"] == "改造总平面图"


@pytest.mark.parametrize("content", [b"<svg onload=alert(1)>", b"%PDF-1.7", b""])
def test_what_is_no_picture_is_refused_and_nothing_is_kept(
    worker: PageClient, session: Session, content: bytes
) -> None:
    version = open_draft()
    page = upload(worker, version, content, 422)
    assert "图片" in errors(page)
    assert session.scalar(sa.select(sa.func.count()).select_from(Attachment)) == 0


def test_an_upload_larger_than_allowed_is_turned_away_unread(worker: PageClient) -> None:
    url = f"/desk/plans/{open_draft().id}/pictures"
    body = io.BytesIO(bytes(12 * 1024 * 1024))
    answer = worker.raw("post", url, input_stream=body, content_type="multipart/form-data")
    assert answer.status_code == 413
    assert "文件太大了" in answer.get_data(as_text=True)


def test_a_pdf_is_attached_and_a_renamed_file_is_not(worker: PageClient) -> None:
    version = open_draft()
    for content, status in ((b"%PDF-1.7 x", 303), (b"PK\x03\x04", 422)):
        data = {
            "caption": "施工组织设计",
            "section": "construction",
            "file": (io.BytesIO(content), "a.pdf"),
        }
        worker.post("projects_staff.documents", data, status, version_id=version.id)
    assert [p.media_type for p in version.attachments] == ["application/pdf"]


def test_an_attachment_is_removed_after_asking(worker: PageClient) -> None:
    version = fill(open_draft())
    place = {"version_id": version.id, "attachment_id": version.attachments[0].id}
    assert "改造总平面图" in worker.get("projects_staff.remove", **place).text
    assert len(version.attachments) == 1
    worker.post("projects_staff.remove", **place)
    assert version.attachments == []


def test_an_attachment_of_another_version_is_not_found(worker: PageClient) -> None:
    version, other = fill(open_draft()), fill(open_draft())
    place = {"version_id": version.id, "attachment_id": other.attachments[0].id}
    worker.post("projects_staff.remove", {}, 404, **place)
    assert len(other.attachments) == 1


@pytest.mark.parametrize("verb", [*FORMS, *UPLOADS])
def test_a_published_version_opens_no_form(worker: PageClient, verb: str) -> None:
    version = publish(fill(open_draft()))
    for answer in (
        worker.get(f"projects_staff.{verb}", 409, version_id=version.id),
        worker.post(f"projects_staff.{verb}", {}, 409, version_id=version.id),
    ):
        assert "要改，请写下一版" in answer.text
    overview = worker.get("projects_staff.plan_version", version_id=version.id)
    assert "编辑" not in overview.text


def test_a_second_person_publishes_after_reading_what_will_happen(client: PageClient) -> None:
    version = fill(open_draft())
    actions.submit_version(version, by=someone())
    client.sign_in(make_staff(Role.OFFICE))
    overview = client.get("projects_staff.plan_version", version_id=version.id)
    assert [a for a in overview.all("a") if (a.get("href") or "").endswith("/publish")]
    assert "一个字也不能再改" in client.get("projects_staff.publish", version_id=version.id).text
    assert version.is_waiting

    page = client.follow(client.post("projects_staff.publish", version_id=version.id))
    assert version.is_published
    assert version.plan_hash[:12] in page.text


def test_who_submitted_is_told_to_wait_for_a_second_person(client: PageClient) -> None:
    version, own = fill(open_draft()), make_staff(Role.OFFICE)
    actions.submit_version(version, by=own.identity)
    client.sign_in(own)
    overview = client.get("projects_staff.plan_version", version_id=version.id)
    assert "等第二个人" in overview.text
    assert not [a for a in overview.all("a") if (a.get("href") or "").endswith("/publish")]
    page = client.post("projects_staff.publish", {}, 422, version_id=version.id)
    assert "要由另一个人来公布" in errors(page)
    assert version.is_waiting


def test_a_worker_neither_publishes_nor_returns(worker: PageClient) -> None:
    version = fill(open_draft())
    actions.submit_version(version, by=someone())
    for verb in ("publish", "return_"):
        worker.post(f"projects_staff.{verb}", {"note": "改"}, 403, version_id=version.id)
    assert version.is_waiting


def test_a_version_is_returned_with_a_reason_that_its_drafter_reads(client: PageClient) -> None:
    version = fill(open_draft())
    actions.submit_version(version, by=someone())
    client.sign_in(make_staff(Role.DISTRICT))
    client.post("projects_staff.return_", {"note": ""}, 422, version_id=version.id)
    assert version.is_waiting
    page = client.follow(
        client.post("projects_staff.return_", {"note": "工期写错了"}, version_id=version.id)
    )
    assert version.is_draft
    assert "工期写错了" in page.text


def test_publishing_what_nobody_submitted_is_refused_on_sight(client: PageClient) -> None:
    version = fill(open_draft())
    client.sign_in(make_staff(Role.OFFICE))
    client.get("projects_staff.publish", 409, version_id=version.id)
    client.post("projects_staff.publish", {}, 409, version_id=version.id)


def test_a_new_version_is_started_once_and_its_differences_are_shown(worker: PageClient) -> None:
    version = publish(fill(open_draft()))
    start = {"project_id": version.project_id}
    page = worker.follow(worker.post("projects_staff.new_version", **start))
    assert page.h1.endswith("改造方案第2版")
    worker.post("projects_staff.new_version", {}, 409, **start)

    draft = queries.draft_of(version.project_id)
    actions.replace_items(draft, [PIPES], by=someone())
    page = worker.get("projects_staff.differences", version_id=draft.id)
    assert "取消 补装路灯" in page.text


def test_a_draft_can_be_seen_as_residents_will_see_it(worker: PageClient) -> None:
    version = fill(open_draft())
    page = worker.get("projects_staff.preview", version_id=version.id)
    assert "这是预览" in page.text
    assert COMPLETE.summary in page.text


PLACES: dict[str, Callable[[PlanVersion], dict[str, int]]] = {
    "project": lambda v: {"compound_id": v.project.compound_id},
    "remove": lambda v: {"version_id": v.id, "attachment_id": v.attachments[0].id},
    **{
        verb: lambda v: {"version_id": v.id}
        for verb in (*FORMS, *UPLOADS, *READS, "publish", "return_")
    },
}


@pytest.mark.parametrize("verb", PLACES)
def test_each_page_asks_who_one_is_and_keeps_to_the_scope(client: PageClient, verb: str) -> None:
    building = make_building(homes=0)
    version = fill(open_draft(building.compound))
    if verb in ("publish", "return_"):
        actions.submit_version(version, by=someone())
    place = PLACES[verb](version)
    endpoint = f"projects_staff.{verb}"

    anonymous = client.raw("get", client._url(endpoint, place))
    assert anonymous.status_code == 303
    assert "/login" in anonymous.headers["Location"]

    client.sign_in(make_staff(Role.OFFICE, make_compound().area))
    client.get(endpoint, 403, **place)

    client.sign_in(make_staff(Role.OFFICE, building.compound.area))
    client.get(endpoint, **place)


@pytest.mark.parametrize("verb", ["submit", "new_version"])
def test_each_verb_without_a_page_keeps_to_the_scope_too(client: PageClient, verb: str) -> None:
    version = fill(open_draft())
    if verb == "new_version":
        publish(version)
    place = (
        {"project_id": version.project_id} if verb == "new_version" else {"version_id": version.id}
    )
    endpoint = f"projects_staff.{verb}"
    assert "/login" in client.post(endpoint, **place).headers["Location"]
    client.sign_in(make_staff(Role.OFFICE, make_compound().area))
    client.post(endpoint, {}, 403, **place)
    assert not version.is_waiting
    assert len(queries.versions(version.project_id)) == 1


@pytest.mark.parametrize("url", ["/desk/plans/999999", "/desk/compounds/999999/project"])
def test_what_does_not_exist_is_not_found(worker: PageClient, url: str) -> None:
    assert worker.visit(url, 404).h1 == "没有找到这一页"


def test_a_project_that_does_not_exist_starts_no_version(worker: PageClient) -> None:
    assert worker.post("projects_staff.new_version", {}, 404, project_id=999_999).status == 404
