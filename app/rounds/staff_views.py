"""The office takes a round through its life; every step shows first what it will do."""

from datetime import timedelta
from typing import Any

from flask import Blueprint, Response, abort, flash, request, url_for
from flask_babel import gettext as _
from flask_login import current_user

from app.core import clock
from app.core.db import db
from app.core.errors import Refused
from app.core.guards import WITH_AUDITORS, Role, must_reach, staff, stepped_up
from app.core.i18n import say, translated
from app.core.web import page, saved
from app.projects.queries import current_version
from app.roster.models import Compound
from app.rounds import actions, queries
from app.rounds.changes import newer_version, round_on_older_plan
from app.rounds.life_forms import NextRoundForm, RoundForm, WithdrawalForm
from app.rounds.lifecycle import Condition, Proof, is_early_to_freeze
from app.rounds.loading import load_round
from app.rounds.models import Round, State, suggested_title
from app.rounds.opening import asked_of, opening_of
from app.rounds.pending import case_counts
from app.rounds.tallies import results
from app.rounds.timeline import timeline
from app.rounds.ways import (
    STEPS,
    conditions,
    may_take,
    may_withdraw,
    next_steps,
    waiting_for,
)
from app.rounds.wording import counting_of

bp = Blueprint("rounds_staff", __name__, url_prefix="/desk")


# The step that meets a condition of opening, for whoever may take it.
_MEETS = {
    "submit": Condition.PROFILE,
    "confirm": Condition.PROFILE,
    "publish-register": Condition.REGISTER,
    "freeze": Condition.FREEZE,
}
# Where a condition is met, for everybody who reads the page.
_PLACES = {
    Condition.MATTERS: "rounds_matters.matters",
    Proof.OBJECTIONS: "cases.objections",
    Proof.CONFLICTS: "cases.conflicts",
    Proof.DECISIONS: "cases.decisions",
    Proof.AUDIT: "cases.audit",
}
# Before these steps one sees whom the round asks; before those, what was answered.
_ASKING = ("submit", "confirm", "publish-register", "freeze", "open")
_TELLING = ("publish-result", "certify", "archive")


@bp.app_context_processor
def _plans() -> dict[str, Any]:
    """Who publishes a plan must hear of the round that goes on with the one before."""
    return {"round_on_older_plan": round_on_older_plan}


@bp.route("/compounds/<int:compound_id>/rounds/new", methods=["GET", "POST"])
@staff(Role.WORKER, Role.OFFICE, Role.DISTRICT)
def draft(compound_id: int) -> Response:
    """Begin a round; asking again wants a reason."""
    compound = _load_compound(compound_id)
    before = queries.last_opened(compound.id)
    form = _form_for(before, data=_suggested(compound))
    if form.validate_on_submit():
        try:
            round_ = actions.draft_round(
                compound, form.terms(), by=current_user, reopening_reason=form.why_again()
            )
        except Refused as refusal:
            form.refuse(refusal)
        else:
            return saved(".preflight", round_id=round_.id)
    return _terms_page(form, compound, None, before)


@bp.route("/rounds/<int:round_id>/edit", methods=["GET", "POST"])
@staff(Role.WORKER, Role.OFFICE, Role.DISTRICT)
def edit(round_id: int) -> Response:
    """Change the terms of a draft."""
    round_ = load_round(round_id)
    form = _form_for(round_.predecessor, obj=round_)
    if form.validate_on_submit():
        try:
            actions.edit_round(
                round_, form.terms(), by=current_user, reopening_reason=form.why_again()
            )
        except Refused as refusal:
            form.refuse(refusal)
        else:
            return saved(".preflight", round_id=round_.id)
    return _terms_page(form, round_.compound, round_, round_.predecessor)


@bp.get("/rounds/<int:round_id>/preflight")
@staff(*WITH_AUDITORS)
def preflight(round_id: int) -> Response:
    """Where the round stands, what it still lacks, the next step, and all that happened."""
    round_ = load_round(round_id)
    checks = conditions(round_)
    names = next_steps(round_, current_user, checks)
    return page(
        "rounds/staff/preflight.html",
        round=round_,
        checks=checks,
        ways=_ways(round_, names),
        next_steps=[(name, STEPS[name].title) for name in names],
        waiting=waiting_for(round_, current_user, checks),
        events=timeline(round_),
        **_shown(round_),
    )


@bp.get("/rounds/<int:round_id>/remarks")
@staff()
def remarks(round_id: int) -> Response:
    """What households wrote with their votes and why they disagree; no choice."""
    round_ = load_round(round_id)
    return page(
        "rounds/staff/remarks.html",
        round=round_,
        remarks=queries.remarks_of(round_id),
        written=queries.remark_count(round_id),
        reasons=queries.why_not(round_),
        calls=queries.calls_asked(round_id),
        fewest=queries.FEWEST_REASONS,
    )


