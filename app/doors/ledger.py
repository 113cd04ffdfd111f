"""The list of doors and the ledger of attempts as the office's spreadsheets (RULES.md §7 D8)."""

from collections import Counter
from collections.abc import Iterator

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from app.core.db import db
from app.core.format import as_day, as_moment, masked_name
from app.core.sheets import Cell, Column, Table
from app.doors import queries
from app.doors.models import Visit
from app.doors.queries import Wanted
from app.rounds.models import RegisterEntry, Round


def table_of_doors(round_: Round, wanted: Wanted) -> Table:
    """The doors that are asked for, names and phones masked."""
    columns = (
        Column(_("楼栋"), 12),
        Column(_("单元"), 10),
        Column(_("房号"), 10),
        Column(_("楼层"), 8),
        Column(_("业主"), 16),
        Column(_("居住情况"), 10),
        Column(_("电话"), 28),
        Column(_("状态"), 16),
        Column(_("上次结果"), 14),
        Column(_("上次时间"), 22),
        Column(_("次数"), 8),
        Column(_("下次哪天去"), 16),
        Column(_("分给"), 12),
    )
    doors = queries.all_doors(round_.id, wanted)
    return Table(_("上门名单"), columns, (_door(door) for door in doors))


def table_of_visits(round_: Round) -> Table:
    """Every attempt of a round, home by home in the order of doors, with D8's own columns."""
    columns = (
        Column(_("户"), 22),
        Column(_("方式"), 10),
        Column(_("时间"), 22),
        Column(_("经办"), 14),
        Column(_("结果"), 14),
        Column(_("回执或照片"), 24),
        Column(_("次数"), 8),
        Column(_("备注"), 40),
    )
    return Table(_("送达与入户登记"), columns, _visits(round_.id))


def _door(door: queries.Door) -> list[Cell]:
    return [
        door.building,
        door.entrance,
        door.room,
        door.floor,
        _("、").join(masked_name(name) for name in door.owners),
        str(door.occupancy.label),
        _("、").join(door.phones),
        str(door.voice.label),
        str(door.outcome.label) if door.outcome else "",
        as_moment(door.last_at) if door.last_at else "",
        door.attempts,
        as_day(door.next_on) if door.next_on else "",
        door.worker,
    ]


def _visits(round_id: int) -> Iterator[list[Cell]]:
    """`次数` says the how manieth attempt at that home it was; what was taken back is none."""
    whole = (joinedload(Visit.entry), joinedload(Visit.made_by))
    found = select(Visit).where(Visit.round_id == round_id).options(*whole)
    in_order = (RegisterEntry.position, RegisterEntry.id, Visit.made_at, Visit.id)
    visits = found.join(RegisterEntry, RegisterEntry.id == Visit.entry_id).order_by(*in_order)
    times: Counter[int] = Counter()
    for visit in db.session.scalars(visits):
        times[visit.entry_id] += visit.taken_back_at is None
        yield [
            visit.entry.label,
            str(visit.way.label),
            as_moment(visit.made_at),
            visit.made_by.name,
            str(visit.told),
            visit.proof,
            "" if visit.taken_back_at else times[visit.entry_id],
            visit.note,
        ]
