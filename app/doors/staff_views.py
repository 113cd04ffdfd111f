"""The office at the doors: the list, one door, one staircase, calls, who walks where, paper."""

from collections.abc import Mapping
from io import BytesIO
from typing import Any

from flask import Blueprint, Response, abort, flash, make_response, request, send_file, url_for
from flask_babel import gettext as _
from flask_login import current_user

from app.accounts.models import Staff
from app.core import pdf
from app.core.db import db, release
from app.core.errors import Refused
from app.core.format import masked_name
from app.core.guards import Role, must_reach, staff, stepped_up
from app.core.i18n import pack
from app.core.web import asked_number, page, saved, spreadsheet
from app.doors import actions, ledger, printing, queries
from app.doors.calls import calls_of
from app.doors.forms import ContactForm, ShareForm, VisitForm
from app.doors.models import AT_THE_DOOR, AssignmentChange, Outcome, Visit
from app.doors.queries import NEVER, Wanted
from app.roster.models import Occupancy
from app.rounds.assisting import assisted_by_worker
from app.rounds.loading import load_entry, load_round
from app.rounds.models import RegisterEntry, Round, Voice

bp = Blueprint("doors_staff", __name__, url_prefix="/desk")

# What the list may be asked for by a word; `me` and `nobody` are whose doors.
_WHO = {"nobody": 0}
_FILTERS = ("building", "entrance", "state", "outcome", "due", "who")
_BACK = ("walk", "calls")


@bp.get("/rounds/<int:round_id>/doors")
@staff()
def doors(round_id: int) -> Response:
    """Doors of households that do not count yet, in the order of walking, and whose they are."""
    round_ = load_round(round_id)
    return _list_page(round_, ShareForm(queries.walkers_of(round_.compound), ()))


@bp.post("/rounds/<int:round_id>/doors/share")
@staff()
def share_out(round_id: int) -> Response:
    """Give the ticked doors, or all that the list was narrowed to, to a worker."""
    round_ = load_round(round_id)
    found = queries.door_ids(round_.id, _wanted())
    form = ShareForm(queries.walkers_of(round_.compound), found)
    if form.validate():
        worker = db.session.get(Staff, form.worker_id) if form.worker_id else None
        try:
            shared = actions.share_out(round_, form.chosen(), worker, by=current_user)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            return saved(".shared", change_id=shared.change_id)
    return _list_page(round_, form)


@bp.get("/assignments/<int:change_id>")
@staff()
def shared(change_id: int) -> Response:
    """What was shared out just now, and the way to take it back."""
    change = _load_change(change_id)
    may_undo = change.may_be_taken_back(current_user)
    return page("doors/shared.html", change=change, round=change.round, may_undo=may_undo)


@bp.post("/assignments/<int:change_id>/undo")
@staff()
def undo(change_id: int) -> Response:
    """Let every door be whose it was before."""
    change = _load_change(change_id)
    undone = actions.take_back(change, by=current_user)
    flash(_("已撤销：%(count)s 户回到原来的分工。", count=undone.doors))
    return saved(".doors", round_id=change.round_id)


@bp.get("/doors/<int:entry_id>")
@staff()
def door(entry_id: int) -> Response:
    """One door: whom one finds there, what came of earlier knocks, and the buttons for this one."""
    return _door_page(_load_home(entry_id), VisitForm().begin())


@bp.post("/doors/<int:entry_id>/visits")
@staff()
def visit(entry_id: int) -> Response:
    """Record what came of a knock; as JSON for a phone that retries on a weak line."""
    entry, form = _load_home(entry_id), VisitForm()
    if form.validate():
        try:
            recorded = actions.record_visit(entry, form.attempt(), by=current_user)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            return _recorded(entry, form, recorded)
    if _wants_json():
        errors = " ".join(message for _field, message in form.error_list())
        return make_response({"status": "refused", "error": errors}, 409)
    return _door_page(entry, form.begin())


