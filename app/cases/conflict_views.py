"""Two different words of one household: paper against phone, and co-owners who disagree."""

from typing import Any

from flask import Response
from flask_login import current_user

from app.cases.forms import DisputeForm, ResolutionForm, sent_photo, settlement_form
from app.cases.kinds import CaseKind
from app.cases.line import Subject
from app.cases.prospects import by_answers, foreseen, of_conflict, of_silence
from app.cases.sight import bp, sees_sides, sides_of
from app.cases.story import filed
from app.core.db import db
from app.core.guards import WITH_AUDITORS, Role, must_reach, staff, uploads
from app.core.web import page, saved
from app.roster.models import Contact
from app.rounds import casting
from app.rounds import conflicts as rivals
from app.rounds.cases import Conflict, DecisionKind
from app.rounds.decisions import AlreadyProposed, waiting
from app.rounds.lifecycle import Verb, is_allowed
from app.rounds.loading import load_entry, load_round
from app.rounds.models import RegisterEntry, Voice
from app.rounds.tallies import divided_homes

_KINDS = (DecisionKind.CONFLICT, DecisionKind.DISPUTE, DecisionKind.DISPUTE_END)


@bp.get("/rounds/<int:round_id>/conflicts")
@staff(*WITH_AUDITORS)
def conflicts(round_id: int) -> Response:
    """Households that said two different things, and those whose co-owners disagree."""
    round_ = load_round(round_id)
    proposed = {w.entry_id: w for w in waiting(round_id) if w.kind in _KINDS}
    return page(
        "cases/staff/conflicts.html",
        round=round_,
        conflicts=rivals.open_conflicts(round_id),
        resolved=rivals.resolved_conflicts(round_id),
        disputed=rivals.disputed_entries(round_id),
        proposed=proposed,
        divided=divided_homes(round_),
    )


@bp.route("/conflicts/<int:conflict_id>/resolve", methods=["GET", "POST"])
@uploads(11)
@staff(Role.WORKER, Role.OFFICE, Role.DISTRICT)
def resolve(conflict_id: int) -> Response:
    """Propose which of the two votes is to count."""
    form, conflict = ResolutionForm(sent_photo()), _load_conflict(conflict_id)
    if form.validate_on_submit():
        keep_held, grounds = form.keep.data == "held", form.grounds()
        try:
            made = rivals.propose_resolution(
                conflict, keep_held=keep_held, grounds=grounds, by=current_user
            )
        except AlreadyProposed as refusal:
            form.refuse(refusal)
        else:
            return saved(".decision", decision_id=made.id)
    return _resolve_page(conflict, form)


@bp.route("/entries/<int:entry_id>/dispute", methods=["GET", "POST"])
@uploads(11)
@staff(Role.WORKER, Role.OFFICE, Role.DISTRICT)
def dispute(entry_id: int) -> Response:
    """Propose to count nothing for a household whose co-owners disagree."""
    form, entry = DisputeForm(sent_photo()), load_entry(entry_id)
    if form.validate_on_submit():
        try:
            made = rivals.propose_dispute(entry, form.grounds(), by=current_user)
        except AlreadyProposed as refusal:
            form.refuse(refusal)
        else:
            return saved(".decision", decision_id=made.id)
    told = foreseen(of_silence(entry), tells_choices=False) if _is_disputable(entry) else None
    names: dict[str, Any] = {"round": entry.round, "entry": entry, "foreseen": told}
    return page("cases/staff/dispute.html", form=form, **names)


@bp.route("/entries/<int:entry_id>/settle", methods=["GET", "POST"])
@uploads(11)
@staff(Role.OFFICE, Role.DISTRICT)
def settle(entry_id: int) -> Response:
    """Propose to count the one form that all co-owners signed."""
    sent, entry = sent_photo(), load_entry(entry_id)
    form = settlement_form(entry, sent)
    if form.validate_on_submit():
        choices, grounds = form.choices(), form.grounds()
        try:
            made = rivals.propose_settlement(entry, choices, grounds, by=current_user)
        except (AlreadyProposed, casting.Incomplete) as refusal:
            form.refuse(refusal)
        else:
            return saved(".decision", decision_id=made.id)
    names: dict[str, Any] = {"entry": entry, "ways": by_answers(entry)}
    return page("cases/staff/dispute_settle.html", form=form, round=entry.round, **names)


def _load_conflict(conflict_id: int) -> Conflict:
    conflict: Conflict = db.get_or_abort(Conflict, conflict_id)
    must_reach(conflict.entry.round.compound.area.path)
    return conflict


def _contacts(conflict: Conflict) -> list[Contact]:
    """The phones that are on file for the home now."""
    home = conflict.entry.household
    return [one for one in home.contacts if one.ended_at is None] if home else []


def _is_disputable(entry: RegisterEntry) -> bool:
    return (
        is_allowed(Verb.SETTLE, entry.round.state)
        and entry.voice != Voice.DISPUTED
        and entry.removed_at is None
    )


def _resolve_page(conflict: Conflict, form: ResolutionForm) -> Response:
    tells = sees_sides(conflict, current_user)
    is_open = conflict.resolved_at is None
    return page(
        "cases/staff/conflict_resolve.html",
        form=form,
        round=conflict.entry.round,
        conflict=conflict,
        **filed(Subject(CaseKind.CONFLICT, conflict.id), current_user),
        contacts=_contacts(conflict),
        sides=sides_of(conflict, current_user, tells_choices=tells),
        foreseen=foreseen(of_conflict(conflict, keep_held=True), tells_choices=tells)
        if is_open
        else None,
        waiting=[
            w
            for w in waiting(conflict.round_id, DecisionKind.CONFLICT)
            if w.entry == conflict.entry
        ],
    )
