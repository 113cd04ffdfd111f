"""Long lists, a page at a time; templates/components/pager.html draws the way to the others."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import Select, func, select

from app.core.db import db

ROWS = 50

T = TypeVar("T")


@dataclass(frozen=True)
class Stretch(Generic[T]):
    """The rows of one page of a list; `number` counts pages from 1, `total` is of all rows."""

    rows: Sequence[T]
    number: int
    total: int
    size: int = ROWS

    @property
    def pages(self) -> int:
        """How many pages there are: an empty list has one."""
        return max(1, -(-self.total // self.size))

    @property
    def first(self) -> int:
        """The place of its first row in the whole list, from 1."""
        return (self.number - 1) * self.size + 1


def paged(found: Select[Any], number: int | None, *, size: int = ROWS) -> Stretch[Any]:
    """The rows of page `number` of a selection that is in an order (1 when None or too small).

    Two statements, however long the list is; beyond the end it is the last page.
    """
    total = db.session.scalar(select(func.count()).select_from(found.order_by(None).subquery()))
    total = total or 0
    number = min(max(number or 1, 1), max(1, -(-total // size)))
    rows = db.session.execute(found.limit(size).offset((number - 1) * size)).all()
    return Stretch(rows, number, total, size)
