"""Ledgers as offices really send them, and every problem by its sheet and row."""

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.sheets import Merge, Sheet, read_workbook
from app.roster.importer import read_ledger
from app.roster.ledger import Home, Ledger, Problem

HEADER = ("小区名称", "楼栋", "单元", "房号", "建筑面积", "业主姓名", "联系电话")
SAMPLE = Path(__file__).parents[2] / "app" / "demo" / "roster-litong.xlsx"


def ledger(*rows: tuple[object, ...], merges: tuple[Merge, ...] = (), compound: str = "") -> Ledger:
    return read_ledger([sheet(*rows, merges=merges)], compound)


def sheet(
    *rows: tuple[object, ...],
    name: str = "台账",
    merges: tuple[Merge, ...] = (),
    hidden: bool = False,
) -> Sheet:
    return Sheet(name, list(rows), hidden, merges)  # type: ignore[arg-type]


def home_row(room: object = "501", **changes: object) -> tuple[object, ...]:
    values = dict(
        zip(HEADER, ("甲小区", "3号楼", "2单元", room, 86.5, "张三", "13812345678"), strict=True)
    )
    return tuple({**values, **changes}.values())


def places(read: Ledger) -> list[tuple[str, str, str]]:
    return [(home.building, home.entrance, home.room) for home in read.homes]


def told(problems: tuple[Problem, ...]) -> list[tuple[int, str]]:
    return [(problem.row, problem.column) for problem in problems]


def test_the_sample_gives_its_totals() -> None:
    expected = json.loads(Path(__file__).with_name("litong-totals.json").read_text("utf-8"))
    read = read_ledger(read_workbook(SAMPLE))
    assert read.errors == ()
    assert [
        {
            "compound": each.compound,
            "town": each.town,
            "buildings": each.buildings,
            "households": each.households,
            "area_m2": f"{each.area // 100}.{each.area % 100:02d}",
        }
        for each in read.compounds
    ] == expected["compounds"]
    totals = read.totals
    assert (len(read.compounds), totals.buildings, totals.households) == (20, 55, 1845)
    assert totals.area == 160_200_00
    assert {warning.text for warning in read.warnings} == {"没有填联系电话。"}


def test_a_csv_of_one_compound_as_wps_saves_it_gives_the_same_homes(tmp_path: Path) -> None:
    (sheet,) = read_workbook(SAMPLE)
    rows = [sheet.rows[0], *(row for row in sheet.rows if "裕民小区" in row)]
    lines = [",".join("" if cell is None else str(cell) for cell in row) for row in rows]
    path = tmp_path / "裕民.csv"
    path.write_bytes("\r\n".join(lines).encode("gb18030"))
    homes = [replace(home, sheet="", row=0) for home in read_ledger([sheet]).homes]
    assert [replace(home, sheet="", row=0) for home in read_ledger(read_workbook(path)).homes] == [
        home for home in homes if home.compound == "裕民小区"
    ]


def test_a_plain_row_becomes_a_home() -> None:
    (home,) = ledger(
        ("序号", "乡镇", "社区", *HEADER, "楼层", "用途", "产权性质", "居住情况", "备注"),
        (1, "胜利镇", "裕西社区", *home_row(), 5, "住宅", "房改", "出租", "　老人独居 "),
    ).homes
    assert home == Home(
        sheet="台账",
        row=2,
        town="胜利镇",
        community="裕西社区",
        compound="甲小区",
        building="3号楼",
        entrance="2单元",
        room="501",
        floor=5,
        use="dwelling",
        area=8650,
        ownership="房改房",
        occupancy="let",
        owners=("张三",),
        phones=("13812345678",),
        note="老人独居",
    )
    assert home.address == "甲小区3号楼2单元501"


def test_titles_and_reporting_lines_stand_above_the_header() -> None:
    read = ledger(
        ("吴忠市老旧小区改造住户摸底台账",),
        ("填报单位：胜利镇政府", None, None, "小区名称：裕民小区", None, "填报日期：2026-03-02"),
        (),
        ("楼号", "单元号", "门牌号", "面积（㎡）", "户主", "手机号码"),
        ("1", "1", "101", "86.50㎡", "张三", "13812345678"),
    )
    assert read.errors == ()
    (home,) = read.homes
    assert (home.row, home.compound, home.building) == (5, "裕民小区", "1号楼")


