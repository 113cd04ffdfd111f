"""How single cells of a ledger are understood."""

from collections.abc import Callable
from contextlib import suppress
from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.roster import cells
from app.roster.cells import Place, Unclear

anything = st.one_of(
    st.text(max_size=40),
    st.text(alphabet="0123456789第号楼栋幢座单元门室#-—－ ３５甲乙东ABab.　一二十零", max_size=12),
    st.integers(-5, 99_999),
    st.floats(allow_nan=True),
)


@pytest.mark.parametrize(
    "written",
    [
        "3号楼",
        "3#",
        "3栋",
        "３",
        "3幢",
        "第3栋",
        "三号楼",
        "03",
        3,
        3.0,
        "3.0",
        " 3 号 楼 ",
        "3＃楼",
    ],
)
def test_every_way_to_write_building_three_is_building_three(written: cells.Cell) -> None:
    assert cells.building(written) == "3号楼"


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("十二号楼", "12号楼"),
        ("二十三幢", "23号楼"),
        ("0#", "0号楼"),
        ("A座", "A栋"),
        ("a1栋", "A1栋"),
        ("3A号楼", "3A号楼"),
        ("东幢", "东楼"),
        ("甲楼", "甲楼"),
        ("3-1号楼", "3-1号楼"),
        ("临街楼", "临街楼"),
        ("老办公楼", "老办公楼"),
        ("无", ""),
        (None, ""),
    ],
)
def test_other_buildings_get_one_name_each(written: cells.Cell, canonical: str) -> None:
    assert cells.building(written) == canonical


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("1单元", "1单元"),
        (1.0, "1单元"),
        ("一单元", "1单元"),
        ("１单元", "1单元"),
        ("第2单元", "2单元"),
        ("2门", "2单元"),
        ("甲", "甲单元"),
        ("东", "东单元"),
        ("A", "A单元"),
        ("-", ""),
        (None, ""),
    ],
)
def test_entrances_get_one_name_and_may_be_missing(written: cells.Cell, canonical: str) -> None:
    assert cells.entrance(written) == canonical


@pytest.mark.parametrize(
    "written",
    ["501", "0501", 501, 501.0, "501.0", "501室", "５０１", "５０１ 室", "501号", "\u200b501"],
)
def test_every_way_to_write_room_501_is_room_501(written: cells.Cell) -> None:
    assert cells.room(written) == "501"


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("5-1", "5-1"),
        ("501a", "501A"),
        ("501东户", "501东"),
        ("101-102", "101-102"),
        ("门面3", "门面3"),
        ("东户", "东户"),
    ],
)
def test_rooms_with_names_stay_distinct(written: str, canonical: str) -> None:
    assert cells.room(written) == canonical


@pytest.mark.parametrize(
    ("written", "place"),
    [
        ("3-2-501", Place("", "3号楼", "2单元", "501")),
        ("３－２－０５０１", Place("", "3号楼", "2单元", "501")),
        ("3—2—501", Place("", "3号楼", "2单元", "501")),
        ("3 - 2 - 501", Place("", "3号楼", "2单元", "501")),
        ("3/2/501", Place("", "3号楼", "2单元", "501")),
        ("3.2.501", Place("", "3号楼", "2单元", "501")),
        ("3号楼2单元501室", Place("", "3号楼", "2单元", "501")),
        ("三号楼二单元501", Place("", "3号楼", "2单元", "501")),
        ("3#2-501", Place("", "3号楼", "2单元", "501")),
        ("3栋2门501", Place("", "3号楼", "2单元", "501")),
        ("3号楼2单元5-1", Place("", "3号楼", "2单元", "5-1")),
        ("3号楼501", Place("", "3号楼", "", "501")),
        ("A座501", Place("", "A栋", "", "501")),
        ("东楼501", Place("", "东楼", "", "501")),
        ("裕民小区3号楼2单元501室", Place("裕民小区", "3号楼", "2单元", "501")),
        ("三中家属院2号楼1单元501", Place("三中家属院", "2号楼", "1单元", "501")),
        ("2单元501", Place("", "", "2单元", "501")),
        ("3-501", Place("", "", "", "501", "3")),
        ("501", Place("", "", "", "501")),
        ("5-1", Place("", "", "", "5-1")),
    ],
)
def test_a_room_cell_may_tell_the_whole_address(written: str, place: Place) -> None:
    assert cells.place(written) == place


@pytest.mark.parametrize(
    ("written", "both"),
    [
        ("3号楼2单元", ("3号楼", "2单元")),
        ("3#2", ("3号楼", "2单元")),
        ("3-2", ("3号楼", "2单元")),
        ("3号楼", ("3号楼", "")),
        ("A1", ("A1栋", "")),
    ],
)
def test_a_building_cell_may_name_the_entrance(written: str, both: tuple[str, str]) -> None:
    assert cells.building_and_entrance(written) == both


