"""Ordering prints and throwing them away: a job does the work, its file does not stay for long."""

from datetime import datetime

from sqlalchemy import select

from app.core import files, pdf
from app.core.db import db
from app.core.errors import Refused, msg
from app.core.guards import Identity
from app.core.jobs import Job, ask
from app.reports import queries
from app.roster.models import Building, Compound, Household


class NothingToPrint(Refused):
    """There is no entrance or household here."""


class AlreadyPrinting(Refused):
    """Somebody's slips of this compound are being made; two runs would kill each other's codes."""


def order_posters(compound: Compound, building: Building | None, *, by: Identity) -> Job:
    """Have the posters of a compound or of one building made.

    Refuses `NoPdf`, `NothingToPrint` and `NoPhone`.
    """
    _check_printable(compound)
    if building is None and not compound.buildings:
        raise NothingToPrint(msg("这个小区还没有楼栋，请先导入台账。"))
    params = {"compound_id": compound.id, "building_id": building.id if building else None}
    return ask(queries.POSTERS, {**params, "by": by.id}, by=by.id)


def order_slips(
    compound: Compound, building: Building | None, household: Household | None, *, by: Identity
) -> Job:
    """Have the slips of a compound, a building or one household made: new codes, old ones die.

    Refuses `NoPdf`, `NoPhone`, `NothingToPrint` and `AlreadyPrinting`.
    """
    _check_printable(compound)
    if not queries.doors(compound, building, household):
        raise NothingToPrint(msg("这里还没有住户，请先导入台账。"))
    # Two orders at the same moment would each make the other's slips worthless.
    db.session.execute(select(Compound.id).where(Compound.id == compound.id).with_for_update())
    if queries.slips_under_way(compound.id):
        raise AlreadyPrinting(msg("这个小区的户码单正在生成，请等它做完。"))
    params = {
        "compound_id": compound.id,
        "building_id": building.id if building else None,
        "household_id": household.id if household else None,
    }
    return ask(queries.SLIPS, {**params, "by": by.id}, by=by.id)


def purge_expired(now: datetime) -> int:
    """Delete every file with codes whose time is over by `now`; returns how many."""
    expired = [
        job
        for job in queries.kept_slips()
        if job.result and datetime.fromisoformat(job.result["expires_at"]) <= now
    ]
    for job in expired:
        kept = dict(job.result or {})
        files.discard(kept.pop("digest"))
        job.result = kept
    return len(expired)


def _check_printable(compound: Compound) -> None:
    if not pdf.is_available():
        raise pdf.NoPdf(msg("这台服务器没有装好 PDF 组件，做不了 PDF。请联系管理员安装。"))
    queries.reachable_office(compound)
