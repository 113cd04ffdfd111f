"""What a home sees of the attempts to reach it, so that none can be invented unseen (T31)."""

from flask import Blueprint, Response

from app.core.guards import current_home, household
from app.core.web import page
from app.doors import queries
from app.rounds import homes

bp = Blueprint("doors", __name__, url_prefix="/home")


@bp.get("/contacts")
@household
def contacts() -> Response:
    """When somebody of the office came, called or wrote, by the ledger; its notes are its own."""
    own = homes.household_with_door(current_home.household_id)
    visits = queries.visits_of_home(own.id, homes.owned_since(own.premises))
    building = own.premises.entrance.building
    return page("doors/contacts.html", visits=visits, building=building)
