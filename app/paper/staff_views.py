"""The register of forms: what was printed and what became of it, batches, gaps, exports, hints."""

from io import BytesIO
from typing import Any

from flask import Response, abort, flash, make_response, redirect, request, send_file, url_for
from flask_babel import gettext as _
from flask_login import current_user

from app.core import clock, files, pdf
from app.core.errors import Refused
from app.core.guards import Role, must_reach, staff, stepped_up
from app.core.i18n import say
from app.core.jobs import progress_of
from app.core.paging import paged
from app.core.web import asked_number, handed_out, page, saved, spreadsheet
from app.paper import actions, queries
from app.paper.actions import Place
from app.paper.exports import table_of_batches, table_of_forms
from app.paper.form_desk import bp, building_of, entrance_of, load_batch, load_form
from app.paper.forms import ConfirmForm, JudgeForm, OrderForm, VoidForm
from app.paper.habits import habits_of
from app.paper.models import REPLACEABLE, FormState, PaperBatch, PaperForm, VoidReason
from app.paper.serials import Misread, read_serial
from app.rounds.loading import load_entry, load_round
from app.rounds.models import Round


@bp.get("/rounds/<int:round_id>/paper")
@staff()
def overview(round_id: int) -> Response:
    """What was printed and what became of it: the sums, the batches, what waits."""
    round_ = load_round(round_id)
    return page(
        "paper/overview.html",
        round=round_,
        sums=queries.sums_of(round_id),
        batches=queries.batches_of(round_id),
        of_batch=queries.sums_by_batch(round_id),
        waiting=paged(queries.waiting_for(current_user, round_id=round_id), 1, size=1).total,
        wanting=queries.wanting_paper(round_id),
        asked_void=queries.asked_void(round_id),
        without_form=queries.without_form(round_id),
        is_in_use=round_.state in queries.IN_USE,
        may_watch=current_user.role != Role.WORKER,
    )


@bp.route("/rounds/<int:round_id>/paper/print", methods=["GET", "POST"])
@staff()
def print_forms(round_id: int) -> Response:
    """Say how many forms there would be, then number and print them."""
    round_ = load_round(round_id)
    holding = queries.live_forms(round_id)
    asked = queries.entries_to_ask(round_) if round_.state in queries.IN_USE else []
    fresh = [entry for entry in asked if entry.id not in holding]
    form = OrderForm.of(round_.compound, fresh)
    if form.validate_on_submit():
        try:
            batch = actions.order_forms(round_, _place(round_, form), by=current_user)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            return saved(".batch", batch_id=batch.id)
    counts = {"fresh": len(fresh), "holding": len(asked) - len(fresh)}
    return page("paper/print.html", form=form, round=round_, has_pdf=pdf.is_available(), **counts)


@bp.route("/paper/entries/<int:entry_id>/print", methods=["GET", "POST"])
@staff()
def print_one(entry_id: int) -> Response:
    """Ask, then print one form for one household; the one it holds is void from then on."""
    entry, form = load_entry(entry_id), ConfirmForm()
    round_ = entry.round
    held = queries.live_forms(round_.id).get(entry.id)
    if form.validate_on_submit():
        try:
            batch = actions.order_form(round_, entry, by=current_user)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            return saved(".batch", batch_id=batch.id)
    return page("paper/print_one.html", form=form, round=round_, entry=entry, held=held)


@bp.get("/paper/batches/<int:batch_id>")
@staff()
def batch(batch_id: int) -> Response:
    """A batch: its PDF, and how far its forms are."""
    found = load_batch(batch_id)
    sums = queries.sums_by_batch(found.round_id)[batch_id]
    return page(
        "paper/batch.html",
        batch=found,
        round=found.round,
        sums=sums,
        progress=progress_of(found.job),
        refusal=say(found.job.refusal or ""),
        is_mine=found.job.asked_by_id == current_user.id,
        is_there=_is_there(found),
    )


@bp.post("/paper/batches/<int:batch_id>/pdf")
@staff()
def print_again(batch_id: int) -> Response:
    """Lay the same numbers out again."""
    found = load_batch(batch_id)
    actions.print_again(found, by=current_user)
    return saved(".batch", batch_id=batch_id)


@bp.get("/paper/batches/<int:batch_id>/file")
@staff()
def download(batch_id: int) -> Response:
    """The PDF of a batch while it is kept; afterwards 410."""
    found = load_batch(batch_id)
    if not _is_there(found):
        abort(410 if found.job.is_finished else 404)
    content = files.read(found.file_at(clock.now()) or "")
    name = f"{_('纸质表')}-{found.round.compound.name}-{found.number}.pdf"
    answer = send_file(BytesIO(content), "application/pdf", as_attachment=True, download_name=name)
    answer.headers["Cache-Control"] = "no-store"
    return answer


