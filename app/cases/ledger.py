"""The ledger of objections as the office files it (RULES.md D10), and the queue as a table."""

from collections.abc import Sequence

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from app.cases.line import Case
from app.core.db import db
from app.core.format import local
from app.core.sheets import Column, Table
from app.rounds.cases import Decision, Objection
from app.rounds.models import Round

_MOMENT = "%Y-%m-%d %H:%M"


def objections_table(round_: Round) -> Table:
    """Every objection to a round: number, home, kind, when, evidence, by whom, and what came of it.

    Two persons stand behind each answer; both are named.
    """
    decided = joinedload(Objection.decision)
    found = (
        select(Objection)
        .where(Objection.round_id == round_.id)
        .options(
            joinedload(Objection.handler),
            decided.joinedload(Decision.proposed_by),
            decided.joinedload(Decision.settled_by),
        )
        .order_by(Objection.number)
    )
    columns = (
        Column(_("编号"), 8),
        Column(_("户"), 20),
        Column(_("类型"), 22),
        Column(_("时间"), 18),
        Column(_("证据"), 30),
        Column(_("处理人"), 12),
        Column(_("两级审核"), 24),
        Column(_("结论"), 40),
        Column(_("答复时间"), 18),
        Column(_("对票数影响"), 24),
    )
    return Table(_("异议台账"), columns, [_row(one) for one in db.session.scalars(found)])


def cases_table(cases: Sequence[Case]) -> Table:
    """The queue as it is filtered, every line of it."""
    columns = (
        Column(_("小区"), 24),
        Column(_("什么事"), 22),
        Column(_("哪一户"), 20),
        Column(_("从什么时候"), 18),
        Column(_("期限"), 18),
        Column(_("谁在办"), 12),
        Column(_("到哪一步"), 14),
        Column(_("对票数"), 30),
    )
    rows = [
        (
            case.compound,
            str(case.title),
            case.place or _("整轮"),
            f"{local(case.since):{_MOMENT}}",
            f"{local(case.due):{_MOMENT}}",
            case.owner,
            str(case.turn.label),
            str(case.effect),
        )
        for case in cases
    ]
    return Table(_("待办事项"), columns, rows)


def _row(one: Objection) -> tuple[str | int | None, ...]:
    decision = one.decision
    evidence = [one.evidence, _("有照片") if one.evidence_digest else ""]
    both = [decision.proposed_by, decision.settled_by] if decision else []
    return (
        one.number,
        one.place,
        str(one.kind.label),
        f"{local(one.raised_at):{_MOMENT}}",
        _("；").join(filter(None, evidence)),
        one.handler.name if one.handler else "",
        _("、").join(person.name for person in both if person),
        one.answer,
        f"{local(one.closed_at):{_MOMENT}}" if one.closed_at else "",
        str(one.effect.label) if one.closed_at else "",
    )