@pytest.mark.parametrize(
    "header",
    [
        (building, room, "面积", "业主")
        for building in ("楼号", "楼栋", "幢", "幢号", "栋号", "楼 栋", "楼栋号*", "楼房号")
        for room in ("门牌号", "房号", "室号", "房间号", "房 号（室）")
    ]
    + [
        ("楼栋", "房号", area, owner)
        for area in ("建筑面积", "套内", "建筑面积(㎡)", "房屋建筑面积（平方米）", "面积\n(㎡)")
        for owner in ("户主", "业主姓名", "产权人", "业主（产权人）姓名", "姓名", "户主/产权人")
    ],
)
def test_headers_under_other_names(header: tuple[str, ...]) -> None:
    read = ledger(header, ("3#", "501", 86.5, "张三"), compound="甲小区")
    assert read.errors == ()
    (home,) = read.homes
    assert (home.building, home.room, home.area, home.owners) == ("3号楼", "501", 8650, ("张三",))


def test_a_header_of_two_lines_with_merged_cells() -> None:
    read = ledger(
        ("小区", "房屋信息", None, None, None, None, "业主信息", None, "租户信息"),
        (None, "楼栋", "单元", "房号", "建筑面积", "公摊面积", "姓名", "电话", "姓名"),
        ("甲小区", "3", "2", "501", 86.5, 12.1, "张三", "13812345678", "李四"),
        merges=(Merge(0, 0, 1, 0), Merge(0, 1, 0, 5), Merge(0, 6, 0, 7)),
    )
    (home,) = read.homes
    assert (home.compound, home.area, home.owners, home.phones) == (
        "甲小区",
        8650,
        ("张三",),
        ("13812345678",),
    )


def test_the_floor_area_is_preferred_to_the_area_inside() -> None:
    read = ledger(
        ("小区", "楼栋", "房号", "套内面积", "建筑面积", "业主"),
        ("甲小区", "3", "501", 70, 86.5, "张三"),
    )
    assert read.homes[0].area == 8650


def test_values_written_once_are_filled_down() -> None:
    read = ledger(
        HEADER,
        home_row("101", 单元="1单元"),
        home_row("102", 小区名称=None, 楼栋=None, 单元=None),
        home_row("201", 小区名称=None, 楼栋=None, 单元="2单元"),
        home_row("202", 小区名称=None, 楼栋=None, 单元=None),
        home_row("101", 小区名称=None, 楼栋="4号楼", 单元=None),
        home_row("102", 小区名称=None, 楼栋=None, 单元=None),
    )
    assert read.errors == ()
    assert places(read) == [
        ("3号楼", "1单元", "101"),
        ("3号楼", "1单元", "102"),
        ("3号楼", "2单元", "201"),
        ("3号楼", "2单元", "202"),
        ("4号楼", "", "101"),
        ("4号楼", "", "102"),
    ]


def test_a_value_repeated_on_a_new_page_still_fills_down() -> None:
    read = ledger(
        HEADER,
        home_row("101"),
        home_row("102", 楼栋=None),
        home_row("201"),
        home_row("202", 楼栋=None),
    )
    assert read.errors == ()
    assert {building for building, _, _ in places(read)} == {"3号楼"}


def test_merged_cells_give_their_value_to_every_row() -> None:
    read = ledger(
        HEADER,
        home_row("101"),
        home_row("102", 小区名称=None, 楼栋=None, 单元=None),
        home_row("201", 小区名称=None, 楼栋=None, 单元=None),
        merges=(Merge(1, 0, 3, 0), Merge(1, 1, 3, 1), Merge(1, 2, 3, 2)),
    )
    assert read.errors == ()
    assert [home.key[2:] for home in read.homes] == [
        ("甲小区", "3号楼", "2单元", room) for room in ("101", "102", "201")
    ]


def test_one_home_on_two_lines_with_its_room_merged() -> None:
    read = ledger(
        HEADER,
        home_row("501"),
        (None, None, None, None, None, "李四", "13912345678"),
        merges=(Merge(1, 3, 2, 3), Merge(1, 4, 2, 4)),
    )
    assert read.errors == ()
    (home,) = read.homes
    assert home.owners == ("张三", "李四")
    assert home.phones == ("13812345678", "13912345678")


def test_an_area_merged_over_two_homes_is_refused() -> None:
    read = ledger(
        HEADER, home_row("501"), home_row("502", 建筑面积=None), merges=(Merge(1, 4, 2, 4),)
    )
    assert told(read.errors) == [(3, "建筑面积")]


def test_blank_rows_sums_repeated_headers_and_signatures_are_no_homes() -> None:
    read = ledger(
        HEADER,
        home_row("101"),
        (),
        (None, "", "  ", None, None),
        ("3号楼小计", None, None, "1户", 86.5),
        HEADER,
        home_row("102"),
        (None, "合 计", None, None, 173.0),
        ("总计（户）", None, None, 2, 173.0),
        ("填表人：张三", None, None, None, None, "审核人：李四", "13812345678"),
    )
    assert read.errors == ()
    assert [home.row for home in read.homes] == [2, 7]