@bp.get("/rounds/<int:round_id>/paper/forms")
@staff()
def register(round_id: int) -> Response:
    """Every number that was printed, page by page; `state`, `building` and `batch` narrow it."""
    round_, state = load_round(round_id), _asked_state()
    building, batch_id = asked_number("building"), asked_number("batch")
    found = queries.register_of_forms(
        round_id, state=state, building_id=building, batch_id=batch_id
    )
    return page(
        "paper/register.html",
        round=round_,
        forms=paged(found, asked_number("page")),
        chosen={"state": state, "building": building},
        states=list(FormState),
        sums=queries.sums_of(round_id),
    )


@bp.get("/paper/forms/<int:form_id>")
@staff()
def form(form_id: int) -> Response:
    """One form: what became of it, and what can be done with it now."""
    load_form(form_id)
    found = queries.whole_form(form_id) or abort(404)
    may_key = found.is_waiting and queries.may_key(found, current_user)
    return page(
        "paper/form.html",
        paper=found,
        round=found.round,
        may_key=may_key and found.round.is_open,
        sees_photo=bool(found.photo_file) and queries.sees_photo(found, current_user),
        may_void=_may_void(found.state) and not found.awaits_void,
        may_judge=_may_void(found.state) and found.awaits_void,
        is_replaceable=found.state in REPLACEABLE,
        is_in_use=found.round.state in queries.IN_USE,
    )


@bp.get("/paper/s/<string:serial>")
@staff()
def by_serial(serial: str) -> Response:
    """What a scanned code leads to: the page of its form."""
    try:
        found = queries.form_of_serial(read_serial(serial)) or abort(404)
    except Misread:
        abort(404)
    must_reach(found.round.compound.area.path)
    return make_response(redirect(url_for(".form", form_id=found.id)))


@bp.route("/paper/forms/<int:form_id>/void", methods=["GET", "POST"])
@staff()
def void(form_id: int) -> Response:
    """Say that a form is worth nothing, and why; for one that came back a second is asked."""
    found, form = _load_to_void(form_id), VoidForm()
    if form.validate_on_submit():
        deed = actions.ask_to_void if found.is_waiting else actions.void_form
        try:
            deed(found, VoidReason(form.reason.data), form.note.data, by=current_user)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            told = _("已提出，等另一个人同意。") if found.is_waiting else _("已作废。")
            flash(f"{found.serial} {told}")
            return saved(".form", form_id=form_id)
    return page("paper/void.html", form=form, paper=found, round=found.round)


@bp.route("/paper/forms/<int:form_id>/void/judge", methods=["GET", "POST"])
@staff(Role.OFFICE, Role.DISTRICT)
def judge_void(form_id: int) -> Response:
    """Agree as the second person that a form is void, or keep it."""
    found, form = _load_to_void(form_id), JudgeForm()
    if form.validate_on_submit():
        deed = actions.agree_to_void if form.verdict.data == "agree" else actions.keep_form
        try:
            deed(found, by=current_user)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            return saved(".form", form_id=form_id)
    return page("paper/judge_void.html", form=form, paper=found, round=found.round)


@bp.route("/rounds/<int:round_id>/paper/forms.xlsx", methods=["GET", "POST"])
@staff()
@stepped_up
def register_file(round_id: int) -> Response:
    """Say what the register of forms will hold; then hand it out, and record that it was."""
    round_, form = load_round(round_id), ConfirmForm()
    forms = queries.sums_of(round_id).all
    if not form.validate_on_submit():
        return page("paper/export.html", form=form, round=round_, count=forms)
    actions.note_export(round_, forms, by=current_user)
    name = f"{_('纸质表登记')}-{round_.compound.name}"
    return handed_out(name, [table_of_forms(round_)])


@bp.get("/rounds/<int:round_id>/paper/batches.xlsx")
@staff()
@stepped_up
def batches_file(round_id: int) -> Response:
    """The batches and how far each is."""
    round_ = load_round(round_id)
    return spreadsheet(f"{_('纸质表批次')}-{round_.compound.name}", [table_of_batches(round_)])


@bp.get("/rounds/<int:round_id>/paper/hints")
@staff(Role.OFFICE, Role.DISTRICT)
def hints(round_id: int) -> Response:
    """What a supervisor may want to look at in how forms were keyed."""
    round_ = load_round(round_id)
    return page("paper/hints.html", round=round_, habits=habits_of(round_))


def _place(round_: Round, form: OrderForm) -> Place:
    kind, found = form.chosen()
    compound = round_.compound
    entrance = entrance_of(compound, found) if kind == "e" else None
    building = entrance.building if entrance else building_of(compound, found)
    return Place(building if kind else None, entrance)


def _asked_state() -> FormState | None:
    wanted: Any = request.args.get("state", "")
    return FormState(wanted) if wanted in list(FormState) else None


def _is_there(found: PaperBatch) -> bool:
    name = found.file_at(clock.now())
    return name is not None and files.path_of(name).exists()


def _load_to_void(form_id: int) -> PaperForm:
    found = load_form(form_id)
    if not _may_void(found.state):
        abort(403)
    return found


def _may_void(state: FormState) -> bool:
    """A worker may void what nobody signed; what came back signed, only the office."""
    if state in (FormState.VOID, FormState.COUNTED):
        return False
    return state in REPLACEABLE or current_user.role != Role.WORKER
