"""What is held against the count: objections and their answers, and the audit of paper votes."""

from datetime import datetime
from typing import Any

from flask import Response, flash
from flask_babel import gettext as _
from flask_login import current_user

from app.cases import actions
from app.cases.evidence import may_see
from app.cases.forms import AnswerForm, CheckForm, ObjectionForm, answer_form, sent_photo
from app.cases.kinds import CaseKind
from app.cases.line import Subject
from app.cases.prospects import by_answers, foreseen, of_answer
from app.cases.sight import bp, choices_of, named
from app.cases.story import about_objection, filed
from app.core import clock
from app.core.db import db
from app.core.guards import WITH_AUDITORS, Role, may_open, must_reach, staff, uploads
from app.core.web import page, saved
from app.roster.models import Household
from app.rounds import casting
from app.rounds import objections as complaints
from app.rounds.audit import check_item, may_compare, sample_of
from app.rounds.cases import AuditItem, DecisionKind, Effect, Objection
from app.rounds.decisions import AlreadyProposed, waiting
from app.rounds.lifecycle import State, Verb, is_allowed
from app.rounds.loading import load_round
from app.rounds.models import RegisterEntry, Round
from app.rounds.pending import without_slip
from app.rounds.queries import entry_of, objections_end
from app.rounds.steps import NotReady


@bp.get("/rounds/<int:round_id>/objections")
@staff(*WITH_AUDITORS)
def objections(round_id: int) -> Response:
    """Every objection to the round: what is open, since when, who looks into it."""
    round_ = load_round(round_id)
    found = complaints.objections_of(round_id)
    answers = waiting(round_id, DecisionKind.OBJECTION)
    return page(
        "cases/staff/objections.html",
        round=round_,
        open=[one for one in found if one.closed_at is None],
        closed=[one for one in found if one.closed_at is not None],
        proposed={answer.params["objection"]: answer for answer in answers},
        until=_until(round_),
        may_raise=_may_raise(round_),
        now=clock.now(),
        without_slip=without_slip(round_id),
    )


@bp.route("/rounds/<int:round_id>/objections/new", methods=["GET", "POST"])
@uploads(11)
@staff(Role.WORKER, Role.OFFICE, Role.DISTRICT)
def raise_objection(round_id: int) -> Response:
    """Write down an objection for somebody who came or called."""
    sent, round_ = sent_photo(), load_round(round_id)
    form = ObjectionForm(round_, sent=sent)
    if form.validate_on_submit():
        made = complaints.raise_objection(round_, form.complaint(), by=current_user)
        flash(_("已登记为第 %(number)s 号异议。", number=made.number))
        return saved(".objection", objection_id=made.id)
    return page("cases/staff/objection_raise.html", form=form, round=round_, until=_until(round_))


@bp.get("/objections/<int:objection_id>")
@staff(*WITH_AUDITORS)
def objection(objection_id: int) -> Response:
    """One objection: its words, who looks into it, the answer and what it did to the count."""
    found = _load_objection(objection_id)
    answers = waiting(found.round_id, DecisionKind.OBJECTION)
    return page(
        "cases/staff/objection.html",
        round=found.round,
        objection=found,
        **_home_of(found),
        proposed=next((w for w in answers if w.params["objection"] == found.id), None),
        until=_until(found.round),
        is_possible=is_allowed(Verb.SETTLE, found.round.state),
        wants_slip=found.id in without_slip(found.round_id),
        sees_photo=may_see(found.round, found.raised_by_id, current_user),
        **filed(about_objection(found), current_user),
    )


@bp.post("/objections/<int:objection_id>/take")
@staff(Role.WORKER, Role.OFFICE, Role.DISTRICT)
def take(objection_id: int) -> Response:
    """Become the one who looks into it."""
    found = _load_objection(objection_id)
    actions.take_over([about_objection(found)], by=current_user)
    flash(_("这件异议由您来办。"))
    return saved(".objection", objection_id=objection_id)


