"""Giving forms out, taking them back, photographing and keying them, each by whoever may."""

from io import BytesIO
from typing import Any

from flask import Response, abort, flash, make_response, request, send_file
from flask_babel import gettext as _
from flask_login import current_user

from app.core import files
from app.core.db import db, release
from app.core.errors import Refused
from app.core.guards import must_reach, staff, uploads
from app.core.paging import paged
from app.core.sealing import unseal
from app.core.web import asked_number, page, saved
from app.paper import actions, keying, queries
from app.paper.form_desk import bp, entrance_of, form_in, load_form
from app.paper.forms import (
    EnterForm,
    GivenForm,
    KeyForm,
    ManyGivenForm,
    ManyReturnedForm,
    SerialForm,
    key_form,
    offer,
)
from app.paper.keying import Became, Keyed
from app.paper.models import REPLACEABLE, FormState, Handing, PaperForm
from app.roster.models import Entrance
from app.rounds.loading import load_round
from app.rounds.models import Round, Vote

_GIVEABLE = (FormState.PRINTED, FormState.DECLINED)


@bp.route("/rounds/<int:round_id>/paper/hand-out", methods=["GET", "POST"])
@staff()
def hand_out(round_id: int) -> Response:
    """Note one form after the other as given out; the field keeps the focus for the next."""
    round_ = load_round(round_id)
    form = GivenForm(formdata=request.form or None, handing=request.args.get("handing"))
    if form.validate_on_submit():
        try:
            found = form_in(round_, form.read(round_id))
            actions.hand_out([found], Handing(form.handing.data), by=current_user)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            flash(_("%(serial)s（%(place)s）已登记发出。", **_called(found)))
            return saved(".hand_out", round_id=round_id, handing=form.handing.data)
    return _desk_page("paper/hand_out.html", round_, _GIVEABLE, ManyGivenForm(), form=form)


@bp.post("/rounds/<int:round_id>/paper/hand-out/entrance")
@staff()
def hand_out_many(round_id: int) -> Response:
    """Note all ticked forms of an entrance as given out."""
    round_, many = load_round(round_id), ManyGivenForm()
    papers = _papers(round_, many, REPLACEABLE)
    if many.validate_on_submit():
        chosen = [paper for paper in papers if paper.id in (many.forms.data or ())]
        try:
            actions.hand_out(chosen, Handing(many.way.data), by=current_user)
        except Refused as refusal:
            many.refuse(refusal)
        else:
            flash(_("%(count)s 张已登记发出。", count=len(chosen)))
            return saved(".hand_out", round_id=round_id, entrance=request.form.get("entrance"))
    form = GivenForm(formdata=None)
    return _desk_page("paper/hand_out.html", round_, _GIVEABLE, many, form=form)


@bp.route("/rounds/<int:round_id>/paper/take-in", methods=["GET", "POST"])
@staff()
def take_in(round_id: int) -> Response:
    """Note one form after the other as returned."""
    round_, form = load_round(round_id), SerialForm()
    if form.validate_on_submit():
        try:
            found = form_in(round_, form.read(round_id))
            actions.take_in([found], by=current_user)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            flash(_("%(serial)s（%(place)s）已登记收回。", **_called(found)))
            return saved(".take_in", round_id=round_id)
    return _desk_page("paper/take_in.html", round_, REPLACEABLE, ManyReturnedForm(), form=form)


@bp.post("/rounds/<int:round_id>/paper/take-in/entrance")
@staff()
def take_in_many(round_id: int) -> Response:
    """Note all ticked forms of an entrance as returned."""
    round_, many = load_round(round_id), ManyReturnedForm()
    papers = _papers(round_, many, REPLACEABLE)
    if many.validate_on_submit():
        chosen = [paper for paper in papers if paper.id in (many.forms.data or ())]
        try:
            actions.take_in(chosen, by=current_user)
        except Refused as refusal:
            many.refuse(refusal)
        else:
            flash(_("%(count)s 张已登记收回。", count=len(chosen)))
            return saved(".take_in", round_id=round_id, entrance=request.form.get("entrance"))
    form = SerialForm(formdata=None)
    return _desk_page("paper/take_in.html", round_, REPLACEABLE, many, form=form)


@bp.route("/rounds/<int:round_id>/paper/enter", methods=["GET", "POST"])
@uploads(11)
@staff()
def enter(round_id: int) -> Response:
    """Photograph a form: its number is read from the picture, or typed."""
    round_ = load_round(round_id)
    form = EnterForm(serial=request.args.get("serial", ""))
    # Looking at the picture takes a second, so no lock is held meanwhile.
    release()
    if form.validate_on_submit():
        try:
            found = form_in(round_, form.read(round_id))
            actions.photograph(found, form.photo, by=current_user)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            return saved(".key", form_id=found.id)
    sums = queries.sums_of(round_id)
    return page("paper/enter.html", form=form, round=round_, sums=sums)


