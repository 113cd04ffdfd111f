"""Homes are looked up, read and listed; their sessions end; messages that did not arrive."""

from typing import Any

from flask import Response, flash, request
from flask_babel import gettext as _
from flask_login import current_user

from app.core.errors import Refused
from app.core.guards import staff, stepped_up
from app.core.paging import paged
from app.core.web import asked_number, handed_out, page, saved
from app.households import actions, listing
from app.households.forms import OccupancyForm, PlainForm
from app.households.home_desk import bp, keep_pace, load_household
from app.households.search import Only, Sought, found_homes, sought
from app.households.story import story_of
from app.households.undelivered import failed_messages
from app.notices.queries import failed_within
from app.roster.correction import note_occupancy
from app.roster.models import Occupancy
from app.rounds.break_glass import MAY_LOOK
from app.rounds.queries import counting_round


@bp.get("/households")
@staff()
def search() -> Response:
    """Find homes by door, name or phone; or all in one state."""
    keep_pace(current_user)
    asked = _asked()
    shows = not (asked.is_empty or asked.is_too_short)
    homes = found_homes(asked, asked_number("page"), by=current_user) if shows else None
    return page("households/staff/search.html", asked=asked, homes=homes, states=list(Only))


@bp.route("/households/export", methods=["GET", "POST"])
@staff()
@stepped_up
def export() -> Response:
    """Say what the list will hold; then hand it out, and record that it was."""
    asked, form = _asked(), PlainForm()
    if not form.validate_on_submit():
        homes = found_homes(asked, 1, by=current_user)
        return page("households/staff/export.html", asked=asked, homes=homes, form=form)
    table, compounds = listing.table_of(asked, by=current_user)
    actions.note_export(compounds, len(table.rows), by=current_user)
    return handed_out(_("住户名单"), [table.as_table()])


@bp.get("/households/<int:household_id>")
@staff()
def home(household_id: int) -> Response:
    """Everything about one home but what it chose."""
    keep_pace(current_user)
    household = load_household(household_id)
    compound = household.premises.entrance.building.compound
    return page(
        "households/staff/home.html",
        story=story_of(household, asked_number("page")),
        household=household,
        compound=compound,
        counting=counting_round(compound.id),
        may_look=current_user.role in MAY_LOOK,
    )


@bp.route("/households/<int:household_id>/sign-out", methods=["GET", "POST"])
@staff()
def sign_out(household_id: int) -> Response:
    """Ask, then end every browser that speaks for this home."""
    household, form = load_household(household_id), PlainForm()
    if form.validate_on_submit():
        actions.sign_out(household, by=current_user)
        flash(_("这一户在所有手机上都已退出，要重新填户码才能进。"))
        return saved(".home", household_id=household_id)
    return page("households/staff/sign_out.html", household=household, form=form)


@bp.route("/households/<int:household_id>/occupancy", methods=["GET", "POST"])
@staff()
def occupancy(household_id: int) -> Response:
    """Say who lives there now, and how one knows."""
    household = load_household(household_id)
    premises = household.premises
    form = OccupancyForm(data={"occupancy": premises.occupancy.value})
    if form.validate_on_submit():
        try:
            state, note = Occupancy(form.occupancy.data), form.note.data
            note_occupancy(premises, state, note, by=current_user)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            return saved(".home", household_id=household_id)
    counting = counting_round(premises.entrance.building.compound_id)
    told: dict[str, Any] = {"household": household, "counting": counting}
    return page("households/staff/occupancy.html", form=form, **told)


@bp.get("/messages")
@staff()
def messages() -> Response:
    """What was not told to homes: which, when, why, and what to do."""
    stretch = paged(failed_within(current_user.area_path), asked_number("page"))
    return page("households/staff/messages.html", messages=failed_messages(stretch))


def _asked() -> Sought:
    args = request.values
    return sought(args.get("q", ""), args.get("state", ""), asked_number("compound"))