@bp.post("/visits/<int:visit_id>/undo")
@staff()
def undo_visit(visit_id: int) -> Response:
    """Take back what was tapped by mistake; as JSON for the page that it was tapped on."""
    found: Visit = db.get_or_abort(Visit, visit_id)
    must_reach(found.entry.round.compound.area.path)
    actions.take_back_visit(found, by=current_user)
    response = saved(".door", entry_id=found.entry_id)
    if _wants_json():
        return make_response({"status": "undone"})
    flash(_("已撤销：%(outcome)s。", outcome=found.outcome.label))
    return response


@bp.route("/doors/<int:entry_id>/contact", methods=["GET", "POST"])
@staff()
def contact(entry_id: int) -> Response:
    """Record any other attempt: a call, a message, a poster, a letter, a signed receipt."""
    entry, form = _load_home(entry_id), ContactForm()
    if form.validate_on_submit():
        try:
            actions.record_visit(entry, form.attempt(), by=current_user)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            flash(_("已记下。"))
            return saved(".door", entry_id=entry_id)
    return page("doors/contact.html", form=form, entry=entry, round=entry.round)


@bp.get("/rounds/<int:round_id>/doors/walk")
@staff()
def walk(round_id: int) -> Response:
    """One staircase on one page, so that it is enough to have had a line at the house door."""
    round_, entrance_id = load_round(round_id), asked_number("entrance")
    places = queries.places_of(round_.id)
    here = next((place for place in places if place.entrance_id == entrance_id), None)
    return page(
        "doors/walk.html",
        round=round_,
        places=places,
        here=here,
        doors=queries.all_doors(round_.id, Wanted(entrance_id=entrance_id)) if here else [],
        form=VisitForm(),
        request_ids=VisitForm.new_request_id,
        **_words(),
    )


@bp.get("/rounds/<int:round_id>/calls")
@staff()
def calls(round_id: int) -> Response:
    """Whom to call, with what they wrote; those who were called below."""
    round_ = load_round(round_id)
    found = calls_of(round_id)
    return page(
        "doors/calls.html",
        round=round_,
        waiting=[call for call in found if call.called_at is None],
        called=[call for call in found if call.called_at],
        form=VisitForm(),
        request_ids=VisitForm.new_request_id,
        **_words(),
    )


@bp.get("/rounds/<int:round_id>/doors/print")
@staff()
def print_page(round_id: int) -> Response:
    """The list on paper, a page for each entrance, with room to write."""
    round_ = load_round(round_id)
    links = [(_("返回名单"), url_for(".doors", round_id=round_id, **_asked()))]
    if pdf.is_available():
        links.append((_("下载 PDF"), url_for(".print_pdf", round_id=round_id, **_asked())))
    hint = _("按 Ctrl+P 打印；纸张选 A4，缩放选 100 %%。") % ()
    bar = {"language": pack().tag, "links": links, "hint": hint}
    stairs = printing.stairs_of(round_, _wanted())
    return make_response(printing.list_html(round_, stairs, on_screen=True, toolbar=bar))


@bp.get("/rounds/<int:round_id>/doors.pdf")
@staff()
def print_pdf(round_id: int) -> Response:
    """The same as PDF."""
    round_ = load_round(round_id)
    parts = printing.list_parts(round_, printing.stairs_of(round_, _wanted()))
    name = _("上门名单-%(compound)s.pdf", compound=round_.compound.name)
    release()
    content = BytesIO(pdf.join_pdf(parts, pdf.print_css(), lambda _done: None))
    answer = send_file(content, "application/pdf", as_attachment=True, download_name=name)
    answer.headers["Cache-Control"] = "no-store"
    return answer


@bp.get("/rounds/<int:round_id>/doors.xlsx")
@staff()
@stepped_up
def doors_sheet(round_id: int) -> Response:
    """The list, as it was narrowed down, as a spreadsheet."""
    round_ = load_round(round_id)
    return spreadsheet(_("上门名单"), [ledger.table_of_doors(round_, _wanted())])


