"""A household says that something is wrong, or not its own, and reads what became of it."""

from typing import Any

from flask import Response, flash
from flask_babel import gettext as _
from werkzeug.exceptions import NotFound

from app.core.errors import Refused
from app.core.guards import current_home, household
from app.core.web import page, saved
from app.roster.models import Household
from app.rounds import disowning, homes, queries
from app.rounds.cases import ObjectionKind
from app.rounds.forms import DisownForm, ObjectionForm
from app.rounds.models import Round, Vote
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


@bp.route("/receipts/<string:code>/not-ours", methods=["GET", "POST"])
@household
def disown(code: str) -> Response:
    """The household says that a vote is not its own: what happens then, and the button."""
    vote, form = _load_own_vote(code), DisownForm()
    if form.validate_on_submit():
        try:
            disowning.disown(vote, form.words.data, session_id=current_home.session_id)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            flash(_("社区收到了。别的手机上您家的登录已经全部退出。"))
            return saved(".receipt", code=vote.receipt)
    return _disown_page(vote, form)


def _load_own_vote(code: str) -> Vote:
    """A vote of the household that is signed in, which it may read; or 404."""
    vote = queries.vote_by_receipt(code)
    if vote is None or vote.entry.household_id != current_home.household_id:
        raise NotFound
    if homes.ballots_in(vote.entry.round, vote.entry).is_sellers(vote):
        raise NotFound
    return vote


def _disown_page(vote: Vote, form: DisownForm) -> Response:
    mine = homes.ballots_in(vote.entry.round, vote.entry)
    may = homes.may_object(mine.round) and not vote.is_void and not disowning.reports_on([vote])
    open_ = disowning.open_reports(mine.round.id, current_home.household_id)
    names: dict[str, Any] = {"vote": vote, "round": mine.round, "mine": mine}
    names["many"] = disowning.MOST_REPORTS if open_ >= disowning.MOST_REPORTS else 0
    return page("rounds/disown.html", form=form, may=may and not names["many"], **names)


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