def test_a_compound_whose_name_contains_the_word_for_sum_is_no_sum() -> None:
    assert len(ledger(HEADER, home_row(小区名称="联合计生委家属楼")).homes) == 1


def test_columns_may_move_on_a_later_page() -> None:
    read = ledger(
        HEADER,
        home_row("101"),
        ("小区", "楼栋", "单元", "建筑面积", "房号", "业主"),
        ("甲小区", "3号楼", "2单元", 90, "102", "李四"),
    )
    assert [(home.room, home.area) for home in read.homes] == [("101", 8650), ("102", 9000)]


def test_a_heading_between_the_rows_names_the_building() -> None:
    read = ledger(
        ("单元", "房号", "面积", "业主"),
        ("3号楼",),
        (1, 101, 86.5, "张三"),
        ("4号楼",),
        (1, 101, 86.5, "李四"),
        compound="甲小区",
    )
    assert read.errors == ()
    assert places(read) == [("3号楼", "1单元", "101"), ("4号楼", "1单元", "101")]


def test_a_sheet_for_each_building() -> None:
    rows = (("单元", "房号", "面积", "业主"), ("1", "101", 86.5, "张三"))
    read = read_ledger(
        [sheet(*rows, name="3号楼"), sheet(*rows, name="4#"), sheet(("说明",), name="说明")],
        "甲小区",
    )
    assert read.errors == ()
    assert places(read) == [("3号楼", "1单元", "101"), ("4号楼", "1单元", "101")]
    assert any("不是户的台账" in warning.text for warning in read.warnings)


def test_a_sheet_for_each_compound() -> None:
    rows = (("楼栋", "房号", "面积", "业主"), ("1", "101", 86.5, "张三"))
    read = read_ledger([sheet(*rows, name="裕民小区"), sheet(*rows, name="利水南苑")])
    assert [home.compound for home in read.homes] == ["裕民小区", "利水南苑"]


def test_a_hidden_sheet_is_left_out_with_a_warning() -> None:
    read = read_ledger(
        [sheet(HEADER, home_row("101")), sheet(HEADER, home_row("102"), name="旧", hidden=True)]
    )
    assert len(read.homes) == 1
    assert [(warning.sheet, "隐藏" in warning.text) for warning in read.warnings] == [("旧", True)]


@pytest.mark.parametrize(
    ("building", "entrance", "room", "place"),
    [
        (None, None, "3-2-501", ("3号楼", "2单元", "501")),
        (None, None, "3-501", ("3号楼", "", "501")),
        (None, None, "3号楼2单元501室", ("3号楼", "2单元", "501")),
        ("3#", None, "2-501", ("3号楼", "2单元", "501")),
        ("3#", None, "2单元501", ("3号楼", "2单元", "501")),
        ("3#", "2", "2-501", ("3号楼", "2单元", "501")),
        ("3#", "2", "3-2-501", ("3号楼", "2单元", "501")),
        ("36#", None, "36-501", ("36号楼", "", "501")),
        ("3号楼2单元", None, "501", ("3号楼", "2单元", "501")),
        ("3-2", None, 501.0, ("3号楼", "2单元", "501")),
        ("3", None, "5-1", ("3号楼", "", "5-1")),
    ],
)
def test_the_address_may_be_spread_over_the_cells_in_any_way(
    building: str | None, entrance: str | None, room: object, place: tuple[str, str, str]
) -> None:
    read = ledger(HEADER, home_row(room, 楼栋=building, 单元=entrance))
    assert read.errors == ()
    assert places(read) == [place]


def test_an_address_that_contradicts_its_columns_is_refused() -> None:
    read = ledger(HEADER, home_row("4-2-501"))
    assert told(read.errors) == [(2, "房号")]
    assert "4号楼" in read.errors[0].text
    assert "3号楼" in read.errors[0].text


