"""The queue of cases, who looks after one and until when, and the photographs that belong to it.

Settling a case stands with its kind, in the other views.
"""

from collections.abc import Callable
from typing import Any

from flask import Response, abort, flash, make_response, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user

from app.cases import actions, evidence, queries
from app.cases.desk_forms import DueForm, HandOverForm, NoteForm
from app.cases.kinds import CaseKind
from app.cases.ledger import cases_table, objections_table
from app.cases.line import Case, Subject, Wanted
from app.cases.sight import bp
from app.cases.story import filed
from app.core.db import db
from app.core.errors import Refused, msg
from app.core.forms import Form
from app.core.guards import WITH_AUDITORS, Identity, must_reach, staff, stepped_up
from app.core.i18n import translated
from app.core.web import asked_number, page, saved, spreadsheet
from app.rounds.cases import AuditItem, Conflict, Decision, Objection
from app.rounds.decisions import waiting
from app.rounds.loading import load_entry, load_round
from app.rounds.models import RegisterEntry, Round, Voice

# The row that a case of each kind is about.
_ROWS: dict[CaseKind, type[Any]] = {
    CaseKind.REPORT: Objection,
    CaseKind.OBJECTION: Objection,
    CaseKind.SLIP: Objection,
    CaseKind.CONFLICT: Conflict,
    CaseKind.DISPUTE: RegisterEntry,
    CaseKind.DECISION: Decision,
    CaseKind.AUDIT: AuditItem,
}


class Settled(Refused):
    """The case is closed, so nobody looks after it any more."""


@bp.get("/cases")
@staff()
def queue() -> Response:
    """Everything within this person's scope that wants settling, the most urgent first."""
    return _queue_page()


@bp.post("/cases/take")
@staff()
def take_over() -> Response:
    """Look after the ticked cases, or let a colleague do so."""
    ticked = filter(None, map(Subject.read, request.form.getlist("case")))
    try:
        number = actions.take_over(ticked, by=current_user, to=_asked_colleague())
    except Refused as refusal:
        return _queue_page(409, translated(refusal))
    flash(ngettext("%(num)d 件已经有人办了。", "%(num)d 件已经有人办了。", number))
    return saved(".queue", **_wanted().as_args())


@bp.get("/cases/cases.xlsx")
@staff()
@stepped_up
def export() -> Response:
    """The queue as it is filtered, for the office's own tables."""
    cases = queries.whole_queue(current_user, _wanted())
    return spreadsheet(_("待办事项"), [cases_table(cases)])


@bp.route("/cases/<string:kind>/<int:subject_id>/hand-over", methods=["GET", "POST"])
@staff()
def hand_over(kind: str, subject_id: int) -> Response:
    """Look after one case, or give it to a colleague who works there."""
    case, round_ = _load_case(kind, subject_id)
    form = HandOverForm([current_user, *_colleagues_at(round_)])
    return _done_with(
        case,
        form,
        _("由谁办"),
        lambda: actions.take_over([case.subject], by=current_user, to=form.chosen()),
    )


@bp.route("/cases/<string:kind>/<int:subject_id>/due", methods=["GET", "POST"])
@staff()
def move_due(kind: str, subject_id: int) -> Response:
    """Give one case another day, with the reason."""
    case, _round = _load_case(kind, subject_id)
    form = DueForm(until=case.due)
    return _done_with(
        case,
        form,
        _("改期限"),
        lambda: actions.move_due(case, form.until.data, form.why.data, by=current_user),
    )


@bp.route("/cases/<string:kind>/<int:subject_id>/note", methods=["GET", "POST"])
@staff()
def write_note(kind: str, subject_id: int) -> Response:
    """Leave a note for colleagues on one case."""
    case, _round = _load_case(kind, subject_id)
    form = NoteForm()
    return _done_with(
        case,
        form,
        _("留言"),
        lambda: actions.write_note(case, form.words.data, by=current_user),
    )


