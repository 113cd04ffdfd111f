"""What a ledger leaves doubtful: said with its row, and no hindrance."""

from tests.roster.test_importer import HEADER, home_row, ledger, told


def test_a_repeated_home_is_told_even_when_the_first_row_has_another_error() -> None:
    read = ledger(
        HEADER,
        home_row("501", 建筑面积=None),
        home_row("501"),
        home_row("501", 建筑面积="不详"),
        home_row("502"),
    )
    columns = ["建筑面积", "房号", "建筑面积", "房号"]
    assert told(read.errors) == list(zip([2, 3, 4, 4], columns, strict=True))
    assert "第 2 行" in read.errors[1].text
    assert [home.room for home in read.homes] == ["502"]


def test_an_estimated_area_is_imported_with_a_warning() -> None:
    read = ledger(HEADER, home_row(建筑面积="约 90 平"))
    assert read.errors == ()
    assert read.homes[0].area == 9000
    (warning,) = read.warnings
    assert (warning.row, warning.column) == (2, "建筑面积")
    assert warning.text == "面积写的是“约 90 平”，按 90.00 ㎡ 导入，请核对。"


def test_doubtful_phones_are_warned_and_left_out() -> None:
    read = ledger(
        HEADER,
        home_row("101", 联系电话="1381234567"),
        home_row("102", 联系电话=None),
        home_row("103", 联系电话="13812345678、13912345678"),
        home_row("104", 联系电话=1.3812345678139e21),
    )
    assert read.errors == ()
    assert [home.phones for home in read.homes] == [(), (), ("13812345678", "13912345678"), ()]
    assert [problem.row for problem in read.warnings] == [2, 3, 5]


def test_an_area_far_from_the_neighbours_is_warned() -> None:
    areas = [80, 82, 85, 88, 90, 8.6, 860]
    read = ledger(HEADER, *(home_row(str(101 + n), 建筑面积=area) for n, area in enumerate(areas)))
    assert read.errors == ()
    assert [problem.row for problem in read.warnings if "相差很大" in problem.text] == [7, 8]


def test_a_shop_is_no_household_and_no_neighbour() -> None:
    dwellings = [home_row(str(101 + n)) for n in range(5)]
    read = ledger(HEADER, *dwellings, home_row("门面1", 建筑面积=900))
    assert (read.totals.premises, read.totals.households) == (6, 5)
    assert not [problem for problem in read.warnings if "相差很大" in problem.text]


def test_a_phone_beside_many_homes_is_warned() -> None:
    read = ledger(HEADER, *(home_row(str(101 + n)) for n in range(4)))
    assert [problem.text for problem in read.warnings] == ["电话 13812345678 填在 4 户里，请核对。"]


def test_homes_without_entrance_beside_homes_with_one_are_warned() -> None:
    read = ledger(HEADER, home_row("101"), home_row("102"), home_row("103", 单元=None))
    assert [problem.text for problem in read.warnings] == ["3号楼有 1 户没有填单元，其他户填了。"]


def test_columns_that_are_not_imported_are_named() -> None:
    read = ledger((*HEADER, "身份证号"), (*home_row(), "640300199001011234"))
    assert [problem.text for problem in read.warnings] == ["「身份证号」这一列没有导入。"]
