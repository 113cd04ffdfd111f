"""What residents see: the plan of their compound, and its pictures."""

import re

from flask import Blueprint, Response, abort, request, send_file
from flask_login import current_user

from app.core import files
from app.core.guards import current_home, public
from app.core.web import page
from app.projects import queries, reading
from app.projects.models import PlanVersion
from app.projects.queries import Kept
from app.roster.models import Building
from app.roster.queries import building_by_token

bp = Blueprint("projects", __name__)

# A number and the unit after it, which must not be torn apart at the end of a line.
_BEFORE_UNIT = re.compile(r"(?<=\d) (?=[\u4e00-\u9fff%]|yuan|m²)")
# The hyphen of a phone number, where a browser would break the line.
_IN_PHONE = re.compile(r"(?<![\w/.=-])(0\d{2,3}-)(?=\d{7,8}(?!\d))")

# What is shown from our address must not act in our name (THREATS.md T09).
_SANDBOX = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
_YEAR = 31_536_000


@bp.app_template_filter("glued")
def glued(text: str) -> str:
    """`text` with every number kept on one line with its unit, and phone numbers whole."""
    # Markup stays markup: what is put in is a space or invisible, nothing that has to be escaped.
    return type(text)(_IN_PHONE.sub("\\1\u2060", _BEFORE_UNIT.sub("\u00a0", text)))


@bp.get("/b/<string:token>/plan")
@public
def plan(token: str) -> Response:
    """The plan in force, or an older one by `?v=`; with the reader's own figures when known."""
    building = load_building(token)
    version = load_published(building)
    if version is None:
        return page("projects/no_plan.html", building=building)
    home = current_home
    size = queries.size_of_home(home.household_id, building.compound_id) if home else None
    return page(
        "projects/plan.html",
        building=building,
        reading=reading.reading_of(version, size, building.name),
        is_preview=False,
        is_at_home=size is not None,
    )


@bp.get("/pictures/<string:digest>")
@public
def picture(digest: str) -> Response:
    """A picture or PDF: of a published version for all, of a draft for staff in scope."""
    kept = load_kept(digest)
    is_image = kept.media_type.startswith("image/")
    response = send_file(
        files.path_of(digest),
        mimetype=kept.media_type,
        as_attachment=not is_image,
        download_name=None if is_image else f"{' '.join(kept.caption.split())}.pdf",
        etag=digest,
        max_age=_YEAR,
    )
    response.cache_control.immutable = True
    if not kept.is_public:
        response.cache_control.public, response.cache_control.private = False, True
    response.headers["Content-Security-Policy"] = _SANDBOX
    return response


def load_building(token: str) -> Building:
    """The building of a poster, or 404."""
    return building_by_token(token) or abort(404)


def load_published(building: Building) -> PlanVersion | None:
    """The version asked for by `?v=`, or the current one; 404 when what was asked is not there."""
    project = queries.project_of(building.compound_id)
    wanted = request.args.get("v")
    if wanted is not None and not (wanted.isascii() and wanted.isdigit() and len(wanted) < 6):
        abort(404)
    number = int(wanted) if wanted else None
    version = queries.published_version(project.id, number) if project else None
    if version is None and wanted is not None:
        abort(404)
    return version


def load_kept(digest: str) -> Kept:
    """The file when this reader may see it; otherwise 404, as if it were not there."""
    kept = queries.kept_file(digest)
    if kept is None or not files.path_of(digest).is_file():
        abort(404)
    if not kept.is_public:
        reaches = getattr(current_user, "reaches", lambda path: False)
        if not any(reaches(path) for path in kept.area_paths):
            abort(404)
    return kept
