"""What two persons of the office decide about a round: the list, each proposal, a later end of the

round, a newer plan. Conflicts, objections and the audit have desks of their own beside this one.
"""

from datetime import datetime, timedelta
from typing import Any

from flask import Response, abort, flash, request
from flask_babel import gettext as _
from flask_login import current_user

from app.accounts.queries import are_two_persons
from app.accounts.vouching import lacks_voucher
from app.cases.evidence import may_see
from app.cases.forms import DeclineForm, ExtensionForm, PlanChangeForm, sent_photo
from app.cases.prospects import of_burdens, place_of, prospect, votes_to_confirm
from app.cases.sight import bp, named, sees_choices, sees_sides, sides_of
from app.cases.story import about, filed
from app.core.db import db
from app.core.errors import Refused
from app.core.guards import WITH_AUDITORS, Role, may_open, must_reach, staff, stepped_up, uploads
from app.core.i18n import translated
from app.core.web import page, saved
from app.projects.models import PlanVersion
from app.rounds import changes
from app.rounds import decisions as proposals
from app.rounds.cases import Conflict, Decision, DecisionKind, Objection
from app.rounds.counting import Choice
from app.rounds.lifecycle import LONGEST, Verb, is_allowed
from app.rounds.loading import load_round
from app.rounds.models import Round
from app.rounds.pending import without_slip


@bp.get("/rounds/<int:round_id>/decisions")
@staff(*WITH_AUDITORS)
def decisions(round_id: int) -> Response:
    """Everything about the round that wants a second person, and what became of it."""
    round_ = load_round(round_id)
    found = [(one, place_of(one)) for one in proposals.decisions_of(round_id)]
    return page(
        "cases/staff/decisions.html",
        round=round_,
        waiting=[pair for pair in found if pair[0].is_waiting],
        settled=[pair for pair in found if not pair[0].is_waiting],
        may_extend=may_open("cases.extend") and is_allowed(Verb.EXTEND, round_.state),
        extension=_waiting_extension(round_),
        newer=changes.newer_version(round_),
    )


@bp.get("/decisions/<int:decision_id>")
@staff(*WITH_AUDITORS)
def decision(decision_id: int) -> Response:
    """What exactly is proposed, what it changes, why, by whom; and whose turn it is."""
    return page("cases/staff/decision.html", **_told(_load_decision(decision_id)))


@bp.route("/decisions/<int:decision_id>/approve", methods=["GET", "POST"])
@staff(Role.OFFICE, Role.DISTRICT)
@stepped_up
def approve(decision_id: int) -> Response:
    """Say once more what will happen; then agree as the second person."""
    found = _load_decision(decision_id)
    if request.method == "GET":
        return page("cases/staff/decision_approve.html", refusal="", **_told(found))
    try:
        proposals.approve(found, by=current_user)
    except Refused as refusal:
        db.session.rollback()
        told = _told(found)
        return page("cases/staff/decision_approve.html", 409, refusal=translated(refusal), **told)
    flash(_("已同意，现在生效。"))
    return saved(".decision", decision_id=decision_id)


@bp.route("/decisions/<int:decision_id>/decline", methods=["GET", "POST"])
@staff(Role.WORKER, Role.OFFICE, Role.DISTRICT)
def decline(decision_id: int) -> Response:
    """Say no with a reason, or take one's own proposal back."""
    found = _load_decision(decision_id)
    if current_user.role == Role.WORKER and found.proposed_by_id != current_user.id:
        abort(403)
    form = DeclineForm()
    if form.validate_on_submit():
        proposals.decline(found, form.why.data, by=current_user)
        is_own = found.proposed_by_id == current_user.id
        flash(_("已撤回。") if is_own else _("已回复不同意，什么都没有变。"))
        return saved(".decision", decision_id=decision_id)
    return page("cases/staff/decision_decline.html", form=form, **_told(found))


