"""The number on a form: it says which round and which sheet, and shows a slip of the hand."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.paper.serials import Misread, Serial, check_digit, read_serial

SERIAL = Serial(12, 37)
rounds, numbers = st.integers(1, 10**9 - 1), st.integers(1, 99_999)


def test_a_serial_reads_as_it_is_printed() -> None:
    assert str(SERIAL) == "R12-00037-5"


@pytest.mark.parametrize(
    "text",
    [
        "R12-00037-5",
        "r12-00037-5",
        " R12 - 00037 - 5 ",
        "R12—37—5",
        "Ｒ１２－０００３７－５",
        "R12 00037 5",
        "https://juyi.example/desk/paper/s/R12-00037-5",
        "http://127.0.0.1:8000/desk/paper/s/r12-37-5",
    ],
)
def test_it_is_read_however_people_and_scanners_write_it(text: str) -> None:
    assert read_serial(text) == SERIAL


@pytest.mark.parametrize("text", ["37-5", "00037 5", "000037—5"])
def test_the_round_may_be_left_out_where_the_page_says_which(text: str) -> None:
    assert read_serial(text, 12) == SERIAL
    with pytest.raises(Misread):
        read_serial(text)


@pytest.mark.parametrize(
    "text", ["", "R12", "37", "R12-00037", "R0012-x-5", "R12-00000-4", "13800138000", "R1-2-3-4"]
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(Misread):
        read_serial(text, 12)


@given(rounds, numbers)
def test_every_serial_is_read_back(round_id: int, number: int) -> None:
    assert read_serial(str(Serial(round_id, number))) == Serial(round_id, number)


@given(rounds, numbers, st.data())
def test_one_wrong_digit_is_always_noticed(round_id: int, number: int, data: st.DataObject) -> None:
    text = str(Serial(round_id, number))
    place = data.draw(st.sampled_from([i for i, sign in enumerate(text) if sign.isdigit()]))
    other = data.draw(st.sampled_from([d for d in "0123456789" if d != text[place]]))
    with pytest.raises(Misread):
        read_serial(text[:place] + other + text[place + 1 :])


@given(rounds, numbers)
def test_two_neighbours_that_change_places_are_always_noticed(round_id: int, number: int) -> None:
    digits = f"{round_id}{number:05d}"
    for place, (a, b) in enumerate(pairwise(digits)):
        swapped = digits[:place] + b + a + digits[place + 2 :]
        assert a == b or check_digit(swapped) != check_digit(digits)
