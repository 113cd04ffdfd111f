"""The blueprint of the homes, and how its pages find what they show.

It holds no page: those stand in `staff_views`, `change_views` and `look_views`.
"""

from flask import Blueprint

from app.core.db import db
from app.core.guards import Identity, must_reach
from app.core.limits import Pace
from app.households.models import HomeChange
from app.households.queries import with_place
from app.roster.models import Household

bp = Blueprint("households", __name__, url_prefix="/desk")
# Lists and homes that one session may look up in a minute (THREATS.md T05).
pace = Pace(60)


def keep_pace(by: Identity) -> None:
    """Refuse `TooFast` to whoever reads through homes as a machine does."""
    pace.keep(by.get_id())


def load_household(household_id: int) -> Household:
    """A home within this person's scope."""
    household: Household = with_place(household_id) or db.get_or_abort(Household, household_id)
    must_reach(household.premises.entrance.building.compound.area.path)
    return household


def load_change(change_id: int) -> HomeChange:
    """A proposed change of a home within this person's scope."""
    change: HomeChange = db.get_or_abort(HomeChange, change_id)
    must_reach(change.household.premises.entrance.building.compound.area.path)
    return change
