"""The desk's tables as workbooks: the office's own columns, numbers as numbers, no names."""

from pathlib import Path

import pytest

from app.core.db import db
from app.core.guards import Role
from app.core.sheets import Row, read_workbook
from app.projects.models import Project
from tests.client import PageClient
from tests.desk.ballots import fill, make_quick_round
from tests.factories import make_area, make_building, make_compound, make_staff

pytestmark = pytest.mark.usefixtures("session")


def rows_of(client: PageClient, address: str, folder: Path) -> list[Row]:
    answer = client.raw("get", address)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert ".xlsx" in answer.headers["Content-Disposition"]
    file = folder / "table.xlsx"
    file.write_bytes(answer.get_data())
    [sheet] = read_workbook(file)
    return list(sheet.rows)


def test_compounds_have_the_columns_of_the_reports(client: PageClient, tmp_path: Path) -> None:
    compound = make_compound("裕民小区", make_area(name="裕西社区"))
    round_ = make_quick_round(make_building(compound, homes=10, size=8650))
    fill(round_, agree=7, disagree=1)
    [project] = db.session.query(Project).filter_by(compound_id=compound.id)
    project.budget = 123_456_00
    make_compound("空小区")
    client.sign_in(make_staff())
    heads, *rows = rows_of(client, "/desk/compounds.xlsx", tmp_path)
    named = {row[2]: dict(zip(heads, row, strict=False)) for row in rows}
    found = named["裕民小区"]
    assert found["社区"] == "裕西社区"
    assert found["户数"] == found["应征户数"] == 10
    assert found["面积（m²）"] == 865
    assert found["投资（元）"] == 123_456
    assert found["已征户数"] == 8
    assert found["意愿覆盖率（%）"] == 80
    assert found["改造方案：同意户数"] == 7
    assert found["物业管理方案：同意率（%）"] == 70
    assert found["差额户数"] == 1
    assert found["异议未结"] == 0
    assert named["空小区"]["征求轮次"] in (None, "")
    assert named["空小区"]["状态"] == "没有征询"


def test_what_is_looked_for_is_what_is_saved_and_nothing_outside_the_scope(
    client: PageClient, tmp_path: Path
) -> None:
    mine = make_building(make_compound("我的小区")).compound
    make_building(make_compound("别的小区"))
    client.sign_in(make_staff())
    assert len(rows_of(client, "/desk/compounds.xlsx?q=我的", tmp_path)) == 2
    client.sign_in(make_staff(Role.WORKER, mine.area))
    assert [row[2] for row in rows_of(client, "/desk/compounds.xlsx", tmp_path)[1:]] == ["我的小区"]


def test_a_board_is_saved_building_by_building_with_its_sum(
    client: PageClient, tmp_path: Path
) -> None:
    compound = make_compound("=小区")
    first = make_building(compound, homes=4)
    make_building(compound, homes=2)
    round_ = make_quick_round(first)
    fill(round_, agree=3, abstain=1)
    client.sign_in(make_staff())
    heads, *rows = rows_of(client, f"/desk/rounds/{round_.id}/board.xlsx", tmp_path)
    assert heads[:5] == ("楼栋", "应征户数", "已征户数", "意愿覆盖率（%）", "要上门")
    assert heads[5:10] == (
        "改造方案：同意户数",
        "改造方案：不同意户数",
        "改造方案：弃权户数",
        "改造方案：同意率（%）",
        "改造方案：差额户数",
    )
    assert {row[0] for row in rows} == {"1号楼", "2号楼", "合计"}
    assert rows[-1][:10] == ("合计", 6, 4, 66.6, 2, 3, 0, 1, 50, 2)
    assert not [cell for row in rows for cell in row if isinstance(cell, str) and "王" in cell]
