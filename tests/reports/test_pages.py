"""The values that stand on paper: addresses, sizes of names, portions."""

import pytest

from app.reports.pages import portions, size_class
from tests.reports.test_posters import URL, poster
from tests.reports.test_slips import slip


def test_an_address_is_typed_without_its_scheme() -> None:
    assert poster().typed_address == ("juyi.litong.example", "/b/k7m2pqx9ab4d")
    assert slip().typed_address == "juyi.litong.example/b/k7m2pqx9ab4d"


def test_the_code_of_a_slip_stands_in_the_fragment_only() -> None:
    assert slip(digits="482910573362").personal_url == f"{URL}/enter#code=482910573362"


def test_a_building_without_entrances_has_no_stray_space() -> None:
    assert poster(entrance="").place == "3号楼"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "fits"),
        ("三号楼", "fits"),
        ("三号楼四", "long-1"),
        ("12345", "fits"),
        ("一" * 9, "long-2"),
    ],
)
def test_long_names_get_a_smaller_print(text: str, expected: str) -> None:
    assert size_class(text, 3, 8) == expected


def test_portions_lose_nothing() -> None:
    assert list(portions([1, 2, 3, 4, 5], 2)) == [[1, 2], [3, 4], [5]]
    assert list(portions([], 2)) == []
