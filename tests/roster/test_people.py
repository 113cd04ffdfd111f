"""How names and telephone numbers of a ledger are understood."""

from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.roster import people
from app.roster.cells import Cell, Unclear


@pytest.mark.parametrize(
    ("written", "names"),
    [
        ("张三", ["张三"]),
        ("张三、李四", ["张三", "李四"]),
        ("张三，李四", ["张三", "李四"]),
        ("张三;李四", ["张三", "李四"]),
        ("张三/李四", ["张三", "李四"]),
        ("张三 李四", ["张三", "李四"]),
        ("张三\n李四", ["张三", "李四"]),
        ("张三和李四", ["张三", "李四"]),
        ("张三;张三", ["张三"]),
        ("张　三", ["张三"]),
        ("张 三", ["张三"]),
        ("欧 阳 修", ["欧阳修"]),
        ("欧阳 娜娜", ["欧阳", "娜娜"]),
        ("张和平", ["张和平"]),
        ("阿卜杜·热合曼", ["阿卜杜·热合曼"]),
        ("阿卜杜 ‧ 热合曼", ["阿卜杜·热合曼"]),
        ("阿卜杜.热合曼、张三", ["阿卜杜·热合曼", "张三"]),
        ("张三(已故)", ["张三（已故）"]),
        ("张三（李四、王五之父）、赵六", ["张三（李四、王五之父）", "赵六"]),
        ("John Smith", ["John Smith"]),
        ("𠮷田、㐂", ["𠮷田", "㐂"]),
        ("利通区商业总公司", ["利通区商业总公司"]),
        ("\u200b张三\u202e", ["张三"]),
        ("无", []),
        (None, []),
    ],
)
def test_owners_of_one_cell(written: Cell, names: list[str]) -> None:
    assert list(people.owners(written)) == names


def test_a_name_of_no_sensible_length_is_refused() -> None:
    with pytest.raises(Unclear):
        people.owners("张" * 41)


@pytest.mark.parametrize(
    "written",
    [
        "13812345678",
        13812345678,
        13812345678.0,
        "13812345678.0",
        "138 1234 5678",
        "138-1234-5678",
        "+86 13812345678",
        "+86-138-1234-5678",
        "008613812345678",
        "１３８１２３４５６７８",
        "手机：13812345678",
        "138\u200b12345678",
        "13812345678\u3000",
    ],
)
def test_every_way_to_write_a_mobile_number(written: Cell) -> None:
    assert people.phones(written) == people.Phones(("13812345678",))


@pytest.mark.parametrize(
    "written",
    [
        "13812345678、13912345678",
        "13812345678 13912345678",
        "13812345678\n13912345678",
        "13812345678/13912345678",
        "1381234567813912345678",
        "138 1234 5678 139 1234 5678",
        "13812345678，13912345678，13812345678",
    ],
)
def test_two_numbers_in_one_cell(written: str) -> None:
    assert people.phones(written).numbers == ("13812345678", "13912345678")


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("0953-2012345", "0953-2012345"),
        ("(0953)2012345", "0953-2012345"),
        ("0953 2012345", "0953-2012345"),
        ("+86-0953-2012345", "0953-2012345"),
        ("0953-5550 333", "0953-5550333"),
        ("0953 555 0333", "0953-5550333"),
        ("0953 - 555-0333", "0953-5550333"),
        ("(0953) 5550 333", "0953-5550333"),
        ("０９５３—５５５０　３３３", "0953-5550333"),
        ("010 8888 6666", "010-88886666"),
        ("09535550333", "0953-5550333"),
        ("555 0333", "5550333"),
        ("0953-2012345-801", "0953-2012345-801"),
        ("2012345", "2012345"),
    ],
)
def test_a_landline_is_kept_with_a_doubt(written: str, number: str) -> None:
    phones = people.phones(written)
    assert phones.numbers == (number,)
    assert [value for _, value in phones.doubts] == [number]


@pytest.mark.parametrize(
    "written",
    [
        "1381234567",
        "138123456789",
        "12345678901",
        "110",
        "+85291234567",
        "不记得了",
        "1.38E+10",
        1.3812345678139e21,
    ],
)
def test_what_cannot_be_a_number_is_doubted_and_left_out(written: Cell) -> None:
    phones = people.phones(written)
    assert phones.numbers == ()
    assert len(phones.doubts) == 1


def test_two_spaced_numbers_in_one_cell_stay_two() -> None:
    phones = people.phones("0953-5550 333 138 1234 5678")
    assert phones.numbers == ("0953-5550333", "13812345678")
    assert people.phones("0953-5550 333 0953-5550 334").numbers == ("0953-5550333", "0953-5550334")


def test_a_mobile_number_that_lacks_a_digit_is_no_landline() -> None:
    assert people.phones("138 2345 678").numbers == ()


def test_a_cell_full_of_digits_is_read_at_once() -> None:
    assert people.phones("1 2 3 4 5 " * 400).numbers == ()


@pytest.mark.parametrize("written", [None, "", "无", "-", "/", "  "])
def test_an_empty_phone_cell_is_no_doubt(written: Cell) -> None:
    assert people.phones(written) == people.Phones()


def test_words_beside_a_number_are_told_and_the_number_is_kept() -> None:
    phones = people.phones("13812345678（儿子）")
    assert phones.numbers == ("13812345678",)
    assert [value for _, value in phones.doubts] == ["儿子"]


names = st.text(alphabet="张王李赵三四五欧阳娜阿卜杜·热合曼𠮷 　、，,;（）()和\nAbc.", max_size=30)


@example("A (A")
@given(names)
def test_owners_written_again_are_the_same_owners(written: str) -> None:
    once = people.owners(written)
    assert people.owners("、".join(once)) == once


@given(st.text(alphabet="0123456789138+-.() 　、，/;\n转E", max_size=40))
def test_phones_written_again_are_the_same_phones(written: str) -> None:
    once = people.phones(written).numbers
    assert people.phones("、".join(once)).numbers == once


@given(st.one_of(st.text(max_size=60), st.floats(), st.integers()))
def test_no_cell_makes_reading_people_fail(written: Cell) -> None:
    people.phones(written)
    with suppress(Unclear):
        people.owners(written)
