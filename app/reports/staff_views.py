"""The office prints: what there is for a compound, the jobs that make it, and a round's notice."""

from datetime import datetime
from io import BytesIO

from flask import Blueprint, Response, abort, flash, make_response, request, send_file, url_for
from flask_babel import gettext as _
from flask_login import current_user

from app.core import clock, files, pdf
from app.core.db import db, release
from app.core.guards import WITH_AUDITORS, Role, staff, stepped_up
from app.core.i18n import say
from app.core.jobs import Job, progress_of
from app.core.web import asked_number, page, saved
from app.reports import actions, printing, queries
from app.reports.notice import notice_of
from app.roster.models import Building, Compound, Household
from app.rounds.actions import note_posters_printed
from app.rounds.loading import load_round

bp = Blueprint("reports_staff", __name__, url_prefix="/desk")


@bp.get("/compounds/<int:compound_id>/prints")
@staff()
def prints(compound_id: int) -> Response:
    """What can be printed for a compound, and what was ordered lately."""
    compound = load_compound(compound_id)
    return page(
        "reports/staff/prints.html",
        compound=compound,
        office=queries.office_of(compound),
        buildings=queries.printable_buildings(compound),
        jobs=queries.prints_of(current_user, compound.id),
        has_pdf=pdf.is_available(),
        base_url=queries.public_address(),
        is_local=queries.is_on_this_machine_only(),
        may_issue=current_user.role in (Role.WORKER, Role.OFFICE, Role.ADMIN),
    )


@bp.get("/compounds/<int:compound_id>/posters")
@staff()
def poster_page(compound_id: int) -> Response:
    """The posters as a page that the browser prints, with or without PDF components."""
    compound = load_compound(compound_id)
    pages = queries.poster_pages(compound, _asked_building(compound))
    html = pdf.printed(
        "print/posters.html",
        posters=printing.with_codes(pages),
        on_screen=True,
        toolbar=printing.toolbar((_("返回打印页"), url_for(".prints", compound_id=compound.id))),
    )
    return make_response(html)


@bp.post("/compounds/<int:compound_id>/posters")
@staff()
def posters(compound_id: int) -> Response:
    """Order the posters of the compound, or of one building, as PDF."""
    compound = load_compound(compound_id)
    job = actions.order_posters(compound, _asked_building(compound), by=current_user)
    return saved(".job", job_id=job.id)


@bp.post("/compounds/<int:compound_id>/posters/printed")
@staff()
def posters_printed(compound_id: int) -> Response:
    """Note that the posters were printed from the browser."""
    compound = load_compound(compound_id)
    note_posters_printed(compound, by=current_user)
    flash(_("已记下：海报打印好了。"))
    return saved(".prints", compound_id=compound.id)


@bp.get("/compounds/<int:compound_id>/homes")
@staff(Role.WORKER, Role.OFFICE)
def homes(compound_id: int) -> Response:
    """Choose the one household whose slip is to be made anew."""
    compound = load_compound(compound_id)
    building = _asked_building(compound) or abort(404)
    return page(
        "reports/staff/homes.html",
        compound=compound,
        building=building,
        entrances=queries.homes_by_entrance(building),
    )


@bp.route("/compounds/<int:compound_id>/slips", methods=["GET", "POST"])
@staff(Role.WORKER, Role.OFFICE)
@stepped_up
def slips(compound_id: int) -> Response:
    """Say how many codes would die, then order the slips."""
    compound = load_compound(compound_id)
    building, household = _asked_building(compound), _asked_household(compound)
    if request.method == "POST":
        job = actions.order_slips(compound, building, household, by=current_user)
        return saved(".job", job_id=job.id)
    doors = queries.doors(compound, building, household)
    return page(
        "reports/staff/slips.html",
        compound=compound,
        place=_place_of(compound, building, household),
        doors=len(doors),
        dying=queries.codes_in_force(doors),
        has_pdf=pdf.is_available(),
    )


