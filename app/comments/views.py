"""Questions and answers for residents: anybody reads, households of the compound write."""

from typing import Any

from flask import Blueprint, Response, abort, flash, request
from flask_babel import gettext as _

from app.comments import actions, queries
from app.comments.forms import CommentForm
from app.core.errors import Refused
from app.core.guards import current_home, household, public
from app.core.web import asked_number, saved
from app.core.web import page as _page
from app.projects.models import Section
from app.roster.models import Building
from app.roster.queries import building_by_token

bp = Blueprint("comments", __name__)


@bp.get("/b/<string:token>/comments")
@public
def page(token: str) -> Response:
    """What households asked and what the office answered, by part of the plan."""
    building = _load_building(token)
    form = CommentForm() if _may_write(building) else None
    if form is not None and _wanted_section():
        form.section.data = _wanted_section()
    return _show(building, form)


@bp.post("/b/<string:token>/comments")
@household
def write(token: str) -> Response:
    """Publish a comment of the signed-in household."""
    building = _load_building(token)
    if not _may_write(building):
        abort(404)
    form = CommentForm()
    if form.validate_on_submit():
        about = (building.compound, form.section.data, form.body.data)
        try:
            written = actions.write_comment(current_home.household_id, *about)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            flash(_("已发布，谁都能看到。社区答复以后，也显示在这里。"))
            return saved(".page", _anchor=f"c{written.id}", token=token)
    return _show(building, form)


def _show(building: Building, form: CommentForm | None) -> Response:
    section, number = _wanted_section(), max(1, asked_number("page") or 1)
    comments, has_older = queries.comments_on(building.compound_id, section, number)
    return _page(
        "comments/page.html",
        building=building,
        form=form,
        comments=comments,
        section=section,
        sections=list(Section),
        number=number,
        has_older=has_older,
    )


def _load_building(token: str) -> Building:
    building = building_by_token(token)
    if building is None:
        abort(404)
    return building


def _may_write(building: Building) -> bool:
    home: Any = current_home
    return bool(home) and queries.lives_in(home.household_id, building.compound_id)


def _wanted_section() -> Section | None:
    wanted = request.args.get("section", "")
    return Section(wanted) if wanted in set(Section) else None
