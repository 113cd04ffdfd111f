"""Break-glass: opening what one home chose, with a reason, for minutes, shown to that home."""

from typing import Any

from flask import Response, abort
from flask_login import current_user

from app.core.db import db
from app.core.errors import Refused
from app.core.guards import Role, must_reach, staff, stepped_up
from app.core.i18n import say
from app.core.web import page, saved
from app.households.forms import LookForm
from app.households.home_desk import bp, load_household
from app.households.story import CHOICES
from app.rounds import break_glass, effects
from app.rounds.cases import BreakGlass
from app.rounds.models import RegisterEntry, Vote
from app.rounds.queries import entry_of
from app.rounds.recording import wished_in


@bp.route("/households/<int:household_id>/rounds/<int:round_id>/look", methods=["GET", "POST"])
@staff(Role.OFFICE, Role.DISTRICT)
@stepped_up
def look(household_id: int, round_id: int) -> Response:
    """Ask why; then open the choices for a few minutes."""
    household = load_household(household_id)
    entry = entry_of(round_id, household_id) or abort(404)
    form = LookForm()
    if form.validate_on_submit():
        try:
            opened = break_glass.look(entry, form.reason.data, by=current_user)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            return saved(".opened", look_id=opened.id)
    return page("households/staff/look.html", form=form, household=household, entry=entry)


@bp.get("/looks/<int:look_id>")
@staff(Role.OFFICE, Role.DISTRICT)
def opened(look_id: int) -> Response:
    """What the home chose, for whoever opened it and while it is open; afterwards only that."""
    found: BreakGlass = db.get_or_abort(BreakGlass, look_id)
    must_reach(found.entry.round.compound.area.path)
    if found.by_id != current_user.id:
        abort(403)
    is_open = break_glass.is_open_for(found, current_user)
    vote = effects.last_word(found.entry) if is_open else None
    told: dict[str, Any] = {"look": found, "entry": found.entry, "is_open": is_open}
    lines = _lines(found.entry, vote) if vote else []
    until = found.at + break_glass.OPEN_FOR
    return page("households/staff/opened.html", vote=vote, lines=lines, until=until, **told)


def _lines(entry: RegisterEntry, vote: Vote) -> list[tuple[str, str]]:
    """Each question with what was said to it."""
    said = {choice.matter_id: CHOICES[choice.choice]() for choice in vote.choices}
    lines = []
    for matter in entry.round.matters:
        wishes = "、".join(title for _place, title in wished_in(vote, matter))
        answer = said.get(matter.id, wishes)
        if answer:
            lines.append((say(matter.title), answer))
    return lines
