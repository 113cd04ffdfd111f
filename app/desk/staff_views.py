"""The desk: the district at a glance, one compound, the live board of a round; reads only."""

from flask import Blueprint, Response, abort, current_app, make_response, request
from flask_login import current_user

from app.comments.waiting import to_do
from app.core.db import db
from app.core.guards import WITH_AUDITORS, staff
from app.core.web import page
from app.desk import live as live_parts
from app.desk import queries
from app.desk.board import stretches
from app.desk.live import Snapshot
from app.desk.next_step import next_step
from app.doors.calls import calls_waiting
from app.doors.queries import doors_due_today
from app.projects.queries import project_of
from app.roster.models import Compound
from app.rounds.models import Round
from app.rounds.pending import pending_within
from app.rounds.queries import remark_count, rounds_of

bp = Blueprint("desk", __name__, url_prefix="/desk")


@bp.get("")
@staff(*WITH_AUDITORS)
def home() -> Response:
    """What to do today, and every compound within this person's scope."""
    lines = queries.district(current_user)
    text, town = request.args.get("q", "").strip()[:60], request.args.get("town", "")
    return page(
        "desk/home.html",
        lines=lines,
        shown=queries.matching(lines, text, town),
        towns=sorted({line.town for line in lines}),
        text=text,
        town=town,
        comments=to_do(current_user),
        calls=calls_waiting(current_user),
        due=doors_due_today(current_user),
        pending=pending_within(current_user),
        next_step=next_step,
        stretches=stretches,
    )


@bp.get("/compounds/<int:compound_id>")
@staff(*WITH_AUDITORS)
def compound(compound_id: int) -> Response:
    """One compound: its facts, buildings, plan, rounds, and what to do next."""
    found = _load_compound(compound_id)
    line, rounds = queries.compound_line(found.id), rounds_of(found.id)
    return page(
        "desk/compound.html",
        compound=found,
        line=line,
        step=next_step(line),
        buildings=queries.buildings_of(found.id),
        project=project_of(found.id),
        rounds=rounds,
        base_url=current_app.extensions["juyi_config"].base_url,
        pending=[one for one in pending_within(current_user) if one.compound_id == found.id],
        may_begin=all(round_.is_over for round_ in rounds),
        stretches=stretches,
    )


@bp.get("/rounds/<int:round_id>")
@staff(*WITH_AUDITORS)
def board(round_id: int) -> Response:
    """The board; with `?wall=1` in large type for a screen on the wall."""
    snapshot = _load_snapshot(round_id)
    return page(
        "desk/board.html",
        round=db.session.get_one(Round, round_id),
        board=snapshot.board,
        etag=snapshot.etag,
        is_wall="wall" in request.args,
        remarks=remark_count(round_id),
    )


@bp.get("/rounds/<int:round_id>/live")
@staff(*WITH_AUDITORS)
def live(round_id: int) -> Response:
    """The live parts as JSON; 304 while nothing changed."""
    snapshot = _load_snapshot(round_id)
    if request.if_none_match.contains_weak(snapshot.etag):
        response = make_response("", 304)
    elif "gzip" in request.accept_encodings:
        response = make_response(snapshot.packed)
        response.headers["Content-Encoding"] = "gzip"
    else:
        response = make_response(snapshot.body)
    response.mimetype = "application/json"
    # Weak, because the same parts are sent packed and unpacked.
    response.set_etag(snapshot.etag, weak=True)
    return response


def _load_compound(compound_id: int) -> Compound:
    found = db.session.get(Compound, compound_id)
    if found is None:
        abort(404)
    if not current_user.reaches(found.area.path):
        abort(403)
    return found


def _load_snapshot(round_id: int) -> Snapshot:
    snapshot = live_parts.snapshot_of(round_id)
    if snapshot is None:
        abort(404)
    if not current_user.reaches(snapshot.area_path):
        abort(403)
    return snapshot