@bp.get("/prints/<int:job_id>")
@staff()
def job(job_id: int) -> Response:
    """How far a print job is, and its file when it is ready."""
    ordered = load_job(job_id)
    compound = load_compound(ordered.params["compound_id"])
    return page(
        "reports/staff/job.html",
        job=ordered,
        compound=compound,
        progress=progress_of(ordered),
        refusal=say(ordered.refusal or ""),
        is_slips=ordered.kind == queries.SLIPS,
        expires_at=_expiry_of(ordered),
        is_there=_is_there(ordered),
    )


@bp.get("/prints/<int:job_id>/file")
@staff()
def download(job_id: int) -> Response:
    """The finished PDF, for the person who ordered it and while it is kept; afterwards 410."""
    ordered = load_job(job_id)
    compound = load_compound(ordered.params["compound_id"])
    if not _is_there(ordered):
        abort(410 if ordered.is_finished else 404)
    kind = _("户码单") if ordered.kind == queries.SLIPS else _("楼道海报")
    return _as_file(files.read((ordered.result or {})["digest"]), f"{kind}-{compound.name}.pdf")


@bp.get("/rounds/<int:round_id>/notice")
@staff(*WITH_AUDITORS)
def notice(round_id: int) -> Response:
    """The figures of a round as a page to print and hang up."""
    figures = notice_of(load_round(round_id))
    links = [(_("返回看板"), url_for("desk.board", round_id=round_id))]
    if pdf.is_available():
        links.append((_("下载 PDF"), url_for(".notice_pdf", round_id=round_id)))
    bar = printing.toolbar(*links)
    return make_response(printing.notice_html(figures, on_screen=True, toolbar=bar))


@bp.get("/rounds/<int:round_id>/notice.pdf")
@staff(*WITH_AUDITORS)
def notice_pdf(round_id: int) -> Response:
    """The same as PDF."""
    figures = notice_of(load_round(round_id))
    name = f"{figures.round.compound.name}{figures.heading}.pdf"
    html = printing.notice_html(figures, on_screen=False)
    release()
    return _as_file(pdf.render_pdf(html, pdf.print_css()), name)


def load_compound(compound_id: int) -> Compound:
    """A compound within this person's scope."""
    compound = db.session.get(Compound, compound_id) or abort(404)
    if not current_user.reaches(compound.area.path):
        abort(403)
    return compound


def load_job(job_id: int) -> Job:
    """A print job of this person; nobody else's exists (the file holds codes)."""
    ordered = db.session.get(Job, job_id)
    if ordered is None or ordered.kind not in (queries.POSTERS, queries.SLIPS):
        abort(404)
    if ordered.asked_by_id != current_user.id:
        abort(404)
    return ordered


def _asked_building(compound: Compound) -> Building | None:
    """The building of this compound that the request names, if any."""
    building_id = asked_number("building")
    if not building_id:
        return None
    building = db.session.get(Building, building_id)
    if building is None or building.compound_id != compound.id:
        abort(404)
    return building


def _asked_household(compound: Compound) -> Household | None:
    """The household of this compound that the request names, if any."""
    household_id = asked_number("household")
    if not household_id:
        return None
    household = db.session.get(Household, household_id)
    if household is None or household.premises.entrance.building.compound_id != compound.id:
        abort(404)
    return household


def _place_of(compound: Compound, building: Building | None, household: Household | None) -> str:
    """What the slips are for, in words."""
    if household:
        return household.address
    return building.name if building else compound.name


def _expiry_of(ordered: Job) -> datetime | None:
    """Until when the file is kept; None when it is kept for good."""
    expires_at = (ordered.result or {}).get("expires_at")
    return datetime.fromisoformat(expires_at) if expires_at else None


def _is_there(ordered: Job) -> bool:
    """Whether the file can be fetched now."""
    expires_at, digest = _expiry_of(ordered), (ordered.result or {}).get("digest")
    if not digest or (expires_at and expires_at <= clock.now()):
        return False
    return files.path_of(digest).exists()


def _as_file(content: bytes, name: str) -> Response:
    """A PDF to save, kept by nobody on the way."""
    answer = send_file(BytesIO(content), "application/pdf", as_attachment=True, download_name=name)
    answer.headers["Cache-Control"] = "no-store"
    answer.expires = None
    return answer
