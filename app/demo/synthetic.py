"""A synthetic district of any size, for measuring: same shape, no stories."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import islice

from sqlalchemy import select

from app.core import clock
from app.core.db import db
from app.core.guards import Role
from app.demo.actions import add_account, refuse_when_filled, write_plan
from app.demo.content import compound_plans
from app.demo.stories import Office, Sample, issue_sample_codes, prepare_round
from app.roster.actions import import_roster
from app.roster.ledger import Home, Ledger, totals_of
from app.roster.models import Compound
from app.roster.queries import Placement
from app.rounds import actions as rounds
from app.rounds import queries

# The largest compound we were asked to serve has 2,219 households.
COMPOUND_SIZE = 2500
FLOORS, PER_FLOOR, ENTRANCES = 6, 2, 3
WITH_ROUNDS = 2


def fill_synthetic(households: int, code_key: str) -> Sample:
    """Make compounds with `households` households in all; the first two get an open round."""
    refuse_when_filled()
    sample = Sample()
    add_account(sample, "admin", "系统管理员", Role.ADMIN, None)
    office = Office(
        add_account(sample, "district", "区住建局甲", Role.DISTRICT, None),
        add_account(sample, "district2", "区住建局乙", Role.DISTRICT, None),
    )
    homes = tuple(synthetic_homes(households))
    ledger = Ledger(homes, (), (), totals_of(homes))
    import_roster(ledger, Placement(community="测试社区"), by=office.first)
    plan = compound_plans()["银塔南区"]
    chosen = select(Compound).order_by(Compound.id).limit(WITH_ROUNDS)
    for compound in db.session.scalars(chosen).all():
        write_plan(compound, plan, office)
        now = clock.now()
        round_ = prepare_round(compound, now, now + timedelta(days=15), office)
        issue_sample_codes(queries.homes_in_order(compound.id), sample, code_key)
        rounds.note_posters_printed(compound, by=office.first)
        rounds.open_round(round_, by=office.first)
        sample.rounds.append(round_)
    return sample


def synthetic_homes(households: int) -> Iterator[Home]:
    """Invented homes, one compound after another, until there are so many."""
    compounds = -(-households // COMPOUND_SIZE)
    for number in range(compounds):
        size = households // compounds + (number < households % compounds)
        yield from islice(_compound(number + 1), size)


def _compound(number: int) -> Iterator[Home]:
    row = 1
    while True:
        place, floor_and_door = divmod(row - 1, FLOORS * PER_FLOOR)
        building, entrance = divmod(place, ENTRANCES)
        floor, door = divmod(floor_and_door, PER_FLOOR)
        yield Home(
            sheet="测试",
            row=row + 1,
            town="测试镇",
            community="测试社区",
            compound=f"测试小区{number}",
            building=f"{building + 1}号楼",
            entrance=f"{entrance + 1}单元",
            room=f"{floor + 1}0{door + 1}",
            floor=floor + 1,
            use="dwelling",
            area=6000 + row * 37 % 6000,
            ownership="商品房",
            occupancy="owner",
            owners=(f"业主{row}",),
            phones=(f"199{number % 1000:03d}{row % 100000:05d}",),
            note="",
        )
        row += 1
