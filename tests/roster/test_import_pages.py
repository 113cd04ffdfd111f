"""The browser's way of a ledger into the roster, and the commands."""

import io
import json
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import sqlalchemy as sa
from flask import Flask

from app.core.guards import Role
from app.core.jobs import Job
from app.core.sheets import read_workbook
from app.journal.models import JournalEntry
from app.roster.importer import read_ledger
from app.roster.models import Area, AreaKind, Building, Compound, Household
from tests.client import Page, PageClient
from tests.factories import make_area, make_staff

SAMPLE = Path(__file__).parents[2] / "app" / "demo" / "roster-litong.xlsx"
LEDGER = "小区名称,楼栋,单元,房号,建筑面积,业主姓名,联系电话\n"
TWO_HOMES = LEDGER + "甲小区,3#,2,501,86.5,张三,13812345678\n甲小区,3#,2,502,90,李四,13912345678\n"


def upload(client: PageClient, content: str | bytes, name: str = "台账.csv", **form: str) -> Page:
    """Upload a ledger as a person does and follow to the page it leads to."""
    body = content.encode("gb18030") if isinstance(content, str) else content
    values: dict[str, Any] = {
        "file": (io.BytesIO(body), name),
        "community": "裕西社区",
        "compound": "",
    }
    page: Page = client.follow(client.post("roster_staff.upload", {**values, **form}))
    return page


def confirm_action(page: Page) -> str:
    (action,) = [f["action"] for f in page.all("form") if f["action"].endswith("/confirm")]
    return action


def rows(page: Page) -> list[list[str]]:
    return [[cell.text for cell in row.all("td")] for row in page.all("tr")]


@pytest.fixture
def worker(client: PageClient) -> PageClient:
    client.sign_in(make_staff(Role.OFFICE))
    return client


def households(session: Any) -> int:
    return int(session.scalar(sa.select(sa.func.count()).select_from(Household)))


def test_the_sample_goes_from_upload_over_the_preview_into_the_roster(
    worker: PageClient, session: Any
) -> None:
    page = upload(worker, SAMPLE.read_bytes(), "roster-litong.xlsx")
    assert page.h1 == "导入预览"
    assert "新增 1845 户" in page.text
    assert "没有填联系电话" in page.text
    assert households(session) == 0
    result = worker.follow(worker.submit(confirm_action(page), {}))
    assert "新增 1845 户，修改 0 户，不变 0 户" in result.text
    assert households(session) == 1845
    assert session.scalar(sa.select(sa.func.count()).select_from(Building)) == 55
    towns = session.scalars(sa.select(Area.name).where(Area.kind == AreaKind.TOWN))
    assert sorted(towns) == ["胜利镇", "金星镇", "金积镇"]


def test_the_same_file_twice_changes_nothing(worker: PageClient, session: Any) -> None:
    for counts in ("新增 2 户，修改 0 户，不变 0 户", "新增 0 户，修改 0 户，不变 2 户"):
        result = worker.follow(worker.submit(confirm_action(upload(worker, TWO_HOMES)), {}))
        assert counts in result.text
    assert households(session) == 2
    assert session.scalar(sa.select(sa.func.count()).select_from(JournalEntry)) == 1


def test_confirming_twice_imports_once(worker: PageClient, session: Any) -> None:
    action = confirm_action(upload(worker, TWO_HOMES))
    first = worker.submit(action, {})
    assert worker.submit(action, {}).headers["Location"] == first.headers["Location"]


def test_what_changes_is_shown_before_and_after(worker: PageClient) -> None:
    worker.submit(confirm_action(upload(worker, TWO_HOMES)), {})
    page = upload(worker, TWO_HOMES.replace(",90,李四,", ",95.5,李四、王五,"))
    assert "修改 1 户" in page.text
    assert ["3", "甲小区3号楼2单元502", "建筑面积", "90.00", "95.50"] in rows(page)
    assert ["3", "甲小区3号楼2单元502", "业主姓名", "李四", "李四、王五"] in rows(page)


def test_problems_are_shown_with_sheet_and_row_and_nothing_can_be_confirmed(
    worker: PageClient,
) -> None:
    page = upload(worker, TWO_HOMES + "甲小区,3#,2,,86.5,赵六,13812345670\n")
    assert "有 1 处必须先改好" in page.text
    (problem,) = [row for row in rows(page) if row[:1] == ["CSV"]]
    assert problem[1:3] == ["4", "房号"]
    assert problem[3].startswith("没有填房号")
    assert not [form for form in page.all("form") if form["action"].endswith("/confirm")]


def test_the_error_sheet_lists_every_problem(worker: PageClient) -> None:
    page = upload(worker, TWO_HOMES + "甲小区,3#,2,503,0,赵六,110\n")
    (link,) = [a["href"] for a in page.all("a") if a["href"].endswith("problems.xlsx")]
    response = worker.raw("get", link)
    sheet = openpyxl.load_workbook(io.BytesIO(response.data)).active
    rows = list(sheet.iter_rows(min_row=3, values_only=True))
    assert [(row[1], row[2], row[3]) for row in rows] == [
        (4, "建筑面积", "必须改"),
    ]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"%PDF-1.7", "这是 PDF 文件"),
        (b"PK\x03\x04broken", "已损坏"),
        (b"", "是空的"),
    ],
)
def test_what_cannot_be_read_is_one_sentence(
    worker: PageClient, session: Any, content: bytes, words: str
) -> None:
    page = upload(worker, content or b" ")
    assert words in page.one(role="alert").text
    assert households(session) == 0


