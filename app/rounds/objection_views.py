"""A household says that something is wrong, and reads what became of it (RULES.md §3)."""

from flask import Response, flash
from flask_babel import gettext as _

from app.core.errors import Refused
from app.core.guards import current_home, household
from app.core.web import page, saved
from app.roster.models import Household
from app.rounds import homes
from app.rounds.cases import ObjectionKind
from app.rounds.forms import ObjectionForm
from app.rounds.models import Round
from app.rounds.objections import Complaint, objections_of_home, raise_objection
from app.rounds.residents import bp, load_round


@bp.route("/rounds/<int:round_id>/objections", methods=["GET", "POST"], endpoint="object")
@household
def objections(round_id: int) -> Response:
    """The household's own objections with their answers, and the form for another one."""
    round_ = load_round(round_id)
    own, form = homes.household_with_door(current_home.household_id), ObjectionForm()
    if form.validate_on_submit():
        try:
            raised = raise_objection(round_, _complaint(own, form))
        except Refused as refusal:
            form.refuse(refusal)
        else:
            flash(_("收到了，这是第 %(number)s 号异议。答复会写在这一页。", number=raised.number))
            return saved(".object", round_id=round_id)
    return _page_of(round_, own, form)


def _complaint(own: Household, form: ObjectionForm) -> Complaint:
    return Complaint(ObjectionKind(form.kind.data), own.address, form.words.data, own.id)


def _page_of(round_: Round, own: Household, form: ObjectionForm) -> Response:
    return page(
        "rounds/objections.html",
        form=form,
        round=round_,
        household=own,
        building=own.premises.entrance.building,
        kinds=list(ObjectionKind),
        raised=[o for o in objections_of_home(own.id) if o.round_id == round_.id],
        may_object=homes.may_object(round_),
    )
