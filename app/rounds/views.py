"""What residents see of rounds: their building's page, their home, the vote and its receipt."""

import re
from typing import Any

from flask import Blueprint, Response, abort, make_response, redirect, request, session, url_for
from sqlalchemy import ColumnElement
from sqlalchemy.exc import DBAPIError

from app.core.db import db, mark_reading, release
from app.core.errors import Refused
from app.core.guards import current_home, household, public
from app.core.i18n import say, translated
from app.core.tokens import random_token
from app.core.web import page, saved
from app.projects.queries import current_version
from app.roster.models import Building
from app.roster.queries import building_by_token
from app.rounds import casting, homes, queries, tallies
from app.rounds.forms import BallotForm, ballot_form
from app.rounds.matters import rules_in_words
from app.rounds.models import Channel, RegisterEntry, Round, State
from app.rounds.queries import objections_end

_TOLD = {
    casting.NotOpen: ("not-open", "rounds/not_counted.html"),
    casting.VotedMeanwhile: ("voted-meanwhile", "rounds/voted_meanwhile.html"),
    casting.PlanChanged: ("plan-changed", "rounds/plan_changed.html"),
}
_WITH_RESULT = (State.PRELIMINARY, State.CERTIFIED, State.ARCHIVED)

# Where the session keeps the answers between form and review; signing out forgets them.
_BALLOT = "ballot"

bp = Blueprint("rounds", __name__)


@bp.context_processor
def _words() -> dict[str, Any]:
    """What the partials of these pages need to speak of rounds."""
    return {"say": say, "objections_end": objections_end}


@bp.app_context_processor
def _office() -> dict[str, Any]:
    """Every page of a resident says whom to call, whichever feature it belongs to."""
    return {"office_phone": _office_phone}


@bp.get("/b/<string:token>")
@public
def building(token: str) -> Response:
    """One screen: what is planned here, what it costs a home, until when, and how far it is."""
    here = load_building(token)
    round_ = queries.current_round(here.compound_id)
    return page(
        "rounds/building.html",
        building=here,
        version=current_version(here.compound_id),
        round=round_,
        turnout=homes.turnout(round_.id, here.id) if round_ and round_.is_open else None,
        result=_published_result(round_),
        is_at_home=_is_at_home(here),
        rules=[say(rule) for rule in rules_in_words(round_)] if round_ else [],
    )


@bp.get("/b/<string:token>/register")
@public
def register(token: str) -> Response:
    """The doors of this building on the published register, for everybody to check."""
    here = load_building(token)
    round_ = queries.current_round(here.compound_id) or abort(404)
    rooms = homes.rooms_on_register(round_, here.id)
    return page("rounds/register.html", building=here, round=round_, rooms=rooms)


@bp.get("/home")
@household
def home() -> Response:
    """The household's own page: every round, what it said, and the way to say it."""
    own = homes.household_with_door(current_home.household_id)
    here = own.premises.entrance.building
    ballots = homes.ballots_of(own.id, here.compound_id)
    return page(
        "rounds/home.html",
        household=own,
        owners=homes.owners_of(own),
        building=here,
        ballots=ballots,
        version=current_version(here.compound_id),
        results={b.round.id: _published_result(b.round) for b in ballots},
    )


@bp.get("/rounds/<int:round_id>/vote")
@household
def vote(round_id: int) -> Response:
    """The form: every matter with three equal answers, none of them chosen."""
    round_ = load_round(round_id)
    if not round_.is_open:
        return page("rounds/not_open.html", round=round_, building=load_own_building())
    entry = load_entry(round_)
    form = ballot_form(round_)
    form.begin(entry, homes.last_words(entry) if entry.votes else "")
    return _form_page(round_, entry, form)


@bp.post("/rounds/<int:round_id>/review")
@household
def prepare(round_id: int) -> Response:
    """Keep what was filled in for the review; nothing is recorded."""
    # Nothing is written here, so nobody who votes at this moment has to wait for it.
    release()
    mark_reading(True)
    round_ = load_round(round_id)
    form = ballot_form(round_)
    try:
        casting.require_open(round_)
    except casting.NotOpen as refusal:
        return _told_no(round_id, refusal)
    entry = load_entry(round_)
    if not form.validate():
        return _form_page(round_, entry, form)
    session[_BALLOT] = {"round": round_id, "home": entry.household_id, **form.kept()}
    return saved(".review", round_id=round_id)


@bp.get("/rounds/<int:round_id>/review")
@household
def review(round_id: int) -> Response:
    """What would be sent, to be read once more (THREATS.md T29)."""
    round_ = load_round(round_id)
    form = _kept_form(round_)
    if form is None:
        return make_response(redirect(url_for(".vote", round_id=round_id), 303))
    return page("rounds/review.html", form=form, round=round_, entry=load_entry(round_))


@bp.get("/rounds/<int:round_id>/edit")
@household
def edit(round_id: int) -> Response:
    """Back from the review to the form, with everything that was filled in."""
    round_ = load_round(round_id)
    form = _kept_form(round_)
    if form is None:
        return make_response(redirect(url_for(".vote", round_id=round_id), 303))
    return _form_page(round_, load_entry(round_), form)


@bp.post("/rounds/<int:round_id>/vote")
@household
def cast(round_id: int) -> Response:
    """Record the vote; as JSON for a phone that retries on a weak line."""
    round_ = load_round(round_id)
    form = ballot_form(round_)
    if not form.validate():
        return _incomplete(round_, form)
    me = current_home
    phone = {"via": Channel.PHONE, "session_id": me.session_id}
    try:
        receipt = casting.cast(round_, me.household_id, form.ballot(), **phone)
    except Refused as refusal:
        return _told_no(round_id, refusal)
    return _recorded(receipt)