@pytest.mark.parametrize(
    ("changes", "column", "words"),
    [
        ({"房号": None}, "房号", "没有填房号"),
        ({"楼栋": None}, "楼栋", "没有填楼栋"),
        ({"小区名称": None}, "小区名称", "没有填小区"),
        ({"建筑面积": None}, "建筑面积", "没有填建筑面积"),
        ({"建筑面积": 0}, "建筑面积", "大于 0"),
        ({"建筑面积": -86.5}, "建筑面积", "大于 0"),
        ({"建筑面积": "约八十"}, "建筑面积", "不是数字"),
        ({"房号": date(2026, 3, 2)}, "房号", "变成了日期"),
        ({"楼栋": date(2026, 3, 2)}, "楼栋", "变成了日期"),
        ({"房号": 501.5}, "房号", "小数"),
    ],
)
def test_a_home_that_lacks_what_it_needs_is_refused_with_its_row(
    changes: dict[str, object], column: str, words: str
) -> None:
    read = ledger(
        ("台账",), HEADER, home_row("101"), home_row("102"), home_row(**{"room": "103", **changes})
    )  # type: ignore[arg-type]
    assert told(read.errors) == [(5, column)]
    assert words in read.errors[0].text
    assert len(read.homes) == 2


def test_a_gap_in_a_column_that_is_filled_line_by_line_is_not_guessed() -> None:
    read = ledger(HEADER, home_row("101"), home_row("102"), home_row("103", 楼栋=None))
    assert told(read.errors) == [(4, "楼栋")]


def test_the_same_home_twice_is_refused_naming_both_rows() -> None:
    read = ledger(
        HEADER, home_row("0501"), home_row("502"), home_row(501.0, 楼栋="3#", 单元="二单元")
    )
    assert told(read.errors) == [(4, "房号")]
    assert "第 2 行" in read.errors[0].text
    assert "甲小区3号楼2单元501" in read.errors[0].text


def test_it_is_told_which_column_was_read_as_what() -> None:
    rows = (
        ("楼号", "室号", "套内面积", "业主", "电话", "手机"),
        ("3", "501", 86.5, "张三", "", ""),
    )
    other = (("楼栋", "房号", "面积"), ("1", "101", 80))
    read = read_ledger(
        [sheet(*rows, name="甲"), sheet(*rows, name="乙"), sheet(*other, name="丙")], "甲小区"
    )
    assert read.columns == (
        (
            ("甲", "乙"),
            (
                ("building", ("楼号",)),
                ("room", ("室号",)),
                ("area", ("套内面积",)),
                ("owners", ("业主",)),
                ("phones", ("电话", "手机")),
            ),
        ),
        (("丙",), (("building", ("楼栋",)), ("room", ("房号",)), ("area", ("面积",)))),
    )


def test_a_compound_given_once_serves_rows_that_name_none() -> None:
    read = ledger(HEADER, home_row("101", 小区名称=None), compound=" 裕民 小区 ")
    assert [home.compound for home in read.homes] == ["裕民小区"]


def test_what_a_sheet_lacks_altogether_is_said_once() -> None:
    rows = [(str(room), "张三") for room in range(101, 120)]
    read = ledger(("房号", "业主", "楼栋"), *((*row, "3") for row in rows))
    assert [problem.text for problem in read.errors] == [
        "没有「建筑面积」这一列，请补上。",
        "没有填小区名称。",
    ]


def test_a_workbook_without_a_ledger_is_one_problem() -> None:
    read = ledger(("通讯录",), ("姓名", "电话"), ("张三", "13812345678"))
    assert len(read.errors) == 1
    assert "没有找到户的台账" in read.errors[0].text


def test_nobody_has_to_read_more_than_five_thousand_problems() -> None:
    rows = [home_row(str(number), 联系电话=None) for number in range(1, 6002)]
    read = ledger(HEADER, *rows)
    assert len(read.warnings) == 5001
    assert "1001" in read.warnings[-1].text


def test_overlapping_merges_do_no_harm() -> None:
    merges = tuple(Merge(1, 1, 1_000_000, 1) for _ in range(50_000))
    assert (
        len(ledger(HEADER, *(home_row(str(101 + n)) for n in range(50)), merges=merges).homes) == 50
    )


cell = st.one_of(
    st.none(),
    st.sampled_from(
        ["3号楼", "3", "2单元", "501", "3-2-501", "合计", "甲小区", "房号", "张三", "86.5"]
    ),
    st.text(max_size=8),
    st.floats(),
    st.dates(),
)


@given(st.lists(st.lists(cell, max_size=7).map(tuple), max_size=12))
def test_whatever_stands_below_a_header_is_read_or_refused_by_row(
    rows: list[tuple[object, ...]],
) -> None:
    read = ledger(HEADER, *rows)
    for home in read.homes:
        assert home.area > 0
        assert home.building
        assert home.room
        assert home.compound
        assert 2 <= home.row <= len(rows) + 1
    assert len({home.key for home in read.homes}) == len(read.homes)
    for problem in (*read.errors, *read.warnings):
        assert problem.text
        assert 1 <= problem.row <= len(rows) + 1