@bp.route("/rounds/<int:round_id>/steps/<string:name>", methods=["GET", "POST"])
@staff(Role.WORKER, Role.OFFICE, Role.DISTRICT)
@stepped_up
def step(round_id: int, name: str) -> Response:
    """Say what the step will do; then do it."""
    round_ = load_round(round_id)
    chosen = STEPS.get(name) or abort(404)
    if not may_take(name, current_user):
        abort(403)
    if request.method == "GET":
        return _confirm_page(round_, name)
    try:
        chosen.action(round_, by=current_user)
    except Refused as refusal:
        return _confirm_page(round_, name, refusal)
    flash(say(chosen.done))
    return saved(".preflight", round_id=round_id)


@bp.route("/rounds/<int:round_id>/withdraw", methods=["GET", "POST"])
@staff(Role.OFFICE, Role.DISTRICT)
def withdraw(round_id: int) -> Response:
    """Give a round up before it opened, with the reason."""
    round_ = load_round(round_id)
    form = WithdrawalForm()
    if form.validate_on_submit():
        try:
            actions.withdraw_round(round_, form.why.data, by=current_user)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            flash(_("已撤回。"))
            return saved(".preflight", round_id=round_id)
    may = may_withdraw(round_, current_user)
    return page("rounds/staff/withdraw.html", form=form, round=round_, may_withdraw=may)


def _form_for(before: Round | None, **filled: Any) -> RoundForm:
    """The terms; with a reason where the question was asked before."""
    return NextRoundForm(**filled) if before else RoundForm(**filled)


def _terms_page(
    form: RoundForm, compound: Compound, round_: Round | None, before: Round | None
) -> Response:
    return page(
        "rounds/staff/terms.html", form=form, compound=compound, round=round_, before=before
    )


def _shown(round_: Round) -> dict[str, Any]:
    """What the page of a round shows beside its steps."""
    return {
        "counting": counting_of(round_),
        "version": round_.plan_version or current_version(round_.compound_id),
        "newer": newer_version(round_),
        "opening": opening_of(round_),
        "asked": asked_of(round_) if round_.frozen_at and not round_.opened_at else None,
        "tally": results(round_) if round_.opened_at else None,
        "changed": queries.register_changes(round_.id),
        "cases": case_counts(round_.id),
        "successor": queries.successor_of(round_.id),
        "may_withdraw": may_withdraw(round_, current_user),
        "may_begin": all(one.is_over for one in queries.rounds_of(round_.compound_id)),
    }


def _confirm_page(round_: Round, name: str, refusal: Refused | None = None) -> Response:
    """What the step will do, its button while it can be taken, and why it was refused."""
    checks = conditions(round_)
    return page(
        "rounds/staff/step.html",
        409 if refusal else 200,
        round=round_,
        step=STEPS[name],
        name=name,
        refusal=translated(refusal) if refusal else "",
        may_take=name in next_steps(round_, current_user, checks),
        waiting=waiting_for(round_, current_user, checks),
        asked=asked_of(round_) if name in _ASKING and not round_.opened_at else None,
        tally=results(round_) if name in _TELLING and round_.opened_at else None,
        changed=queries.register_changes(round_.id),
        counting=counting_of(round_) if name in ("submit", "confirm") else None,
        cases=case_counts(round_.id) if name == "publish-result" else None,
        objections_end=queries.objections_end(round_),
        version=current_version(round_.compound_id),
        is_early=name == "freeze" and is_early_to_freeze(clock.now(), round_.register_published_at),
    )


def _ways(round_: Round, steps: list[str]) -> dict[str, str]:
    """Condition of opening or certifying → the page on which this person can meet it now."""
    prints = url_for("reports_staff.prints", compound_id=round_.compound_id)
    ways: dict[str, str] = {
        Condition.PLAN: url_for("projects_staff.project", compound_id=round_.compound_id),
        Condition.POSTERS: prints,
        **{at: url_for(to, round_id=round_.id) for at, to in _PLACES.items()},
    }
    if not queries.households_of(round_.compound_id):
        ways[Condition.REGISTER] = url_for("roster_staff.upload")
    if not queries.open_objections(round_.id):
        # The register then waits for a decision alone.
        ways[Condition.OBJECTIONS] = ways[Proof.DECISIONS]
    if round_.frozen_at and current_user.role != Role.DISTRICT:
        ways[Condition.CODES] = prints
    if round_.state == State.DRAFT:
        edit_page = url_for(".edit", round_id=round_.id)
        ways |= {Condition.TIMES: edit_page, Condition.PHONE: edit_page}
    for name, condition in _MEETS.items():
        if name in steps:
            ways[condition] = url_for(".step", round_id=round_.id, name=name)
    return {str(condition): way for condition, way in ways.items()}


def _suggested(compound: Compound) -> dict[str, Any]:
    hour = clock.now().replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    number = max((r.number for r in queries.rounds_of(compound.id)), default=0) + 1
    return {
        "title": suggested_title(number),
        "opens_at": hour,
        "closes_at": (hour + timedelta(days=15)).replace(hour=10),
        "phone": compound.phone,
        "objection_days": 7,
    }


def _load_compound(compound_id: int) -> Compound:
    compound: Compound = db.get_or_abort(Compound, compound_id)
    must_reach(compound.area.path)
    return compound
