"""The register of a round: who is counted and why, and how two persons change it once frozen."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, abort, flash
from flask_babel import gettext as _
from flask_login import current_user

from app.cases import prospects
from app.cases.forms import sent_photo
from app.cases.register_forms import ChangeForm, TransferForm
from app.cases.shifts import Shift
from app.core.db import db
from app.core.errors import Refused
from app.core.guards import WITH_AUDITORS, may_open, staff, stepped_up, uploads
from app.core.web import asked_number, page, saved
from app.roster.models import Building, Premises
from app.rounds import queries
from app.rounds import register as entries
from app.rounds.cases import Decision
from app.rounds.lifecycle import Verb, is_allowed
from app.rounds.listing import (
    absent_premises,
    changes_of,
    held_with,
    household_of,
    listing_of,
    outdated,
    since_publication,
)
from app.rounds.loading import load_entry, load_round
from app.rounds.models import RegisterEntry, Round
from app.rounds.profile import case_of
from app.rounds.wording import as_household, as_property, case_name

bp = Blueprint("cases_register", __name__, url_prefix="/desk")


@bp.get("/rounds/<int:round_id>/register")
@staff(*WITH_AUDITORS)
def register(round_id: int) -> Response:
    """The register by doors, one building at a time: as frozen, or as the roster would make it."""
    round_ = load_round(round_id)
    building = _chosen_building(round_)
    return page(
        "cases/staff/register.html",
        round=round_,
        building=building,
        listing=listing_of(round_),
        outdated=outdated(round_, building) if building else set(),
        since=since_publication(round_),
        changes=queries.register_changes(round_id),
        may_change=_may_change(round_),
    )


@bp.get("/entries/<int:entry_id>")
@staff(*WITH_AUDITORS)
def entry(entry_id: int) -> Response:
    """One entry: how it counts, what was decided about it, and what may be asked for."""
    found = load_entry(entry_id)
    return page("cases/staff/register_entry.html", **_told(found), history=changes_of(found))


@bp.route("/rounds/<int:round_id>/register/add", methods=["GET", "POST"])
@uploads(11)
@staff()
@stepped_up
def add(round_id: int) -> Response:
    """Choose premises that are on the roster only (`?premises=`), and ask to put them on."""
    sent, round_ = sent_photo(), load_round(round_id)
    premises = _asked_premises(round_)
    if premises is None:
        absent = absent_premises(round_)
        return page("cases/staff/register_absent.html", round=round_, absent=absent)
    form = ChangeForm(sent)
    told = {"round": round_, "premises": premises, "case": _case_of(round_, premises)}
    told["foreseen"] = _foreseen(prospects.of_addition(round_, premises))
    return _proposed(
        form,
        lambda: entries.propose_addition(round_, premises, form.grounds(), by=current_user),
        "cases/staff/register_add.html",
        told,
    )


@bp.route("/entries/<int:entry_id>/remove", methods=["GET", "POST"])
@uploads(11)
@staff()
@stepped_up
def remove(entry_id: int) -> Response:
    """Ask to strike an entry off."""
    form, found = ChangeForm(sent_photo()), load_entry(entry_id)
    return _proposed(
        form,
        lambda: entries.propose_removal(found, form.grounds(), by=current_user),
        "cases/staff/register_remove.html",
        {**_told(found), "foreseen": _foreseen(prospects.of_removal(found))},
    )


@bp.route("/entries/<int:entry_id>/correct", methods=["GET", "POST"])
@uploads(11)
@staff()
@stepped_up
def correct(entry_id: int) -> Response:
    """Ask to let an entry say what the roster says now."""
    form, found = ChangeForm(sent_photo()), load_entry(entry_id)
    return _proposed(
        form,
        lambda: entries.propose_correction(found, form.grounds(), by=current_user),
        "cases/staff/register_correct.html",
        {
            **_told(found),
            "now": _as_now(found),
            "foreseen": _foreseen(prospects.of_correction(found)),
        },
    )


@bp.route("/entries/<int:entry_id>/transfer", methods=["GET", "POST"])
@uploads(11)
@staff()
@stepped_up
def transfer(entry_id: int) -> Response:
    """Ask to note that premises changed hands."""
    form, found = TransferForm(sent_photo()), load_entry(entry_id)
    return _proposed(
        form,
        lambda: entries.propose_transfer(found, form.owners(), form.grounds(), by=current_user),
        "cases/staff/register_transfer.html",
        {**_told(found), "foreseen": prospects.Prospect("")},
    )


def _proposed(
    form: ChangeForm, propose: Callable[[], Decision], template: str, told: dict[str, Any]
) -> Response:
    """The form with what would happen; once it is sent, the proposal that waits."""
    if form.validate_on_submit():
        try:
            decision = propose()
        except Refused as refusal:
            form.refuse(refusal)
        else:
            flash(_("已提交，等另一位同事同意才生效。"))
            return saved("cases.decision", decision_id=decision.id)
    return page(template, form=form, **told)


def _foreseen(shift: Shift) -> prospects.Prospect:
    return prospects.foreseen(shift, tells_choices=False)


def _told(found: RegisterEntry) -> dict[str, Any]:
    """What every page about an entry shows of it."""
    return {
        "round": found.round,
        "entry": found,
        "kind": case_name(found.case),
        "among_households": as_household(found.case, counts=found.is_household),
        "among_owners": as_property(found.case, counts=found.is_property),
        "may_change": _may_change(found.round) and found.removed_at is None,
        "differs": found.removed_at is None and bool(entries.differences(found)),
        "held": held_with(found) if found.is_property else 1,
    }


def _as_now(found: RegisterEntry) -> dict[str, Any]:
    """What the roster says of an entry now, in the same words."""
    return _case_of(found.round, found.premises)


def _case_of(round_: Round, premises: Premises) -> dict[str, Any]:
    home, entrance = household_of(premises), premises.entrance
    rows = entries.entries_values(premises, home, round_.switches)
    case = case_of(premises.use, premises.ownership, premises.occupancy)
    is_household = any(row["is_household"] for row in rows)
    is_property = any(row["is_property"] for row in rows)
    return {
        "label": f"{entrance.building.name}{entrance.name}{premises.room}",
        "size": premises.size,
        "holder": rows[0]["holder"] if rows else "",
        "kind": case_name(case),
        "among_households": as_household(case, counts=is_household),
        "among_owners": as_property(case, counts=is_property),
    }


def _may_change(round_: Round) -> bool:
    if not may_open("cases_register.add"):
        return False
    return is_allowed(Verb.CHANGE_REGISTER, round_.state)


def _chosen_building(round_: Round) -> Building | None:
    """The building asked for; none of another compound is ever shown."""
    wanted = asked_number("building")
    found = [each for each in round_.compound.buildings if wanted in (None, each.id)]
    if wanted is not None and not found:
        abort(404)
    return found[0] if found else None


def _asked_premises(round_: Round) -> Premises | None:
    """The premises asked for, when they are of this compound."""
    wanted = asked_number("premises")
    if wanted is None:
        return None
    premises: Premises = db.get_or_abort(Premises, wanted)
    if premises.entrance.building.compound_id != round_.compound_id:
        abort(404)
    return premises
