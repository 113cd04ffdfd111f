"""What residents see of rounds: their building's page, their home, and any receipt."""

import re
from typing import Any

from flask import Response, abort, g, make_response, redirect, request, session, url_for
from sqlalchemy import ColumnElement
from sqlalchemy.exc import DBAPIError

from app.core.db import db
from app.core.guards import current_home, household, public
from app.core.i18n import say, translated
from app.core.web import page
from app.notices.queries import can_send, told
from app.projects.queries import current_version
from app.roster.models import Building, Household
from app.roster.queries import building_by_token
from app.rounds import casting, homes, queries
from app.rounds.assisting import helped
from app.rounds.break_glass import looks_at
from app.rounds.changes import first_deadline, since_opening
from app.rounds.disowning import reports_on
from app.rounds.forms import ReaffirmForm
from app.rounds.listing import rooms_on_register
from app.rounds.models import Round, Voice
from app.rounds.opening import opening_of
from app.rounds.queries import objections_end
from app.rounds.recording import wished_in
from app.rounds.residents import bp
from app.rounds.thresholds import thresholds_of
from app.rounds.wording import counting_of


@bp.context_processor
def _words() -> dict[str, Any]:
    """What the partials of these pages need to speak of rounds."""
    return {
        "say": say,
        "translated": translated,
        "objections_end": objections_end,
        "may_object": homes.may_object,
        "first_deadline": first_deadline,
        "left_open": homes.left_open,
        "wished_in": wished_in,
        "owners_matters_apart": homes.owners_matters_apart,
    }


@bp.app_context_processor
def _office() -> dict[str, Any]:
    """Every page of a resident says whom to call and what is asked now, whatever its feature."""
    return {
        "office_phone": _office_phone,
        "open_round": _open_round,
        "has_phone_door": can_send,
    }


@bp.get("/b/<string:token>")
@public
def building(token: str) -> Response:
    """One screen: what is planned here, what it costs a home, until when, and how far it is."""
    here = load_building(token)
    round_ = queries.current_round(here.compound_id)
    return page(
        "rounds/building.html",
        building=here,
        reading=homes.reading_of(round_, current_version(here.compound_id)),
        round=round_,
        others=queries.others_asked_in(round_, here) if round_ and round_.is_open else [],
        turnout=homes.turnout(round_.id, here.id) if round_ and round_.is_open else None,
        result=homes.published_result(round_),
        earlier=homes.published_result(round_.predecessor) if round_ else None,
        is_at_home=_is_at_home(here),
        has_voted=_has_voted(round_),
    )


@bp.get("/b/<string:token>/register")
@public
def register(token: str) -> Response:
    """The doors of this building on the published register, for everybody to check."""
    here = load_building(token)
    round_ = queries.current_round(here.compound_id) or abort(404)
    rooms = rooms_on_register(round_, here.id)
    at_home = _is_at_home(here)
    return page(
        "rounds/register.html", building=here, round=round_, rooms=rooms, is_at_home=at_home
    )


@bp.get("/b/<string:token>/rules")
@public
def rules(token: str) -> Response:
    """How the round is counted, matter by matter, with its own numbers, and who decided it."""
    here = load_building(token)
    round_ = queries.current_round(here.compound_id) or abort(404)
    return page(
        "rounds/rules.html",
        building=here,
        round=round_,
        counting=counting_of(round_),
        thresholds=thresholds_of(round_),
        opening=opening_of(round_),
        later=since_opening(round_),
        is_at_home=_is_at_home(here),
    )


@bp.get("/home")
@household
def home() -> Response:
    """The household's own page: every round, what it said, and the way to say it."""
    own = homes.household_with_door(current_home.household_id)
    here = own.premises.entrance.building
    ballots = homes.ballots_of(own.id, here.compound_id, current_home.session_id)
    return page(
        "rounds/home.html",
        household=own,
        owners=homes.owners_of(own),
        building=here,
        ballots=ballots,
        results={b.round.id: homes.published_result(b.round) for b in ballots},
        reports=reports_on([vote for mine in ballots for vote in mine.votes]),
        form=_reaffirm_form(ballots),
        helped=helped([mine.entry for mine in ballots if mine.entry]),
        told=told(own.id),
        **_of_newest(own, ballots),
    )


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
    mine = homes.ballots_in(found.entry.round, found.entry)
    is_own = bool(current_home) and found.entry.household_id == current_home.household_id
    proof: dict[str, Any] = {"vote": found, "round": mine.round, "fate": mine.fates[found.id]}
    return page(
        "rounds/receipt.html",
        **proof,
        is_own=is_own,
        shows_choices=is_own and not mine.is_sellers(found),
        left=casting.changes_left(mine.round, found.entry),
        may_vote=is_own and mine.may_vote,
        reports=reports_on([found] if is_own else []),
    )


def load_building(token: str) -> Building:
    """The building of a poster, or 404; this browser remembers it."""
    here = building_by_token(token) or abort(404)
    session["building"] = here.token
    return here


def _office_phone(compound_id: int | None = None) -> str:
    """Whom to call: of the page's compound, the home's, or the last poster's; '' when unknown.

    It stands on a page more than once, and is looked up once.
    """
    phones: dict[int | None, str] = g.setdefault("office_phones", {})
    if compound_id not in phones:
        phones[compound_id] = _phone_of(compound_id)
    return phones[compound_id]


def _phone_of(compound_id: int | None) -> str:
    """Remembered in the session too, because an outage is when people need it most."""
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


def _open_round(compound_id: int) -> Round | None:
    """The round that is open in a compound: its plan version is voted on, until its end."""
    round_ = queries.current_round(compound_id)
    return round_ if round_ and round_.is_open else None


def _is_at_home(here: Building) -> bool:
    """Whether the household that is signed in lives in this compound."""
    if not current_home:
        return False
    return current_home.building_id == here.id or homes.lives_in(
        current_home.building_id, here.compound_id
    )


def _has_voted(round_: Round | None) -> bool:
    """Whether what the household that is signed in said counts in this open round."""
    if not current_home or round_ is None or not round_.is_open:
        return False
    entry = queries.entry_of(round_.id, current_home.household_id)
    return entry is not None and entry.removed_at is None and entry.voice == Voice.COUNTED


def _of_newest(own: Household, ballots: list[homes.Ballots]) -> dict[str, Any]:
    """What the newest round makes of the plan and of this home; who looked at what it chose."""
    looks = looks_at(own.id, next((mine.since for mine in ballots), None))
    version = current_version(own.premises.entrance.building.compound_id)
    if not ballots:
        return {"reading": homes.reading_of(None, version), "looks": looks}
    newest = ballots[0]
    listed = homes.listed(newest.round, own, newest.entry)
    reading = homes.reading_of(newest.round, version)
    return {"reading": reading, "listed": listed, "looks": looks}


def _reaffirm_form(ballots: list[homes.Ballots]) -> ReaffirmForm | None:
    waiting = next((mine for mine in ballots if mine.may_reaffirm), None)
    if waiting is None or waiting.entry is None:
        return None
    form = ReaffirmForm()
    form.see(waiting.entry)
    return form
