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
from tests.factories import make_area, make_round, make_staff

SAMPLE = Path(__file__).parents[2] / "app" / "demo" / "roster-litong.xlsx"
LEDGER = "小区名称,楼栋,单元,房号,建筑面积,业主姓名,联系电话\n"
TWO_HOMES = LEDGER + "甲小区,3#,2,501,86.5,张三,13812345678\n甲小区,3#,2,502,90,李四,13912345678\n"


def upload(client: PageClient, content: str | bytes, name: str = "台账.csv", **form: str) -> Page:
    """Upload a ledger as a person does, for a new community, and follow to where it leads."""
    body = content.encode("gb18030") if isinstance(content, str) else content
    values: dict[str, Any] = {
        "file": (io.BytesIO(body), name),
        "community": "new",
        "new_community": "裕西社区",
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


def test_owners_and_phones_of_a_frozen_register_are_named_before_anybody_confirms(
    worker: PageClient, session: Any
) -> None:
    worker.follow(worker.submit(confirm_action(upload(worker, TWO_HOMES)), {}))
    compound = session.scalars(sa.select(Compound)).one()
    make_round(compound, opened=False)
    session.commit()
    page = upload(worker, TWO_HOMES.replace("李四", "李泗").replace("13812345678", "13812345670"))
    assert "有 2 处必须先改好" in page.text
    told = "；".join(cells[3] for cells in rows(page) if len(cells) == 4)
    assert "3号楼2单元501：登记册已锁定，电话不能用台账改" in told
    assert "3号楼2单元502：登记册已锁定，业主不能用台账改" in told
    assert not [f for f in page.all("form") if f["action"].endswith("/confirm")]
    page = upload(worker, TWO_HOMES.replace("86.5", "87.5"))
    assert "新增 0 户，修改 1 户" in worker.follow(worker.submit(confirm_action(page), {})).text


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
    values = {"community": "new", "new_community": " "}
    page = worker.post("roster_staff.upload", values, status=422)
    assert "请选择台账文件" in page.text
    assert "请填新社区名称" in page.text


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
    (choice,) = client.get("roster_staff.upload").one("select", name="community").all("option")
    assert (choice["value"], choice.text) == (str(own.id), own.full_name)
    for wanted in (str(other.id), "new", ""):
        values = {
            "file": (io.BytesIO(TWO_HOMES.encode()), "台账.csv"),
            "community": wanted,
            "new_community": "新社区",
        }
        client.post("roster_staff.upload", values, status=422)
    elsewhere = TWO_HOMES.replace("小区名称,", "小区名称,社区,").replace(
        "甲小区,", "甲小区,西社区,"
    )
    assert "不在您负责的范围内" in upload(client, elsewhere, community=str(own.id)).text
    result = client.follow(
        client.submit(confirm_action(upload(client, TWO_HOMES, community=str(own.id))), {})
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


def test_the_community_is_picked_among_those_in_scope(client: PageClient, session: Any) -> None:
    own = make_area(name="东社区")
    namesake = make_area(name="东社区")
    client.sign_in(make_staff(Role.OFFICE, own.parent))
    page = client.get("roster_staff.upload")
    labels = [option.text for option in page.one("select", name="community").all("option")]
    assert labels == ["不选：台账每一行都写了社区", own.full_name, "新社区…"]
    assert page.one("input", name="new_community")
    picked = upload(client, TWO_HOMES, community=str(own.id), new_community="没有用到的社区")
    client.submit(confirm_action(picked), {})
    assert session.scalar(sa.select(Compound.area_id)) == own.id
    client.sign_in(make_staff(Role.DISTRICT))
    both = upload(client, TWO_HOMES.replace("甲小区", "乙小区"), community=str(namesake.id))
    assert both.h1 == "导入预览"
    client.submit(confirm_action(both), {})
    area = session.scalar(sa.select(Compound.area_id).where(Compound.name == "乙小区"))
    assert area == namesake.id


def test_no_community_is_needed_when_every_row_names_its_own(worker: PageClient) -> None:
    named = TWO_HOMES.replace("小区名称,", "小区名称,社区,").replace("甲小区,", "甲小区,西社区,")
    page = upload(worker, named, community="")
    assert "新增 2 户" in page.text
    assert "西社区" in page.text
    page = upload(worker, TWO_HOMES, community="")
    assert "有 1 处必须先改好" in page.text
    assert "有 2 户没有写社区" in page.text
    assert not [form for form in page.all("form") if form["action"].endswith("/confirm")]


def badges(page: Page) -> list[str]:
    return [node.text for node in page.all("span", class_="badge")]


def test_new_compounds_and_communities_wear_a_badge(worker: PageClient) -> None:
    page = upload(worker, TWO_HOMES)
    assert badges(page) == ["新小区", "新社区"]
    worker.submit(confirm_action(page), {})
    assert badges(upload(worker, TWO_HOMES)) == []
    assert badges(upload(worker, TWO_HOMES.replace("甲", "乙"))) == ["新小区"]


def test_a_namesake_elsewhere_and_a_community_of_nearly_that_name_are_warned_of(
    worker: PageClient,
) -> None:
    worker.submit(confirm_action(upload(worker, TWO_HOMES, new_community="水渠巷社区")), {})
    page = upload(worker, TWO_HOMES, new_community="水渠巷")
    alerts = [node.text for node in page.all("p", class_="alert")]
    full = "本区县 未填乡镇 水渠巷"
    assert alerts == [
        f"同名小区「甲小区」已在{full}社区，确定不是同一个？",
        f"「{full}」是新社区，名字和「{full}社区」很像，确定不是同一个？",
    ]
    assert confirm_action(page)
    assert not upload(worker, TWO_HOMES, new_community="水渠巷社区").all("p", class_="alert")


def test_the_preview_shows_how_the_ledger_was_read(worker: PageClient) -> None:
    ledger = TWO_HOMES.replace("房号", "室号")
    ledger += "".join(f"甲小区,4#,,{room},80,,\n" for room in range(101, 106))
    page = upload(worker, ledger)
    assert "房号 ← 室号" in [item.text for item in page.all("li")]
    shown = [row for row in rows(page) if len(row) == 7]
    assert shown[0] == ["2", "3号楼", "2单元", "501", "86.50", "张三", "138****5678"]
    assert shown[2] == ["4", "4号楼", "—", "101", "80.00", "—", "—"]
    assert len(shown) == 5
    assert "3号楼 2 户、4号楼 5 户" in page.text
    assert "13812345678" not in page.html


def test_the_result_leads_to_each_compound(worker: PageClient) -> None:
    ledger = TWO_HOMES + "乙小区,1#,1,101,80,赵六,13712345678\n"
    result = worker.follow(worker.submit(confirm_action(upload(worker, ledger)), {}))
    links = {a.text: a["href"] for a in result.all("a") if "/desk/compounds/" in a["href"]}
    assert set(links) == {"甲小区", "乙小区"}
    assert worker.visit(links["乙小区"]).h1 == "乙小区"


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
