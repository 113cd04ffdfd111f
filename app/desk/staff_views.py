"""The desk: what to do today, the compounds, the live boards of a round; reads only."""

from io import BytesIO

from flask import Blueprint, Response, abort, current_app, make_response, request, send_file
from flask_babel import gettext as _
from flask_login import current_user

from app.core.db import db
from app.core.guards import WITH_AUDITORS, may_open, must_reach, staff
from app.core.web import asked_number, page, spreadsheet
from app.desk import live as live_parts
from app.desk import picture, queries, sheets
from app.desk.board import stretches
from app.desk.compounds import Wanted, all_lines
from app.desk.compounds import compounds as list_of_compounds
from app.desk.door_plan import buildings_on
from app.desk.live import Snapshot
from app.desk.next_step import next_step
from app.desk.share import posting_of
from app.desk.today import open_rounds, tasks_of
from app.doors.due import doors_open
from app.projects.queries import project_of
from app.roster.models import Building, Compound
from app.rounds.loading import load_round
from app.rounds.models import Round
from app.rounds.pending import pending_within
from app.rounds.queries import remark_count, rounds_of

bp = Blueprint("desk", __name__, url_prefix="/desk")


@bp.get("")
@staff(*WITH_AUDITORS)
def home() -> Response:
    """What this person has to do today, and how the open rounds stand."""
    open_ = open_rounds(current_user)
    tasks = tasks_of(current_user, open_)
    return page(
        "desk/home.html",
        tasks=tasks,
        open_rounds=open_,
        doors=doors_open(current_user),
        is_empty=not tasks and not queries.has_compounds(current_user),
        stretches=stretches,
    )


@bp.get("/compounds")
@staff(*WITH_AUDITORS)
def compounds() -> Response:
    """Every compound within this person's scope, a page at a time."""
    wanted = _wanted()
    return page(
        "desk/compounds.html",
        found=list_of_compounds(current_user, wanted, asked_number("page")),
        wanted=wanted,
        next_step=next_step,
        stretches=stretches,
    )


@bp.get("/compounds.xlsx")
@staff()
def compounds_sheet() -> Response:
    """The same as a workbook, all pages of it."""
    table = sheets.compounds_table(all_lines(current_user, _wanted()))
    return spreadsheet(_("小区一览"), [table])


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
        step=next_step(line, current_user.role),
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
        walks=may_open("doors_staff.doors"),
        round=db.session.get_one(Round, round_id),
        board=snapshot.shown,
        etag=snapshot.etag,
        is_wall="wall" in request.args,
        remarks=remark_count(round_id),
    )


@bp.get("/rounds/<int:round_id>/live")
@staff(*WITH_AUDITORS)
def live(round_id: int) -> Response:
    """The live parts as JSON; 304 while nothing changed."""
    return _live_parts(_load_snapshot(round_id))


@bp.get("/rounds/<int:round_id>/board.xlsx")
@staff()
def board_sheet(round_id: int) -> Response:
    """The buildings of the board as a workbook."""
    shown = _load_snapshot(round_id).shown
    round_ = db.session.get_one(Round, round_id)
    name = f"{round_.compound.name}{round_.shown_title}"
    return spreadsheet(name, [sheets.buildings_table(shown)])


@bp.get("/rounds/<int:round_id>/buildings/<int:building_id>")
@staff(*WITH_AUDITORS)
def building(round_id: int, building_id: int) -> Response:
    """The door plan of a building: which door to knock on, at a glance."""
    snapshot = _load_snapshot(round_id, building_id)
    return page(
        "desk/building.html",
        walks=may_open("doors_staff.doors"),
        round=db.session.get_one(Round, round_id),
        plan=snapshot.shown,
        etag=snapshot.etag,
        others=buildings_on(round_id),
        is_wall="wall" in request.args,
    )


@bp.get("/rounds/<int:round_id>/buildings/<int:building_id>/live")
@staff(*WITH_AUDITORS)
def building_live(round_id: int, building_id: int) -> Response:
    """The live parts of the door plan as JSON; 304 while nothing changed."""
    return _live_parts(_load_snapshot(round_id, building_id))


@bp.get("/rounds/<int:round_id>/share")
@staff()
def share(round_id: int) -> Response:
    """A text and a picture for a WeChat group of one building (`?building=`, else the first)."""
    round_ = load_round(round_id)
    chosen = _chosen_building(round_)
    return page(
        "desk/share.html",
        round=round_,
        buildings=round_.compound.buildings,
        chosen=chosen,
        posting=posting_of(round_, chosen) if chosen else None,
        can_draw=picture.can_draw(),
    )


@bp.get("/rounds/<int:round_id>/share.png")
@staff()
def share_picture(round_id: int) -> Response:
    """The picture with its QR code."""
    round_ = load_round(round_id)
    chosen = _chosen_building(round_) or abort(404)
    drawn = picture.picture_of(posting_of(round_, chosen))
    answer = send_file(BytesIO(drawn), "image/png", download_name=f"{chosen.name}.png")
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _load_compound(compound_id: int) -> Compound:
    found = db.session.get(Compound, compound_id)
    if found is None:
        abort(404)
    if not current_user.reaches(found.area.path):
        abort(403)
    return found


def _load_snapshot(round_id: int, building_id: int = 0) -> Snapshot:
    walks = may_open("doors_staff.doors")
    snapshot = live_parts.snapshot_of(round_id, building_id, walks=walks)
    if snapshot is None:
        abort(404)
    must_reach(snapshot.area_path)
    return snapshot


def _live_parts(snapshot: Snapshot) -> Response:
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


def _wanted() -> Wanted:
    return Wanted(request.args.get("q", "").strip()[:60], request.args.get("town", ""))


def _chosen_building(round_: Round) -> Building | None:
    """The building of this compound that the request names, else the first there is."""
    buildings = round_.compound.buildings
    asked = asked_number("building")
    if asked is None:
        return buildings[0] if buildings else None
    return next((b for b in buildings if b.id == asked), None) or abort(404)
