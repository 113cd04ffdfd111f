"""Pages of no feature: language, text size, health, and the progress of background work."""

from urllib.parse import unquote, urlsplit

from flask import Blueprint, Response, abort, current_app, make_response, redirect, request
from flask_login import current_user
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from app.core import alarms, i18n, jobs, sizes
from app.core.db import alembic, db
from app.core.guards import public, staff
from app.core.web import host_of, page

bp = Blueprint("site", __name__)


@bp.get("/")
@public
def start() -> Response:
    """For whoever comes without a poster: what this is, and where to go."""
    return page("start.html")


@bp.post("/language/<string:name>")
@public
def language(name: str) -> Response:
    """Remember the language and go back to the page one came from."""
    if name not in i18n.LANGUAGES:
        abort(404)
    return i18n.remember(_back(), name)


@bp.post("/size/<string:name>")
@public
def size(name: str) -> Response:
    """Remember the text size and go back to the page one came from."""
    if name not in sizes.SIZES:
        abort(404)
    return sizes.remember(_back(), name)


def _back() -> Response:
    """To the page this request came from if that is ours, else to the start (THREATS.md T10).

    What was only sent, and answered with a page, cannot be asked for: that leads to the start too.
    """
    is_ours = host_of(request.referrer or "") == request.host
    came_from = urlsplit(request.referrer or "") if is_ours else urlsplit("/")
    if not _can_be_read(came_from.path):
        came_from = urlsplit("/")
    back = came_from.path + (f"?{came_from.query}" if came_from.query else "")
    # A path that starts with two slashes would name another host.
    return make_response(redirect("/" + back.lstrip("/\\"), 303))


def _can_be_read(path: str) -> bool:
    """Whether a page may stand at this address of ours, be it one that is not found."""
    addresses = current_app.url_map.bind("")
    try:
        addresses.match(unquote(path), method="GET")
    except MethodNotAllowed:
        return False
    except HTTPException:
        pass
    return True


@bp.get("/healthz")
@public
def healthz() -> Response:
    """The process answers."""
    return make_response({"status": "ok"})


@bp.get("/readyz")
@public
def readyz() -> Response:
    """The database answers, has the schema this program expects, and no alarm rings.

    Warnings leave it ready: a stranger can bring them about.
    """
    expected = set(alembic.script_directory.get_heads())
    try:
        current = set(db.session.scalars(text("SELECT version_num FROM alembic_version")))
    except DBAPIError:
        db.session.rollback()
        return make_response({"status": "no database, or one without tables"}, 503)
    if current != expected:
        return make_response({"status": "migrations pending"}, 503)
    if ringing := alarms.ringing():
        return make_response({"status": "; ".join(ringing)}, 503)
    told = alarms.warnings()
    return make_response({"status": "ready", **({"warnings": told} if told else {})})


@bp.get("/desk/jobs/<int:job_id>/progress")
@staff()
def job_progress(job_id: int) -> Response:
    """How far a job of this person is, as JSON for the progress bar."""
    job = db.session.get(jobs.Job, job_id)
    if job is None or job.asked_by_id != current_user.id:
        abort(404)
    progress = jobs.progress_of(job)
    return make_response(
        {"finished": job.is_finished, "done": progress.done, "total": progress.total}
    )
