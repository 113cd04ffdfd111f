"""Helping a home at its door: why, what it says, read aloud, sent; ten minutes and one home."""

from typing import Any

from flask import (
    Blueprint,
    Flask,
    Response,
    abort,
    current_app,
    flash,
    make_response,
    redirect,
    request,
    url_for,
)
from flask_babel import gettext as _
from flask_login import current_user
from itsdangerous import BadSignature

from app.core import clock
from app.core.cookies import forget_note, keep_note, kept_note, note_signer
from app.core.db import db
from app.core.errors import Refused
from app.core.guards import Identity, Role, must_reach, staff
from app.core.i18n import say, translated
from app.core.web import page, saved
from app.doors import actions, queries
from app.doors.assist_forms import HelpedForm, HelpForm
from app.rounds import assisting
from app.rounds.assisting import AssistedSession
from app.rounds.choosing import choices_form
from app.rounds.loading import load_entry
from app.rounds.models import RegisterEntry

bp = Blueprint("doors_assist", __name__, url_prefix="/desk")

# The note with what the home says, between asking and reading aloud.
_SAID = "helped"
# What signs the words that stood on the page that is read aloud: only they are recorded.
_ALOUD = "read-aloud"


@bp.context_processor
def _words() -> dict[str, Any]:
    return {"say": say, "translated": translated}


def end_at_sign_out(_app: Flask, user: Any, **_more: Any) -> None:
    """Whoever signs out of the desk helps nobody any more (RULES.md §4)."""
    if isinstance(user, Identity):
        assisting.end_all(user, how="signed out")


@bp.route("/doors/<int:entry_id>/assist", methods=["GET", "POST"])
@staff(Role.WORKER, Role.OFFICE)
def begin(entry_id: int) -> Response:
    """Say why this home is helped; then the ten minutes begin."""
    entry, form = load_entry(entry_id), HelpForm()
    barrier = _barrier(entry)
    if barrier is None and form.validate_on_submit():
        try:
            session = assisting.begin(entry, form.why(), by=current_user, key=_code_key())
        except Refused as refusal:
            form.refuse(refusal)
        else:
            return saved(".ballot", session_id=session.id)
    return _begin_page(entry, form, barrier)


@bp.get("/assisted/<int:session_id>")
@staff(Role.WORKER, Role.OFFICE)
def ballot(session_id: int) -> Response:
    """Ask the home each question; nothing is chosen beforehand."""
    session = _load_session(session_id)
    form = _kept_form(session)
    if form is None:
        form = choices_form(HelpedForm, session.entry)
        form.begin(_version_of(session))
    return _session_page("doors/ballot.html", session, form)


@bp.post("/assisted/<int:session_id>/review")
@staff(Role.WORKER, Role.OFFICE)
def prepare(session_id: int) -> Response:
    """Keep what the home says until it was read aloud; nothing is recorded."""
    session = _load_session(session_id)
    form = choices_form(HelpedForm, session.entry)
    if not session.goes_on_for(current_user) or not form.validate():
        return _session_page("doors/ballot.html", session, form)
    keep_note(_SAID, {"session": session.id, **form.kept()}, minutes=10)
    return saved(".review", session_id=session_id)


@bp.get("/assisted/<int:session_id>/review")
@staff(Role.WORKER, Role.OFFICE)
def review(session_id: int) -> Response:
    """Home, plan and every answer, to be read aloud before it is sent."""
    session = _load_session(session_id)
    form = _kept_form(session)
    if form is None:
        return make_response(redirect(url_for(".ballot", session_id=session_id), 303))
    kept = {"session": session.id, **form.kept()}
    return _session_page("doors/review.html", session, form, aloud=note_signer(_ALOUD).dumps(kept))


@bp.post("/assisted/<int:session_id>/cast")
@staff(Role.WORKER, Role.OFFICE)
def cast(session_id: int) -> Response:
    """Record what was read aloud to the home, and nothing else; that ends the session."""
    session = _load_session(session_id)
    form = _read_aloud(session)
    if form is None:
        flash(_("请先念给住户听，再提交。"))
        return make_response(redirect(url_for(".review", session_id=session_id), 303))
    said = form.ballot(form.request_id.data, seen=session.seen, plan_number=form.plan_number)
    try:
        actions.submit_helped(session, said, by=current_user)
    except Refused as refusal:
        db.session.rollback()
        return page("doors/not_taken.html", 409, session=session, refusal=refusal)
    forget_note(_SAID)
    return saved(".done", session_id=session_id)


@bp.post("/assisted/<int:session_id>/end")
@staff(Role.WORKER, Role.OFFICE)
def end(session_id: int) -> Response:
    """Stop without recording anything."""
    session = _load_session(session_id)
    assisting.end(session, by=current_user)
    forget_note(_SAID)
    return saved("doors_staff.door", entry_id=session.entry_id)


@bp.get("/assisted/<int:session_id>/done")
@staff(Role.WORKER, Role.OFFICE)
def done(session_id: int) -> Response:
    """The receipt, to be written down for the home."""
    session = _load_session(session_id)
    if session.vote is None:
        return make_response(redirect(url_for(".ballot", session_id=session_id), 303))
    return page("doors/done.html", session=session, entry=session.entry, vote=session.vote)


def _load_session(session_id: int) -> AssistedSession:
    """A session of one's own, of a home within scope; anybody else's is 403."""
    found: AssistedSession = db.get_or_abort(AssistedSession, session_id)
    must_reach(found.entry.round.compound.area.path)
    if found.staff_id != current_user.id:
        abort(403)
    return found


def _barrier(entry: RegisterEntry) -> Refused | None:
    """Why this home cannot be helped now, if so."""
    try:
        assisting.check_may_help(entry)
    except Refused as refusal:
        return refusal
    return None


def _kept_form(session: AssistedSession) -> HelpedForm | None:
    return _filled_in(session, kept_note(_SAID))


def _read_aloud(session: AssistedSession) -> HelpedForm | None:
    """What stood on the page that is read aloud, as we signed it; None for anything else."""
    try:
        return _filled_in(session, note_signer(_ALOUD).loads(request.form.get("aloud", "")))
    except BadSignature:
        return None


def _filled_in(session: AssistedSession, kept: Any) -> HelpedForm | None:
    if kept is None or kept["session"] != session.id:
        return None
    form = choices_form(HelpedForm, session.entry)
    form.fill_in(kept)
    return form


def _version_of(session: AssistedSession) -> int:
    version = session.entry.round.plan_version
    return version.number if version else 0


def _code_key() -> str:
    key: str = current_app.extensions["juyi_config"].code_key
    return key


def _begin_page(entry: RegisterEntry, form: HelpForm, barrier: Refused | None) -> Response:
    # Nobody's code is sent back to a phone of the office.
    form.code.data = ""
    return page(
        "doors/assist.html",
        409 if barrier else 200,
        form=form,
        entry=entry,
        round=entry.round,
        barrier=barrier,
        needs_code=assisting.needs_code(entry),
        owners=queries.owner_names([entry.premises_id]).get(entry.premises_id, ()),
    )


def _session_page(
    template: str, session: AssistedSession, form: HelpedForm, **more: Any
) -> Response:
    """Every page of a session says loudly whom one helps, and for how long still."""
    if not session.goes_on_for(current_user):
        return page("doors/over.html", 409, session=session, entry=session.entry)
    left = session.ends_at - clock.now()
    return page(
        template,
        form=form,
        session=session,
        entry=session.entry,
        round=session.entry.round,
        left=int(left.total_seconds()),
        **more,
    )
