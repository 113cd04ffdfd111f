"""Two persons change who speaks for a home: proposed here, and approved or declined here."""

from collections.abc import Callable
from typing import Any

from flask import Response, abort, flash, make_response, request
from flask_babel import gettext as _
from flask_login import current_user

from app.accounts.queries import are_two_persons
from app.core import files
from app.core.db import db, release
from app.core.errors import Refused
from app.core.guards import Role, staff, stepped_up, uploads
from app.core.i18n import translated
from app.core.sealing import unseal
from app.core.web import page, saved
from app.households import actions
from app.households.forms import EvidenceForm, OwnersForm, PhoneForm, WhyForm
from app.households.home_desk import bp, load_change, load_household
from app.households.models import HomeChange
from app.households.queries import contacts_of, owners_named, waiting_changes
from app.roster.models import Household
from app.rounds.queries import counting_round


@bp.route("/households/<int:household_id>/phones", methods=["GET", "POST"])
@uploads(12)
@staff()
@stepped_up
def phones(household_id: int) -> Response:
    """Propose another phone for a home, or the end of one."""
    household = load_household(household_id)
    current = [contact for contact in contacts_of(household_id) if contact.ended_at is None]
    form = PhoneForm(current)
    told = {"household": household, "contacts": current, "is_counting": _is_counting(household)}

    def propose(home: Household) -> HomeChange:
        return actions.propose_phone(home, form.change(), form.evidence(), by=current_user)

    return _proposed(household_id, form, propose, "households/staff/phones.html", told)


@bp.route("/households/<int:household_id>/owners", methods=["GET", "POST"])
@uploads(12)
@staff()
@stepped_up
def owners(household_id: int) -> Response:
    """Propose that a home changed hands, while no round counts."""
    household, form = load_household(household_id), OwnersForm()
    told = {"household": household, "is_counting": _is_counting(household)}

    def propose(home: Household) -> HomeChange:
        names, since = form.owners(), form.moment()
        return actions.propose_owners(home, names, since, form.evidence(), by=current_user)

    return _proposed(household_id, form, propose, "households/staff/owners.html", told)


@bp.get("/home-changes")
@staff()
def changes() -> Response:
    """What waits for a second person, the oldest first."""
    return page("households/staff/changes.html", changes=waiting_changes(current_user))


@bp.get("/home-changes/<int:home_change_id>")
@staff()
def change(home_change_id: int) -> Response:
    """What exactly is proposed, why, by whom; and whose turn it is."""
    return page("households/staff/change.html", **_told(load_change(home_change_id)))


@bp.route("/home-changes/<int:home_change_id>/approve", methods=["GET", "POST"])
@staff(Role.OFFICE, Role.DISTRICT)
@stepped_up
def approve(home_change_id: int) -> Response:
    """Say once more what will happen; then agree as the second person."""
    found = load_change(home_change_id)
    if request.method == "GET":
        return page("households/staff/change_approve.html", refusal="", **_told(found))
    try:
        actions.approve(found, by=current_user)
    except Refused as refusal:
        db.session.rollback()
        told = _told(load_change(home_change_id))
        return page(
            "households/staff/change_approve.html", 409, refusal=translated(refusal), **told
        )
    flash(_("已同意，现在生效。"))
    return saved(".change", home_change_id=home_change_id)


@bp.route("/home-changes/<int:home_change_id>/decline", methods=["GET", "POST"])
@staff()
def decline(home_change_id: int) -> Response:
    """Say no with a reason, or take one's own proposal back."""
    found, form = load_change(home_change_id), WhyForm()
    if current_user.role == Role.WORKER and found.proposed_by_id != current_user.id:
        abort(403)
    if form.validate_on_submit():
        try:
            actions.decline(found, form.why.data, by=current_user)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            return saved(".change", home_change_id=home_change_id)
    return page("households/staff/change_decline.html", form=form, **_told(found))


@bp.get("/home-changes/<int:home_change_id>/photo")
@staff()
def photo(home_change_id: int) -> Response:
    """The picture of the evidence, unsealed for whoever may decide."""
    found = load_change(home_change_id)
    if found.photo is None:
        abort(404)
    content = unseal(files.read(found.photo))
    answer = make_response(content)
    answer.mimetype = "image/png" if content.startswith(b"\x89PNG") else "image/jpeg"
    return answer


def _proposed(
    household_id: int,
    form: EvidenceForm,
    propose: Callable[[Household], HomeChange],
    template: str,
    told: dict[str, Any],
) -> Response:
    """The form; once it is sent, the proposal that waits."""
    if request.method == "POST":
        # A picture takes seconds to make small: nobody waits for a lock meanwhile.
        release()
    is_valid = form.validate_on_submit()
    household = load_household(household_id)
    if is_valid:
        try:
            made = propose(household)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            flash(_("已提交，等另一位同事同意才生效。"))
            return saved(".change", home_change_id=made.id)
    return page(template, form=form, **{**told, "household": household})


def _is_counting(household: Household) -> bool:
    return counting_round(household.premises.entrance.building.compound_id) is not None


def _told(found: HomeChange) -> dict[str, Any]:
    """What the pages of a change show, and what this person may do with it."""
    may_decide = found.is_waiting and current_user.role != Role.WORKER
    is_own = found.proposed_by_id == current_user.id
    return {
        "change": found,
        "household": found.household,
        "owners": owners_named(found),
        "is_own": is_own,
        "is_counting": _is_counting(found.household),
        "may_approve": may_decide and are_two_persons(found.proposed_by_id, current_user),
        "may_decline": found.is_waiting and (is_own or may_decide),
        "is_last": _is_last(found),
    }


def _is_last(found: HomeChange) -> bool:
    """Whether the home would have no phone on file afterwards."""
    current = [c.id for c in contacts_of(found.household_id) if c.ended_at is None]
    return found.phone is None and current == [found.ending_id]
