"""The office's own tables of forms: the register with the columns of the stubs, and the batches."""

from collections.abc import Iterator

from flask_babel import gettext
from sqlalchemy.orm import joinedload

from app.core.db import db
from app.core.format import as_area, as_moment, masked_name
from app.core.sheets import Cell, Column, Table
from app.paper import queries
from app.paper.models import PaperBatch, PaperForm
from app.paper.sheet import owners_of
from app.rounds.models import Round


def table_of_forms(round_: Round) -> Table:
    """Every number with its stub (RULES.md §7 D3) and what became of it; never what it says."""
    forms = queries.register_of_forms(round_.id).options(
        joinedload(PaperForm.photographed_by), joinedload(PaperForm.voided_by)
    )
    found = list(db.session.scalars(forms))
    names = owners_of([form.entry for form in found])
    columns = [
        Column(gettext("编号"), 16),
        Column(gettext("坐落"), 22),
        Column(gettext("业主"), 16),
        Column(gettext("面积（㎡）"), 11),
        Column(gettext("批次"), 6),
        Column(gettext("状态"), 18),
        Column(gettext("怎么发的"), 14),
        Column(gettext("领票时间"), 20),
        Column(gettext("发出人"), 12),
        Column(gettext("收回时间"), 20),
        Column(gettext("收回人"), 12),
        Column(gettext("作废原因"), 18),
        Column(gettext("说明"), 24),
        Column(gettext("领票签字"), 14),
        Column(gettext("电话"), 16),
    ]
    rows = (_row(form, names.get(form.entry.premises_id, [])) for form in found)
    return Table(gettext("纸质表登记"), columns, rows)


def _row(form: PaperForm, owners: list[str]) -> tuple[Cell, ...]:
    return (
        form.serial,
        form.entry.label,
        "、".join(masked_name(name) for name in owners),
        float(as_area(form.entry.size)),
        form.batch.number,
        str(form.state.label),
        _handed(form),
        as_moment(form.given_at) if form.given_at else "",
        form.given_by.name if form.given_by else "",
        as_moment(form.returned_at) if form.returned_at else "",
        form.returned_by.name if form.returned_by else "",
        str(form.void_reason.label) if form.void_reason and form.voided_at else "",
        form.void_note if form.voided_at else "",
        "",
        "",
    )


def _handed(form: PaperForm) -> str:
    if form.handing is None:
        return gettext("没有登记发出") if form.returned_at else ""
    return str(form.handing.label)


def table_of_batches(round_: Round) -> Table:
    """The batches with their sums."""
    sums = queries.sums_by_batch(round_.id)
    headings = (
        gettext("批次"),
        gettext("范围"),
        gettext("印刷时间"),
        gettext("经办"),
        gettext("印"),
        gettext("发出"),
        gettext("收回"),
        gettext("第一次录入"),
        gettext("第二次录入"),
        gettext("第三次录入"),
        gettext("计入"),
        gettext("作废"),
        gettext("未收回"),
    )
    columns = [Column(heading, 12) for heading in headings]
    rows = _batch_rows(queries.batches_of(round_.id), sums)
    return Table(gettext("纸质表批次"), columns, rows)


def _batch_rows(
    batches: list[PaperBatch], sums: dict[int, queries.Sums]
) -> Iterator[tuple[Cell, ...]]:
    for batch in reversed(batches):
        of = sums[batch.id]
        yield (
            batch.number,
            batch.place or gettext("全小区"),
            as_moment(batch.ordered_at),
            batch.ordered_by.name,
            of.all,
            of.given,
            of.taken_in,
            *of.keyed,
            of.counted,
            of.void,
            of.out,
        )
