"""Long lists come a page at a time, with two statements, and an end that holds."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.paging import paged
from app.roster.models import Area
from tests.factories import make_area


@pytest.fixture
def areas(session: Session) -> list[int]:
    made = [make_area(name=f"社区{n}").id for n in range(7)]
    session.flush()
    return sorted(made)


@pytest.mark.parametrize(
    ("asked", "number", "places"),
    [(None, 1, (0, 3)), (0, 1, (0, 3)), (2, 2, (3, 6)), (3, 3, (6, 7)), (99, 3, (6, 7))],
)
def test_a_page_holds_its_rows_and_knows_the_others(
    areas: list[int], asked: int | None, number: int, places: tuple[int, int]
) -> None:
    stretch = paged(select(Area.id).where(Area.id.in_(areas)).order_by(Area.id), asked, size=3)
    assert [row.id for row in stretch.rows] == areas[slice(*places)]
    assert (stretch.number, stretch.pages, stretch.total) == (number, 3, 7)
    assert stretch.first == places[0] + 1


def test_an_empty_list_has_one_empty_page(session: Session) -> None:
    stretch = paged(select(Area.id).where(Area.id < 0), 5)
    assert (list(stretch.rows), stretch.number, stretch.pages) == ([], 1, 1)