@bp.route("/objections/<int:objection_id>/answer", methods=["GET", "POST"])
@uploads(11)
@staff(Role.WORKER, Role.OFFICE, Role.DISTRICT)
def answer(objection_id: int) -> Response:
    """Write the answer and what it does to the count; a second person gives it."""
    sent, found = sent_photo(), _load_objection(objection_id)
    entry = _entry_of(found)
    form = answer_form(found, entry, sent)
    if form.validate_on_submit():
        try:
            made = complaints.propose_answer(found, form.answer(), by=current_user)
        except (AlreadyProposed, complaints.BadEffect, NotReady, casting.Incomplete) as refusal:
            form.refuse(refusal)
        else:
            return saved(".decision", decision_id=made.id)
    names: dict[str, Any] = {"round": found.round, "objection": found, **_ways(found, entry, form)}
    return page("cases/staff/objection_answer.html", form=form, **names)


@bp.get("/rounds/<int:round_id>/audit")
@staff(*WITH_AUDITORS)
def audit(round_id: int) -> Response:
    """The drawn votes on paper, how anybody can draw them again, and how far checking is."""
    round_, sample = load_round(round_id), sample_of(round_id)
    return page(
        "cases/staff/audit.html",
        round=round_,
        sample=sample,
        may_check={item.id for item in sample if _may_check(item)},
    )


@bp.route("/audit/<int:item_id>/check", methods=["GET", "POST"])
@staff(Role.OFFICE, Role.DISTRICT)
def check(item_id: int) -> Response:
    """Compare one paper form with what was keyed; never by whoever keyed it."""
    item, form = _load_item(item_id), CheckForm()
    round_ = item.vote.entry.round
    if form.validate_on_submit():
        agrees, why = form.agrees.data == "yes", form.note.data
        check_item(round_, item, agrees=agrees, why=why, by=current_user)
        flash(_("已记下。") if agrees else _("已记下，并登记为一件异议。"))
        return saved(".audit", round_id=round_.id)
    names: dict[str, Any] = {"round": round_, "item": item, "may_check": _may_check(item)}
    names["choices"] = named(round_, choices_of(item.vote))
    names |= filed(Subject(CaseKind.AUDIT, item.id), current_user)
    return page("cases/staff/audit_check.html", form=form, **names)


def _load_objection(objection_id: int) -> Objection:
    found: Objection = db.get_or_abort(Objection, objection_id)
    must_reach(found.round.compound.area.path)
    return found


def _home_of(found: Objection) -> dict[str, Any]:
    """Where its home stands on the register and on the roster, to look it up."""
    home = db.session.get(Household, found.household_id) if found.household_id else None
    return {
        "entry": entry_of(found.round_id, home.id) if home else None,
        "premises_id": home.premises_id if home else None,
        "may_print": current_user.role in (Role.WORKER, Role.OFFICE),
    }


def _load_item(item_id: int) -> AuditItem:
    item: AuditItem = db.get_or_abort(AuditItem, item_id)
    must_reach(item.vote.entry.round.compound.area.path)
    return item


def _may_check(item: AuditItem) -> bool:
    """The office compares, and whoever keyed a form does not; only after the close."""
    if current_user.role not in (Role.OFFICE, Role.DISTRICT):
        return False
    is_time = is_allowed(Verb.AUDIT, item.vote.entry.round.state)
    return is_time and may_compare(item, current_user)


def _entry_of(found: Objection) -> RegisterEntry | None:
    home = found.household_id
    return entry_of(found.round_id, home) if home else None


def _ways(found: Objection, entry: RegisterEntry | None, form: AnswerForm) -> dict[str, Any]:
    """What each effect that may be chosen would do to the count."""
    effects = [Effect(option.value) for option in form.effect.choices]
    shifts = {e: of_answer(found, entry, e, {}) for e in effects if e != Effect.REPLACE_VOTE}
    ways = {str(e.label): foreseen(s, tells_choices=False) for e, s in shifts.items() if s}
    by_form = by_answers(entry) if entry and Effect.REPLACE_VOTE in effects else {}
    return {"ways": ways | by_form}


def _until(round_: Round) -> datetime | None:
    """When the days for objections end, once they run."""
    return objections_end(round_) if round_.state == State.PRELIMINARY else None


def _may_raise(round_: Round) -> bool:
    if not may_open("cases.raise_objection"):
        return False
    return is_allowed(Verb.OBJECT, round_.state) and not _is_late(round_)


def _is_late(round_: Round) -> bool:
    until = _until(round_)
    return until is not None and clock.now() >= until