@bp.get("/entries/<int:entry_id>/disputed")
@staff(*WITH_AUDITORS)
def disputed(entry_id: int) -> Response:
    """A household whose co-owners disagree: how it came to that, and what is next."""
    entry = load_entry(entry_id)
    return page(
        "cases/staff/disputed.html",
        round=entry.round,
        entry=entry,
        is_disputed=entry.voice == Voice.DISPUTED,
        proposed=next((one for one in waiting(entry.round_id) if one.entry_id == entry.id), None),
        **filed(Subject(CaseKind.DISPUTE, entry.id), current_user),
    )


@bp.get("/rounds/<int:round_id>/objections.xlsx")
@staff(*WITH_AUDITORS)
@stepped_up
def ledger(round_id: int) -> Response:
    """The ledger of objections as the office files it."""
    round_ = load_round(round_id)
    return spreadsheet(_("异议台账"), [objections_table(round_)])


@bp.get("/decisions/<int:decision_id>/photo")
@staff()
def decision_photo(decision_id: int) -> Response:
    """The photograph that a proposal rests on."""
    return _photo(found := db.get_or_abort(Decision, decision_id), found.proposed_by_id)


@bp.get("/objections/<int:objection_id>/photo")
@staff()
def objection_photo(objection_id: int) -> Response:
    """The photograph that was handed in with an objection."""
    return _photo(found := db.get_or_abort(Objection, objection_id), found.raised_by_id)


def _queue_page(status: int = 200, refusal: str = "") -> Response:
    wanted = _wanted()
    waiting_now = queries.waiting_cases(current_user)
    return page(
        "cases/staff/queue.html",
        status,
        wanted=wanted,
        refusal=refusal,
        found=queries.queue(current_user, wanted, asked_number("page")),
        counts=waiting_now,
        total=sum(one.total for one in waiting_now),
        compounds=queries.compounds_waiting(current_user),
        colleagues=queries.colleagues(current_user),
    )


def _wanted() -> Wanted:
    """What the address, or the form of the queue, asks for."""
    asked, kind = request.values, request.values.get("kind", "")
    return Wanted(
        kind=CaseKind(kind) if kind in set(CaseKind) else None,
        compound_id=asked_number("compound"),
        is_mine="mine" in asked,
        is_overdue="overdue" in asked,
        is_second="second" in asked,
    )


def _load_case(kind: str, subject_id: int) -> tuple[Case, Round]:
    """An open case within the scope of the signed-in person, with its round."""
    if kind not in set(CaseKind):
        abort(404)
    row = db.get_or_abort(_ROWS[CaseKind(kind)], subject_id)
    round_ = db.session.get_one(Round, row.round_id)
    must_reach(round_.compound.area.path)
    case = queries.case_of(Subject(CaseKind(kind), subject_id), current_user)
    if case is None:
        raise Settled(msg("这件事已经办完了。"))
    return case, round_


def _asked_colleague() -> Identity | None:
    """Whom the form names; nobody is oneself, and a stranger is not found."""
    wanted = asked_number("to")
    if not wanted:
        return None
    found = [one for one in queries.colleagues(current_user) if one.id == wanted]
    return found[0] if found else abort(404)


def _colleagues_at(round_: Round) -> list[Identity]:
    path = round_.compound.area.path
    return [one for one in queries.colleagues(current_user) if one.reaches(path)]


def _done_with(case: Case, form: Form, heading: str, action: Callable[[], Any]) -> Response:
    """The form about a case; once it is sent and not refused, the page of the case again."""
    endpoint, at = case.page(current_user.role)
    if form.validate_on_submit():
        try:
            action()
        except Refused as refusal:
            form.refuse(refusal)
        else:
            flash(_("已记下。"))
            return saved(endpoint, **at)
    back = url_for(endpoint, **at)
    return page("cases/staff/case_form.html", form=form, case=case, heading=heading, back=back)


def _photo(found: Decision | Objection, taken_by_id: int | None) -> Response:
    must_reach(found.round.compound.area.path)
    if not evidence.may_see(found.round, taken_by_id, current_user):
        abort(403)
    if found.evidence_digest is None:
        abort(404)
    content, media_type = evidence.shown(found.evidence_digest)
    return make_response(content, {"Content-Type": media_type})