@bp.get("/rounds/<int:round_id>/status")
@household
def status(round_id: int) -> Response:
    """Whether a request of this household was recorded (FAULTS.md F20)."""
    round_ = load_round(round_id)
    request_id = request.args.get("request_id", "")
    found = queries.vote_by_request(round_.id, current_home.household_id, request_id)
    if found is None:
        return make_response({"status": "unknown"})
    return make_response({"status": "recorded", "receipt": found.receipt, "seq": found.seq})


@bp.get("/receipts")
@public
def check() -> Response:
    """Type a receipt's code and see whether it counts."""
    code = re.sub(r"[^A-Za-z0-9]", "", request.args.get("code", ""))[:40]
    if code:
        return make_response(redirect(url_for(".receipt", code=code.upper()), 303))
    return page("rounds/check.html")


@bp.get("/receipts/<string:code>")
@public
def receipt(code: str) -> Response:
    """Recorded, superseded or unknown; what was chosen only to the household itself."""
    found = queries.vote_by_receipt(code)
    if found is None:
        return page("rounds/unknown_receipt.html", 404, code=code[:40])
    is_own = bool(current_home) and found.entry.household_id == current_home.household_id
    round_ = found.entry.round
    replaced_at = None if found.is_current else homes.replaced_at(found)
    return page(
        "rounds/receipt.html", vote=found, round=round_, is_own=is_own, replaced_at=replaced_at
    )


def load_building(token: str) -> Building:
    """The building of a poster, or 404; this browser remembers it."""
    here = building_by_token(token) or abort(404)
    session["building"] = here.token
    return here


def load_own_building() -> Building:
    """The building of the household that is signed in."""
    return homes.household_with_door(current_home.household_id).premises.entrance.building


def load_round(round_id: int) -> Round:
    """A round of this household's own compound that residents may know of, or 404."""
    round_ = homes.round_for(round_id, current_home.building_id)
    return round_ or abort(404)


def load_entry(round_: Round) -> RegisterEntry:
    """This household's place in the register; refuses when it has none."""
    return casting.place_on_register(round_, current_home.household_id)


def _kept_form(round_: Round) -> BallotForm | None:
    """The form as this household filled it in before its review, while it can still be sent."""
    kept = session.get(_BALLOT)
    whose = (round_.id, current_home.household_id)
    if kept is None or (kept["round"], kept["home"]) != whose or not round_.is_open:
        return None
    form = ballot_form(round_)
    form.fill_in(kept)
    return form


def _form_page(round_: Round, entry: RegisterEntry, form: BallotForm) -> Response:
    last = homes.votes_with_choices([entry.id])[:1] if entry.votes else []
    said = {choice.matter_id: choice.choice for vote in last for choice in vote.choices}
    return page(
        "rounds/vote.html",
        form=form,
        round=round_,
        entry=entry,
        last=last[0] if last else None,
        said=said,
    )


def _recorded(receipt: casting.Receipt) -> Response:
    session.pop(_BALLOT, None)
    response = saved(".receipt", code=receipt.code)
    recorded = {"receipt": receipt.code, "seq": receipt.seq, "status": "recorded"}
    return make_response(recorded) if _wants_json() else response


def _incomplete(round_: Round, form: BallotForm) -> Response:
    if _wants_json():
        errors = [message for _field, message in form.error_list()]
        return make_response({"error": " ".join(errors), "status": "incomplete"}, 422)
    return _form_page(round_, load_entry(round_), form)


def _told_no(round_id: int, refusal: Refused) -> Response:
    """Say what happened instead; nothing was recorded."""
    session.pop(_BALLOT, None)
    release()
    mark_reading(True)
    word, template = _TOLD.get(type(refusal), ("refused", ""))
    if _wants_json():
        return make_response({"error": translated(refusal), "status": word}, 409)
    if not template:
        raise refusal
    round_ = load_round(round_id)
    return _page_of_refusal(template, round_, refusal)


def _page_of_refusal(template: str, round_: Round, refusal: Refused) -> Response:
    form, entry = ballot_form(round_), queries.entry_of(round_.id, current_home.household_id)
    chosen = {matter.id: field.data for matter, field in form.answers()}
    if entry:
        # The replacement is a request of its own, made with open eyes.
        form.request_id.data = random_token(24)
        form.see(entry)
    votes = homes.votes_with_choices([entry.id]) if entry else []
    return page(
        template,
        409,
        form=form,
        round=round_,
        entry=entry,
        chosen=chosen,
        votes=votes,
        message=translated(refusal),
        building=load_own_building(),
    )


def _office_phone(compound_id: int | None = None) -> str:
    """Whom to call: of the page's compound, the home's, or the last poster's; '' when unknown.

    Remembered, because an outage is when people need it most.
    """
    try:
        found = homes.office_phone(_place(compound_id))
    except DBAPIError:
        db.session.rollback()
        return str(session.get("phone", ""))
    if found != session.get("phone", ""):
        session["phone"] = found
    return found


def _place(compound_id: int | None) -> ColumnElement[bool]:
    if compound_id is not None:
        return Building.compound_id == compound_id
    if current_home:
        return Building.id == current_home.building_id
    return Building.token == session.get("building", "")


def _is_at_home(here: Building) -> bool:
    """Whether the household that is signed in lives in this compound."""
    if not current_home:
        return False
    return current_home.building_id == here.id or homes.lives_in(
        current_home.building_id, here.compound_id
    )


def _published_result(round_: Round | None) -> tallies.RoundTally | None:
    return tallies.results(round_) if round_ and round_.state in _WITH_RESULT else None


def _wants_json() -> bool:
    return request.accept_mimetypes.best == "application/json"