@bp.route("/rounds/<int:round_id>/extend", methods=["GET", "POST"])
@uploads(11)
@staff(Role.WORKER, Role.OFFICE, Role.DISTRICT)
def extend(round_id: int) -> Response:
    """Propose a later end."""
    sent, round_ = sent_photo(), load_round(round_id)
    form = ExtensionForm(sent, closes_at=round_.closes_at + timedelta(days=7))
    if form.validate_on_submit():
        until, grounds = form.closes_at.data, form.grounds()
        try:
            made = changes.propose_extension(round_, until, grounds, by=current_user)
        except (changes.NotLater, proposals.AlreadyProposed) as refusal:
            form.refuse(refusal)
        else:
            return saved(".decision", decision_id=made.id)
    names: dict[str, Any] = {"round": round_, "latest": _latest(round_)}
    names |= {"extension": _waiting_extension(round_)}
    return page("cases/staff/extension.html", form=form, **names)


@bp.route("/rounds/<int:round_id>/change-plan", methods=["GET", "POST"])
@uploads(11)
@staff(Role.WORKER, Role.OFFICE, Role.DISTRICT)
def change_plan(round_id: int) -> Response:
    """Propose to go on with a newer version of the plan."""
    sent, round_ = sent_photo(), load_round(round_id)
    newer = changes.newer_version(round_)
    form = PlanChangeForm(newer, sent=sent)
    if newer and form.validate_on_submit():
        is_material, grounds = form.is_material, form.grounds()
        try:
            made = changes.propose_plan_change(
                round_, newer, is_material=is_material, grounds=grounds, by=current_user
            )
        except (proposals.AlreadyProposed, changes.NotEditorial) as refusal:
            form.refuse(refusal)
        else:
            return saved(".decision", decision_id=made.id)
    return _plan_page(round_, newer, form)


def _plan_page(round_: Round, newer: PlanVersion | None, form: PlanChangeForm) -> Response:
    names: dict[str, Any] = {"round": round_, "newer": newer}
    names["to_confirm"] = votes_to_confirm(round_.id)
    names["lines"] = of_burdens(round_, newer) if newer else []
    status = 409 if request.method == "POST" and not newer else 200
    return page("cases/staff/plan_change.html", status, form=form, **names)


def _load_decision(decision_id: int) -> Decision:
    found: Decision = db.get_or_abort(Decision, decision_id)
    must_reach(found.round.compound.area.path)
    return found


def _waiting_extension(round_: Round) -> Decision | None:
    return next(iter(proposals.waiting(round_.id, DecisionKind.EXTENSION)), None)


def _latest(round_: Round) -> datetime | None:
    """How far the end can be moved; None when it cannot be moved at all."""
    if round_.opened_at is None or not is_allowed(Verb.EXTEND, round_.state):
        return None
    return round_.opened_at + LONGEST


def _told(found: Decision) -> dict[str, Any]:
    """What the pages of a decision show, and what this person may do with it."""
    params = found.params
    kept = {int(matter): Choice(choice) for matter, choice in params.get("choices", {}).items()}
    conflict = db.session.get(Conflict, params.get("conflict", 0))
    tells = (
        sees_sides(conflict, current_user) if conflict else sees_choices(found.round, current_user)
    )
    return {
        "decision": found,
        "round": found.round,
        "place": place_of(found),
        "foreseen": prospect(found, tells_choices=tells),
        "choices": named(found.round, kept) if tells else [],
        "has_choices": bool(kept),
        "conflict": conflict,
        "sides": sides_of(conflict, current_user, tells_choices=tells) if conflict else (),
        "objection": db.session.get(Objection, params.get("objection", 0)),
        "wants_slip": params.get("objection") in without_slip(found.round_id),
        "version": db.session.get(PlanVersion, params.get("version", 0)),
        "is_own": found.proposed_by_id == current_user.id,
        "is_possible": proposals.is_possible(found),
        "may_approve": _may_approve(found),
        "lacks_voucher": lacks_voucher(found.proposed_by_id, current_user),
        "may_judge": proposals.may_judge(found, current_user),
        **filed(about(found), current_user),
        "sees_photo": may_see(found.round, found.proposed_by_id, current_user),
    }


def _may_approve(found: Decision) -> bool:
    may_decide = found.is_waiting and may_open("cases.approve")
    return (
        may_decide
        and are_two_persons(found.proposed_by_id, current_user)
        and proposals.may_judge(found, current_user)
    )