@bp.get("/rounds/<int:round_id>/visits.xlsx")
@staff()
@stepped_up
def visits_sheet(round_id: int) -> Response:
    """Every attempt to reach a home, as the office keeps its ledger."""
    round_ = load_round(round_id)
    return spreadsheet(_("送达与入户登记"), [ledger.table_of_visits(round_)])


def _load_home(entry_id: int) -> RegisterEntry:
    """A home on a register within scope; shops and offices have no door of this kind."""
    entry = load_entry(entry_id)
    if not entry.is_household:
        abort(404)
    return entry


def _load_change(change_id: int) -> AssignmentChange:
    found: AssignmentChange = db.get_or_abort(AssignmentChange, change_id)
    must_reach(found.round.compound.area.path)
    return found


def _wanted() -> Wanted:
    """What the address asks for; what makes no sense is not asked."""
    voices = {voice.value: voice for voice in Voice if voice != Voice.COUNTED}
    who, outcome = request.args.get("who", ""), request.args.get("outcome", "")
    return Wanted(
        building_id=asked_number("building"),
        entrance_id=asked_number("entrance"),
        voice=voices.get(request.args.get("state", "")),
        outcome=outcome if outcome in {NEVER, *Outcome} else "",
        is_due=request.args.get("due") == "1",
        worker_id={**_WHO, "me": current_user.id}.get(who, asked_number("who")),
    )


def _asked() -> dict[str, Any]:
    """The filters of this address, for the way to another one; never which page."""
    return {name: request.args[name] for name in _FILTERS if request.args.get(name)}


def _words() -> Mapping[str, Any]:
    return {"at_the_door": AT_THE_DOOR, "Voice": Voice, "Occupancy": Occupancy}


def _list_page(round_: Round, form: ShareForm) -> Response:
    return page(
        "doors/doors.html",
        round=round_,
        form=form,
        found=queries.doors_page(round_.id, _wanted(), asked_number("page")),
        places=queries.places_of(round_.id),
        voices=queries.voices_of(round_.id),
        walkers=form.walkers,
        asked=_asked(),
        filters={name: request.args.get(name, "") for name in _FILTERS},
        outcomes=Outcome,
        helpers=[] if current_user.role == Role.WORKER else assisted_by_worker(round_.id),
        **_words(),
    )


def _door_page(entry: RegisterEntry, form: VisitForm) -> Response:
    home: Any = entry.household
    visits = queries.visits_of(entry.id)
    return page(
        "doors/door.html",
        form=form,
        entry=entry,
        round=entry.round,
        owners=queries.owner_names([entry.premises_id]).get(entry.premises_id, ()),
        contacts=[one for one in home.contacts if one.ended_at is None],
        visits=visits,
        may_undo=[one.id for one in visits if queries.may_take_back(one, current_user)],
        worker=queries.worker_of(entry.id),
        masked_name=masked_name,
        **_words(),
    )


def _recorded(entry: RegisterEntry, form: VisitForm, recorded: actions.Recorded) -> Response:
    """Back to the page on which the button was pressed."""
    back = form.back.data if form.back.data in _BACK else ""
    if back == "walk":
        where = {"round_id": entry.round_id, "entrance": entry.entrance_id}
        response = saved(".walk", _anchor=f"d{entry.id}", **where)
    elif back:
        response = saved(".calls", round_id=entry.round_id)
    else:
        response = saved(".door", entry_id=entry.id)
    if _wants_json():
        undo = url_for(".undo_visit", visit_id=recorded.visit_id)
        return make_response({"status": "recorded", "id": recorded.visit_id, "undo": undo})
    flash(_("已记下：%(outcome)s。", outcome=Outcome(form.outcome.data).label))
    return response


def _wants_json() -> bool:
    return request.accept_mimetypes.best == "application/json"