@bp.route("/paper/forms/<int:form_id>/key", methods=["GET", "POST"])
@staff()
def key(form_id: int) -> Response:
    """Key what a form says from its photograph, without seeing what anybody else keyed."""
    found = _load_to_key(form_id)
    form = key_form(found)
    if form.validate_on_submit():
        try:
            outcome = keying.key(found, form.said(), by=current_user)
        except Refused as refusal:
            db.session.rollback()
            form.refuse(refusal)
        else:
            flash(_told(outcome))
            return _onward(found, outcome)
    return page("paper/key.html", **_key_page(found, form))


@bp.get("/paper/waiting")
@staff()
def queue() -> Response:
    """The forms that lack a second or third entry which this person may make."""
    forms = paged(queries.waiting_for(current_user), asked_number("page"))
    return page("paper/queue.html", forms=forms)


@bp.get("/paper/forms/<int:form_id>/photo")
@staff()
def photo(form_id: int) -> Response:
    """The photograph of a form, for whoever keys from it and for the office."""
    return _picture(load_form(form_id))


@bp.get("/paper/votes/<int:vote_id>/photo")
@staff()
def photo_of_vote(vote_id: int) -> Response:
    """The photograph of the form that a vote was keyed from."""
    vote: Vote = db.get_or_abort(Vote, vote_id)
    must_reach(vote.entry.round.compound.area.path)
    found = queries.form_of_vote(vote_id)
    if found is None:
        return page("paper/no_photo.html", 404, round=vote.entry.round)
    return _picture(found)


def _picture(found: PaperForm) -> Response:
    if not queries.sees_photo(found, current_user):
        abort(403)
    if found.photo_file is None:
        abort(404)
    content = unseal(files.read(found.photo_file))
    answer = make_response(send_file(BytesIO(content), "image/jpeg"))
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _load_to_key(form_id: int) -> PaperForm:
    """A form with a photograph that this person has not keyed; their own is forbidden (T30)."""
    found = load_form(form_id)
    if not queries.may_key(found, current_user):
        abort(403)
    return found


def _key_page(found: PaperForm, form: KeyForm) -> dict[str, Any]:
    """What the page shows: of earlier entries nothing, not even how many there are in words."""
    return {
        "form": form,
        "paper": found,
        "round": found.round,
        "is_keyable": found.is_waiting and found.round.is_open and found.photo_file is not None,
        "may_retake": found.keyed == 0,
    }


def _told(outcome: Keyed) -> str:
    words = {
        Became.FIRST: _("%(serial)s 第一次录入已保存，等第二个人录。", serial=outcome.serial),
        Became.MISMATCH: _("%(serial)s 两次录入不一样，转给第三个人。", serial=outcome.serial),
        Became.COUNTED: _("%(serial)s 两人录入一致，已计入。", serial=outcome.serial),
        Became.HELD: _(
            "%(serial)s 两人录入一致，但和这一户别的表态不一样，已转去核实。", serial=outcome.serial
        ),
    }
    differed = {
        1: _("前两次录入不一样，第三次和第一次一致。"),
        2: _("前两次录入不一样，第三次和第二次一致。"),
    }
    if outcome.why is not None:
        why = str(outcome.why.label)
        return _("%(serial)s 作废：%(why)s。请给这一户补一张新表。", serial=outcome.serial, why=why)
    return words[outcome.became] + (differed.get(outcome.agreed_with or 0, ""))


def _onward(found: PaperForm, outcome: Keyed) -> Response:
    """After a first entry the next photograph; after a second the next form that waits."""
    if outcome.became == Became.FIRST:
        return saved(".enter", round_id=found.round_id)
    following = paged(queries.waiting_for(current_user), 1, size=1).rows
    return saved(".key", form_id=following[0][0].id) if following else saved(".queue")


def _called(found: PaperForm) -> dict[str, str]:
    return {"serial": found.serial, "place": found.entry.label}


def _entrance(round_: Round) -> Entrance | None:
    return entrance_of(round_.compound, asked_number("entrance"))


def _papers(
    round_: Round, many: ManyGivenForm | ManyReturnedForm, states: tuple[FormState, ...]
) -> list[PaperForm]:
    """The forms of the entrance that is asked for, ready to be ticked."""
    entrance = _entrance(round_)
    papers = queries.forms_at(round_.id, entrance.id, states) if entrance else []
    offer(many, papers)
    return papers


def _desk_page(
    template: str,
    round_: Round,
    states: tuple[FormState, ...],
    many: ManyGivenForm | ManyReturnedForm,
    *,
    form: SerialForm,
) -> Response:
    papers = _papers(round_, many, states)
    status = 422 if many.errors else 200
    names: dict[str, Any] = {"round": round_, "papers": papers, "entrance": _entrance(round_)}
    return page(template, status, form=form, many=many, **names)
