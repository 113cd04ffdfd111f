"""The way of a ledger into the roster, and what the roster tells of a compound."""

from io import BytesIO
from pathlib import PurePath
from typing import Any

from flask import Blueprint, Response, abort, flash, request, send_file
from flask_babel import gettext as _
from flask_login import current_user

from app.core import files, jobs
from app.core.db import db
from app.core.errors import Refused
from app.core.guards import must_reach, staff, stepped_up, uploads
from app.core.i18n import say
from app.core.web import page, saved
from app.roster import actions, areas, findings, queries
from app.roster.correction import correct_home
from app.roster.forms import FactsForm, HomeForm, UploadForm
from app.roster.models import Building, Compound, Premises

bp = Blueprint("roster_staff", __name__, url_prefix="/desk")

SHOWN_PROBLEMS = 200
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@bp.route("/roster/import", methods=["GET", "POST"])
@uploads(12)
@staff()
def upload() -> Response:
    """Take a ledger and have it read in the background."""
    scope = current_user.area_path
    form = UploadForm(areas.communities_within(scope), scope)
    if form.validate_on_submit():
        job = jobs.ask(queries.PREVIEW, _params(form), by=current_user.id)
        return saved(".import_page", job_id=job.id)
    return page("roster/staff/upload.html", form=form)


@bp.get("/roster/imports/<int:job_id>")
@staff()
def import_page(job_id: int) -> Response:
    """Where an import stands: progress, refusal, preview or result."""
    job = _load_job(job_id)
    shown: dict[str, Any] = {"job": job, "progress": jobs.progress_of(job), "report": None}
    result = job.result or {}
    if job.is_finished and not job.has_failed and job.kind == queries.PREVIEW:
        shown |= {"report": _load_report(job), "started": queries.import_of(job.id)}
    else:
        shown |= {"compounds": queries.compounds_named(result.get("compounds", ()))}
    return page("roster/staff/import.html", **shown, most=SHOWN_PROBLEMS, say=say)


@bp.post("/roster/imports/<int:job_id>/confirm")
@staff()
@stepped_up
def confirm(job_id: int) -> Response:
    """Import what was shown."""
    job = _load_job(job_id)
    if job.kind != queries.PREVIEW or not job.is_finished or job.has_failed:
        abort(409)
    started = queries.import_of(job.id) or jobs.ask(
        queries.IMPORT, {**job.params, "preview": job.id}, by=current_user.id
    )
    return saved(".import_page", job_id=started.id)


@bp.get("/roster/imports/<int:job_id>/problems.xlsx")
@staff()
def error_sheet(job_id: int) -> Response:
    """The problems as a workbook to send back."""
    report = _load_report(_load_job(job_id))
    if report is None:
        abort(404)
    return _as_download(findings.error_sheet(report), "台账问题.xlsx")


@bp.get("/roster/template.xlsx")
@staff()
def template_file() -> Response:
    """An empty ledger to fill in."""
    return _as_download(findings.template(), "住户台账模板.xlsx")


@bp.route("/compounds/<int:compound_id>/facts", methods=["GET", "POST"])
@staff()
def facts(compound_id: int) -> Response:
    """What the office knows of a compound, to be corrected."""
    compound = _load_compound(compound_id)
    form = FactsForm(obj=compound)
    if form.validate_on_submit():
        try:
            actions.edit_compound(compound, form.facts(), by=current_user)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            return saved("desk.compound", compound_id=compound.id)
    return page("roster/staff/facts.html", form=form, compound=compound)


@bp.get("/compounds/<int:compound_id>/households")
@staff()
def households(compound_id: int) -> Response:
    """Who lives where, one building at a time (`?building=`, else the first)."""
    compound = _load_compound(compound_id)
    building = _chosen_building(compound)
    homes = queries.homes_by_entrance(building) if building else {}
    return page("roster/staff/households.html", compound=compound, building=building, homes=homes)


@bp.route("/premises/<int:premises_id>/edit", methods=["GET", "POST"])
@staff()
def edit_home(premises_id: int) -> Response:
    """Put one home right: what it is, its area, who lives there."""
    premises = _load_premises(premises_id)
    form = HomeForm(obj=premises)
    if form.validate_on_submit():
        try:
            changed = correct_home(premises, form.facts(), by=current_user)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            flash(_("已改好。") if changed else _("没有改动。"))
            place = premises.entrance.building
            return saved(".households", compound_id=place.compound_id, building=place.id)
    compound = premises.entrance.building.compound
    return page("roster/staff/edit_home.html", form=form, premises=premises, compound=compound)


def _load_premises(premises_id: int) -> Premises:
    """Premises of a compound in this person's scope."""
    premises: Premises = db.get_or_abort(Premises, premises_id)
    must_reach(premises.entrance.building.compound.area.path)
    return premises


def _load_compound(compound_id: int) -> Compound:
    """The compound, when it lies in this person's scope."""
    compound = queries.compound_of(compound_id) or abort(404)
    must_reach(compound.area.path)
    return compound


def _chosen_building(compound: Compound) -> Building | None:
    """The building asked for; none of another compound is ever shown."""
    wanted = request.args.get("building", type=int)
    found = [each for each in compound.buildings if wanted in (None, each.id)]
    if wanted is not None and not found:
        abort(404)
    return found[0] if found else None


def _params(form: UploadForm) -> dict[str, Any]:
    """What the background needs to know; the upload itself is kept as a file."""
    upload = form.file.data
    return {
        "digest": files.keep_alone(upload.read()),
        "filename": PurePath((upload.filename or "").replace("\\", "/")).name[:80],
        "community": form.community_name,
        "area_id": form.area.id if form.area else None,
        "compound": form.compound.data,
        "scope": current_user.area_path,
        "actor": current_user.commitment,
    }


def _load_job(job_id: int) -> jobs.Job:
    """An import of this person; those of others are not told apart from none."""
    job = db.session.get(jobs.Job, job_id)
    if job is None or job.kind not in (queries.PREVIEW, queries.IMPORT):
        abort(404)
    if job.asked_by_id != current_user.id:
        abort(403)
    return job


def _load_report(job: jobs.Job) -> findings.Report | None:
    """The report of a preview; None once it was discarded."""
    try:
        return findings.read_report((job.result or {})["report"])
    except (KeyError, FileNotFoundError):
        return None


def _as_download(content: bytes, name: str) -> Response:
    response = send_file(BytesIO(content), _XLSX, as_attachment=True, download_name=name)
    response.headers["Cache-Control"] = "no-store"
    return response
