"""The blueprint of the forms on paper, and how its desks find what they work on.

It holds no page: those stand in `staff_views` (printing, register) and `entry_views`.
"""

from flask import Blueprint

from app.core.db import db
from app.core.errors import Refused, msg
from app.core.guards import must_reach
from app.paper import queries
from app.paper.models import PaperBatch, PaperForm
from app.paper.serials import Serial
from app.roster.models import Building, Compound, Entrance
from app.rounds.models import Round

bp = Blueprint("paper", __name__, url_prefix="/desk")


class Unknown(Refused):
    """No such form was printed in this round."""


def load_form(form_id: int) -> PaperForm:
    """A form of a round within the scope of the signed-in person."""
    found: PaperForm = db.get_or_abort(PaperForm, form_id)
    must_reach(found.round.compound.area.path)
    return found


def load_batch(batch_id: int) -> PaperBatch:
    """A batch of a round within the scope of the signed-in person."""
    batch: PaperBatch = db.get_or_abort(PaperBatch, batch_id)
    must_reach(batch.round.compound.area.path)
    return batch


def entrance_of(compound: Compound, entrance_id: int | None) -> Entrance | None:
    """An entrance of this compound; anything else is none."""
    if not entrance_id:
        return None
    entrance = db.session.get(Entrance, entrance_id)
    is_ours = entrance is not None and entrance.building.compound_id == compound.id
    return entrance if is_ours else None


def building_of(compound: Compound, building_id: int | None) -> Building | None:
    """A building of this compound; anything else is none."""
    building = db.session.get(Building, building_id) if building_id else None
    return building if building is not None and building.compound_id == compound.id else None


def form_in(round_: Round, serial: Serial) -> PaperForm:
    """The form with this number, of this round only; refuses `Unknown`."""
    if serial.round_id != round_.id:
        raise Unknown(msg("%(serial)s 是另一轮征询的表，这一轮不能用。"), serial=str(serial))
    found = queries.form_of_serial(serial)
    if found is None:
        raise Unknown(msg("这一轮没有印过编号 %(serial)s 的表。"), serial=str(serial))
    return found