def test_no_file_and_no_community_are_told_at_the_field(worker: PageClient) -> None:
    page = worker.post("roster_staff.upload", {"community": " "}, status=422)
    assert "请选择台账文件" in page.text
    assert "请填社区名称" in page.text


def test_the_template_can_be_filled_in_and_imported(worker: PageClient, tmp_path: Path) -> None:
    content = worker.raw("get", "/desk/roster/template.xlsx").data
    path = tmp_path / "template.xlsx"
    path.write_bytes(content)
    empty = read_ledger(read_workbook(path))
    assert empty.homes == ()
    book = openpyxl.load_workbook(path)
    sheet = book.active
    sheet.append([1, *(cell.value for cell in sheet[3][1:])])
    book.save(path)
    (home,) = read_ledger(read_workbook(path)).homes
    assert (home.address, home.area, home.floor) == ("裕民小区3号楼2单元501", 8650, 5)
    assert home.owners == ("张三", "李四")


def test_a_worker_cannot_import_into_another_community(client: PageClient, session: Any) -> None:
    own = make_area(name="东社区")
    other = make_area(name="西社区", parent=own.parent)
    client.sign_in(make_staff(Role.WORKER, own))
    page = upload(client, TWO_HOMES, community=other.name)
    assert "不在您负责的范围内" in page.text
    assert "新增" in upload(client, TWO_HOMES, community=own.name).text
    result = client.follow(
        client.submit(confirm_action(upload(client, TWO_HOMES, community=own.name)), {})
    )
    assert "导入完成" in result.text
    assert session.scalar(sa.select(Compound.area_id)) == own.id


def test_imports_are_seen_by_the_person_who_started_them_only(
    app: Flask, worker: PageClient, session: Any
) -> None:
    upload(worker, TWO_HOMES)
    job_id = session.scalar(sa.select(sa.func.max(Job.id)))
    stranger = PageClient(app)
    assert stranger.raw("get", f"/desk/roster/imports/{job_id}").status_code == 303
    stranger.sign_in(make_staff(Role.OFFICE))
    stranger.get("roster_staff.import_page", status=403, job_id=job_id)
    stranger.post("roster_staff.confirm", status=403, job_id=job_id)
    stranger.get("roster_staff.error_sheet", status=403, job_id=job_id)
    worker.get("roster_staff.import_page", status=404, job_id=job_id + 1)


def test_the_upload_is_discarded_once_it_is_imported(
    worker: PageClient, session: Any, config: Any
) -> None:
    worker.submit(confirm_action(upload(worker, TWO_HOMES + "\n")), {})
    digest = session.scalar(sa.select(Job.params).order_by(Job.id.desc()))["digest"]
    assert not (config.instance_dir / "files" / digest[:2] / digest).exists()


def run(app: Flask, *arguments: str) -> Any:
    return app.test_cli_runner().invoke(args=["roster", *arguments])


def test_check_counts_the_sample_and_writes_nothing(app: Flask, session: Any) -> None:
    result = run(app, "check", str(SAMPLE), "--json")
    assert result.exit_code == 0
    told = json.loads(result.output)
    counts = [told[name] for name in ("households", "premises", "buildings", "compounds", "area")]
    assert counts == [1845, 1845, 55, 20, "160200.00"]
    assert told["errors"] == []
    assert told["warnings"][0].keys() == {"sheet", "row", "column", "message"}
    assert households(session) == 0


def test_check_tells_problems_by_exit_code(app: Flask, session: Any, tmp_path: Path) -> None:
    path = tmp_path / "台账.csv"
    path.write_text(TWO_HOMES + "甲小区,3#,2,501,86.5,赵六,13812345670\n", "utf-8")
    result = run(app, "check", str(path), "--json")
    assert result.exit_code == 1
    (problem,) = json.loads(result.output)["errors"]
    assert (problem["sheet"], problem["row"], problem["column"]) == ("CSV", 4, "房号")
    assert "第 2 行" in problem["message"]
    path.write_bytes(b"%PDF-1.7")
    assert run(app, "check", str(path)).exit_code == 2


def test_import_prints_what_it_did_and_refuses_a_ledger_with_errors(
    app: Flask, session: Any, tmp_path: Path
) -> None:
    path = tmp_path / "台账.csv"
    path.write_text(TWO_HOMES, "utf-8")
    into = ("--community", "裕西社区")
    assert run(app, "import", str(path), *into).output == "added 2  changed 0  unchanged 0\n"
    assert run(app, "import", str(path), *into).output == "added 0  changed 0  unchanged 2\n"
    path.write_text(TWO_HOMES + "甲小区,3#,2,503,-1,赵六,\n", "utf-8")
    refused = run(app, "import", str(path), *into)
    assert refused.exit_code == 1
    assert households(session) == 2
