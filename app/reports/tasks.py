"""The print jobs, and the minute's round that deletes files with codes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask import Flask, current_app

from app.accounts.actions import PreparedCode, issue_codes, prepare_codes, selectors_in_use
from app.accounts.models import Staff
from app.core import clock, files
from app.core.db import db, release
from app.core.errors import Refused, msg
from app.core.guards import Identity
from app.core.jobs import Report, every_minute, handles
from app.reports import printing, queries
from app.reports.actions import purge_expired
from app.reports.pages import Slip, portions
from app.reports.queries import Door, Office
from app.roster.models import Building, Compound, Household
from app.rounds.actions import note_posters_printed

SLIPS_ARE_KEPT = timedelta(minutes=30)


class AccountClosed(Refused):
    """The account that ordered the print was closed meanwhile."""


@handles(queries.POSTERS)
def print_posters(params: dict[str, Any], report: Report) -> dict[str, Any]:
    """Make the posters; all of a compound at once count as printed for the coming round."""
    compound, building, _household = _asked_for(params)
    pages = queries.poster_pages(compound, building)
    is_whole = building is None or len(compound.buildings) == 1
    release()
    digest = files.keep(printing.posters_pdf(pages, report))
    if is_whole:
        compound = db.session.get_one(Compound, params["compound_id"])
        note_posters_printed(compound, by=_identity(params["by"]))
    return {"digest": digest, "pages": len(pages)}


@handles(queries.SLIPS)
def print_slips(params: dict[str, Any], report: Report) -> dict[str, Any]:
    """Draw codes, print them, and only then make them valid, in one short transaction.

    Refuses what `issue_codes` refuses; the paper made so far is deleted then.
    """
    _identity(params["by"])
    compound, building, household = _asked_for(params)
    doors = queries.doors(compound, building, household)
    run = SlipRun(compound.name, queries.reachable_office(compound), doors)
    run.taken = selectors_in_use([door.home for door in doors])
    release()
    digest = files.keep_alone(printing.slips_pdf(run.batches(), len(doors), report))
    try:
        issue_codes(run.prepared, by=_identity(params["by"]))
        db.session.flush()
    except Exception:
        files.discard(digest)
        raise
    expires_at = clock.now() + SLIPS_ARE_KEPT
    return {"digest": digest, "slips": len(doors), "expires_at": expires_at.isoformat()}


@dataclass
class SlipRun:
    """Draws codes for the doors batch by batch, remembering them until they are made valid."""

    compound: str
    office: Office
    doors: Sequence[Door]

    def __post_init__(self) -> None:
        self.prepared: list[PreparedCode] = []
        self.taken: set[tuple[int, str]] = set()

    def batches(self) -> Iterator[list[Slip]]:
        """The slips in the order of doors; each batch draws and hashes its codes first."""
        key = current_app.extensions["juyi_config"].code_key
        for doors in portions(self.doors, printing.SLIPS_IN_A_PART):
            homes = [door.home for door in doors]
            codes = prepare_codes(homes, key, _quietly, taken=self.taken)
            self.taken |= {(one.home.building_id, one.code.selector) for one in codes}
            self.prepared += codes
            yield [
                door.slip(self.compound, self.office, one.digits)
                for door, one in zip(doors, codes, strict=True)
            ]


def purge_slips() -> None:
    """Delete the files with codes that may no longer be fetched."""
    if purge_expired(clock.now()):
        db.session.commit()


def init_app(app: Flask) -> None:
    """Look for expired files every minute."""
    every_minute(app, purge_slips)


def _asked_for(params: dict[str, Any]) -> tuple[Compound, Building | None, Household | None]:
    """What the job is about, as it is in the database now."""
    building_id, household_id = params["building_id"], params.get("household_id")
    return (
        db.session.get_one(Compound, params["compound_id"]),
        db.session.get_one(Building, building_id) if building_id else None,
        db.session.get_one(Household, household_id) if household_id else None,
    )


def _identity(staff_id: int) -> Identity:
    person = db.session.get_one(Staff, staff_id)
    if person.closed_at:
        raise AccountClosed(msg("下单的账号已经停用，没有打印。"))
    return person.identity


def _quietly(_done: int, _total: int) -> None:
    """Progress is told when a batch is laid out."""
