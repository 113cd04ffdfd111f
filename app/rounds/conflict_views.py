"""Two different words of one household: paper against phone, and co-owners who disagree."""

from flask import Response
from flask_login import current_user

from app.core.db import db
from app.core.guards import WITH_AUDITORS, Role, must_reach, staff
from app.core.web import page, saved
from app.rounds import casting
from app.rounds import conflicts as rivals
from app.rounds.case_desk import bp, load_entry, load_round, sees_choices, sides_of
from app.rounds.case_forms import DisputeForm, ResolutionForm, settlement_form
from app.rounds.cases import Conflict, DecisionKind
from app.rounds.decisions import AlreadyProposed, waiting
from app.rounds.lifecycle import Verb, is_allowed
from app.rounds.models import RegisterEntry, Voice
from app.rounds.prospects import of_conflict, of_silence
from app.rounds.tallies import divided_homes

_KINDS = (DecisionKind.CONFLICT, DecisionKind.DISPUTE, DecisionKind.DISPUTE_END)


@bp.get("/rounds/<int:round_id>/conflicts")
@staff(*WITH_AUDITORS)
def conflicts(round_id: int) -> Response:
    """Households that said two different things, and those whose co-owners disagree."""
    round_ = load_round(round_id)
    proposed = {w.entry_id: w for w in waiting(round_id) if w.kind in _KINDS}
    return page(
        "rounds/staff/conflicts.html",
        round=round_,
        conflicts=rivals.open_conflicts(round_id),
        resolved=rivals.resolved_conflicts(round_id),
        disputed=rivals.disputed_entries(round_id),
        proposed=proposed,
        divided=divided_homes(round_),
    )


@bp.route("/conflicts/<int:conflict_id>/resolve", methods=["GET", "POST"])
@staff(Role.WORKER, Role.OFFICE, Role.DISTRICT)
def resolve(conflict_id: int) -> Response:
    """Propose which of the two votes is to count."""
    conflict, form = _load_conflict(conflict_id), ResolutionForm()
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
@staff(Role.WORKER, Role.OFFICE, Role.DISTRICT)
def dispute(entry_id: int) -> Response:
    """Propose to count nothing for a household whose co-owners disagree."""
    entry, form = load_entry(entry_id), DisputeForm()
    if form.validate_on_submit():
        try:
            made = rivals.propose_dispute(entry, form.grounds(), by=current_user)
        except AlreadyProposed as refusal:
            form.refuse(refusal)
        else:
            return saved(".decision", decision_id=made.id)
    lines = of_silence(entry) if _is_disputable(entry) else None
    return page("rounds/staff/dispute.html", form=form, round=entry.round, entry=entry, lines=lines)


@bp.route("/entries/<int:entry_id>/settle", methods=["GET", "POST"])
@staff(Role.OFFICE, Role.DISTRICT)
def settle(entry_id: int) -> Response:
    """Propose to count the one form that all co-owners signed."""
    entry = load_entry(entry_id)
    form = settlement_form(entry)
    if form.validate_on_submit():
        choices, grounds = form.choices(), form.grounds()
        try:
            made = rivals.propose_settlement(entry, choices, grounds, by=current_user)
        except (AlreadyProposed, casting.Incomplete) as refusal:
            form.refuse(refusal)
        else:
            return saved(".decision", decision_id=made.id)
    return page("rounds/staff/dispute_settle.html", form=form, round=entry.round, entry=entry)


def _load_conflict(conflict_id: int) -> Conflict:
    conflict: Conflict = db.get_or_abort(Conflict, conflict_id)
    must_reach(conflict.entry.round.compound.area.path)
    return conflict


def _is_disputable(entry: RegisterEntry) -> bool:
    return (
        is_allowed(Verb.SETTLE, entry.round.state)
        and entry.voice != Voice.DISPUTED
        and entry.removed_at is None
    )


def _resolve_page(conflict: Conflict, form: ResolutionForm) -> Response:
    tells = sees_choices(conflict.entry.round, current_user)
    is_open = conflict.resolved_at is None
    return page(
        "rounds/staff/conflict_resolve.html",
        form=form,
        round=conflict.entry.round,
        conflict=conflict,
        tells_choices=tells,
        sides=sides_of(conflict, tells_choices=tells),
        lines=of_conflict(conflict, keep_held=True, tells_choices=tells) if is_open else [],
        waiting=[
            w
            for w in waiting(conflict.round_id, DecisionKind.CONFLICT)
            if w.entry == conflict.entry
        ],
    )