@pytest.mark.parametrize(
    "written", [date(2026, 3, 2), datetime(2026, 3, 2), "3月2日", "2026/3/2", "2026-03-02", "2-Mar"]
)
@pytest.mark.parametrize("read", [cells.room, cells.building, cells.entrance, cells.place])
def test_what_excel_turned_into_a_date_is_refused_with_advice(
    read: Callable[[cells.Cell], object], written: cells.Cell
) -> None:
    with pytest.raises(Unclear) as refusal:
        read(written)
    assert "文本格式" in str(refusal.value)
    assert "3-2" in str(refusal.value)


def test_half_a_room_is_refused() -> None:
    with pytest.raises(Unclear):
        cells.room(501.5)


@pytest.mark.parametrize(
    ("written", "hundredths"),
    [
        ("86.50㎡", 8650),
        ("86.5平方米", 8650),
        ("86.5 m2", 8650),
        ("86.50 M²", 8650),
        ("８６．５", 8650),
        (86.5, 8650),
        (100.97, 10097),
        (0.29, 29),
        (98, 9800),
        ("1,234.5", 123450),
        ("86.505", 8651),
        (86.504999999, 8650),
    ],
)
def test_areas_are_whole_hundredths_of_a_square_metre(written: cells.Cell, hundredths: int) -> None:
    assert cells.area(written) == hundredths


@pytest.mark.parametrize(
    "written", ["约90", "约 90 平", "90左右", "90 平左右", "大约90㎡", "90.0㎡上下", "约９０平方米"]
)
def test_an_estimated_area_is_read_and_told_apart(written: str) -> None:
    assert cells.area(written) == 9000
    assert cells.is_rough(written)
    assert not cells.is_rough("90㎡")
    assert not cells.is_rough(90)


@pytest.mark.parametrize("written", ["", None, "-", "无", "  "])
def test_an_empty_area_is_missing_and_not_zero(written: cells.Cell) -> None:
    assert cells.area(written) is None


@pytest.mark.parametrize(
    "written",
    [
        "0",
        0,
        0.0,
        "-86.5",
        -1,
        "八十",
        "86.5/72.3",
        "1e3",
        True,
        date(2026, 1, 1),
        0.001,
        float("nan"),
        float("inf"),
        100_000,
        "99999999",
    ],
)
def test_what_is_no_area_is_refused(written: cells.Cell) -> None:
    with pytest.raises(Unclear):
        cells.area(written)


@pytest.mark.parametrize(
    ("room", "storey"),
    [
        ("501", 5),
        ("1203", 12),
        ("5-1", 5),
        ("501A", 5),
        ("1", None),
        ("12345", None),
        ("门面3", None),
    ],
)
def test_the_storey_follows_from_the_room(room: str, storey: int | None) -> None:
    assert cells.floor(None, room) == storey


def test_the_storey_in_its_own_cell_wins() -> None:
    assert cells.floor("3层", "501") == 3


@pytest.mark.parametrize(
    ("written", "room", "use"),
    [
        (None, "501", "dwelling"),
        ("成套住宅", "501", "dwelling"),
        ("商品房", "501", "dwelling"),
        ("商铺", "1", "shop"),
        (None, "门面3", "shop"),
        (None, "车库5", "other"),
        ("储藏室", "1", "other"),
    ],
)
def test_only_dwellings_are_households(written: cells.Cell, room: str, use: str) -> None:
    assert cells.use(written, room) == use


def test_occupancy_and_ownership_under_other_names() -> None:
    assert [
        cells.occupancy(word) for word in ("自住", "出租", "租户", "空置", "无人居住", "?", None)
    ] == [
        "owner",
        "let",
        "let",
        "vacant",
        "vacant",
        "unknown",
        "unknown",
    ]
    assert cells.ownership("单位自管房") == "单位自管公房"
    assert cells.ownership("房改") == "房改房"
    assert cells.ownership("公房") == "直管公房"
    assert cells.ownership("商品住宅") == "商品房"
    assert cells.ownership("回迁房") == "回迁房"


def test_headings_between_rows_name_a_building_or_an_entrance() -> None:
    assert cells.section("3号楼") == ("3号楼", "")
    assert cells.section("3 号楼 2 单元") == ("3号楼", "2单元")
    assert cells.section("2单元") == ("", "2单元")
    assert cells.section("裕民小区住户台账") is None
    assert cells.section("12") is None


@given(anything)
def test_a_canonical_value_read_again_gives_itself(written: cells.Cell) -> None:
    for read in (cells.building, cells.entrance, cells.room, cells.label, cells.note, cells.text):
        try:
            once = read(written)
        except Unclear:
            continue
        assert read(once) == once


@given(st.integers(1, 9_999_999))
def test_an_area_written_and_read_is_the_same(hundredths: int) -> None:
    assert cells.area(f"{hundredths // 100}.{hundredths % 100:02d}㎡") == hundredths
    assert cells.area(hundredths / 100) == hundredths


@given(anything)
def test_no_cell_makes_reading_fail(written: cells.Cell) -> None:
    for read in (cells.place, cells.building_and_entrance, cells.area, cells.section):
        with suppress(Unclear):
            read(written)
