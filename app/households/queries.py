"""What the office asks about homes: whose turn it is, and what changed since a round began."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_, select, union
from sqlalchemy.orm import joinedload

from app.accounts.models import HouseholdCode
from app.accounts.queries import too_near
from app.core.db import db
from app.core.guards import Identity, Role
from app.households.models import HomeChange, Outcome
from app.roster.models import (
    Area,
    Building,
    Compound,
    Contact,
    Entrance,
    Household,
    Owner,
    Premises,
    Tenure,
)
from app.rounds.models import RegisterEntry, Round


@dataclass(frozen=True)
class IdentityChanges:
    """How many homes got another phone since their register froze, another code since it opened.

    `phones` and `codes` may name the same home twice; `homes` counts each once.
    """

    homes: int
    phones: int
    codes: int


@dataclass(frozen=True)
class ChangesWaiting:
    """Changes that wait: those this very person may decide, and those they proposed."""

    yours: int
    own: int


def identity_changes(round_id: int) -> IdentityChanges:
    """Whose phone or code changed meanwhile, to be told with the result of a round (T33).

    Codes are made between the freezing and the opening: those are no change.
    """
    frozen = select(Round.frozen_at).where(Round.id == round_id).scalar_subquery()
    opened = select(Round.opened_at).where(Round.id == round_id).scalar_subquery()
    closed = select(func.coalesce(Round.closed_at, Round.closes_at)).where(Round.id == round_id)
    ended = closed.scalar_subquery()
    on_register = (RegisterEntry.round_id == round_id, RegisterEntry.removed_at.is_(None))
    homes = select(RegisterEntry.household_id).where(*on_register, RegisterEntry.is_household)

    def within(began: Any, moment: Any) -> ColumnElement[bool]:
        during: ColumnElement[bool] = (moment > began) & (moment <= ended)
        return during

    phones = select(Contact.household_id).where(
        Contact.household_id.in_(homes),
        or_(within(frozen, Contact.since), within(frozen, Contact.ended_at)),
    )
    codes = select(HouseholdCode.household_id).where(
        HouseholdCode.household_id.in_(homes),
        or_(within(opened, HouseholdCode.issued_at), within(opened, HouseholdCode.revoked_at)),
    )
    counts = [
        select(func.count()).select_from(found.subquery()).scalar_subquery()
        for found in (union(phones, codes), phones.distinct(), codes.distinct())
    ]
    return IdentityChanges(*db.session.execute(select(*counts)).one())


def changes_waiting(by: Identity) -> ChangesWaiting:
    """How many changes of homes within this person's scope wait for a second person."""
    proposers = list(db.session.scalars(_waiting(by).with_only_columns(HomeChange.proposed_by_id)))
    near = too_near(by) if proposers and by.role != Role.WORKER else set(proposers)
    yours = sum(proposer not in near for proposer in proposers)
    return ChangesWaiting(yours, proposers.count(by.id))


def waiting_changes(by: Identity) -> list[HomeChange]:
    """These changes, the oldest first."""
    whole = _waiting(by).options(joinedload(HomeChange.proposed_by))
    return list(db.session.scalars(whole.order_by(HomeChange.id)))


def changes_of(household_id: int) -> list[HomeChange]:
    """Every change that was ever proposed for a home, the newest first."""
    found = select(HomeChange).where(HomeChange.household_id == household_id)
    people = (joinedload(HomeChange.proposed_by), joinedload(HomeChange.settled_by))
    return list(db.session.scalars(found.options(*people).order_by(HomeChange.id.desc())))


def contacts_of(household_id: int) -> list[Contact]:
    """The phones of a home, those that are on file first."""
    found = select(Contact).where(Contact.household_id == household_id)
    order = (Contact.ended_at.is_not(None), Contact.id.desc())
    return list(db.session.scalars(found.order_by(*order)))


def owners_named(change: HomeChange) -> list[str]:
    """The names of the new owners of a transfer."""
    found = select(Owner.name).where(Owner.id.in_(change.owners)).order_by(Owner.id)
    return list(db.session.scalars(found))


def with_place(household_id: int) -> Household | None:
    """A home with its place and its owners, in few statements."""
    premises = joinedload(Household.premises)
    building = premises.joinedload(Premises.entrance).joinedload(Entrance.building)
    return db.session.scalar(
        select(Household)
        .where(Household.id == household_id)
        .options(
            building.joinedload(Building.compound).joinedload(Compound.area),
            premises.selectinload(Premises.tenures).joinedload(Tenure.owner),
        )
    )


def _waiting(by: Identity) -> Select[HomeChange]:
    return (
        select(HomeChange)
        .join(Household, Household.id == HomeChange.household_id)
        .join(Premises, Premises.id == Household.premises_id)
        .join(Entrance, Entrance.id == Premises.entrance_id)
        .join(Building, Building.id == Entrance.building_id)
        .join(Compound, Compound.id == Building.compound_id)
        .join(Area, Area.id == Compound.area_id)
        .where(HomeChange.outcome == Outcome.WAITING, Area.path.startswith(by.area_path))
    )
