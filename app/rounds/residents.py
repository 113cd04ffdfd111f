"""The pages of residents share one blueprint, and the way in which they find what they show."""

from flask import Blueprint
from werkzeug.exceptions import NotFound

from app.core.guards import current_home
from app.roster.models import Building
from app.rounds import casting, homes
from app.rounds.models import RegisterEntry, Round

bp = Blueprint("rounds", __name__)


def load_own_building() -> Building:
    """The building of the household that is signed in."""
    return homes.household_with_door(current_home.household_id).premises.entrance.building


def load_round(round_id: int) -> Round:
    """A round of this household's own compound that residents may know of, or 404."""
    round_ = homes.round_for(round_id, current_home.building_id)
    if round_ is None:
        raise NotFound
    return round_


def load_entry(round_: Round) -> RegisterEntry:
    """This household's place in the register; refuses when it has none."""
    return casting.place_on_register(round_, current_home.household_id)
