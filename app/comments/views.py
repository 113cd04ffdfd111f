"""Questions and answers for residents: anybody reads, households of the compound write."""

from typing import Any

from flask import Blueprint, Response, abort, flash, request
from flask_babel import gettext as _

from app.comments import actions, queries
from app.comments.forms import ChangeForm, CommentForm, ReportForm, WithdrawalForm
from app.comments.models import Comment, Status
from app.comments.queries import Order, Selection
from app.comments.wording import OtherWords, state_of
from app.core.errors import Refused
from app.core.guards import current_home, household, public
from app.core.web import asked_number, saved
from app.core.web import page as _page
from app.projects.models import Section
from app.roster.models import Building
from app.roster.queries import building_by_token

bp = Blueprint("comments", __name__)


@bp.app_context_processor
def _news() -> dict[str, Any]:
    """The page of a home, of a feature below, says that it was answered."""
    return {"answered_lately": queries.answered_lately}


@bp.get("/b/<string:token>/comments")
@public
def page(token: str) -> Response:
    """What households asked and what the office answered, by part of the plan."""
    building = _load_building(token)
    form = CommentForm() if _may_write(building) else None
    section = _selection().section
    if form is not None and section is not None:
        form.section.data = section
    return _show(building, form)


@bp.post("/b/<string:token>/comments")
@household
def write(token: str) -> Response:
    """Publish a comment of the signed-in household."""
    building = _load_home_building(token)
    form = CommentForm()
    if form.validate_on_submit():
        about = (building.compound, form.section.data, form.body.data, form.nature.data)
        try:
            written = actions.write_comment(current_home.household_id, *about)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            return _told_where(written, token)
    return _show(building, form)


@bp.route("/b/<string:token>/comments/<int:comment_id>/change", methods=["GET", "POST"])
@household
def change(token: str, comment_id: int) -> Response:
    """Put one's own comment into other words, shortly after writing it."""
    building = _load_home_building(token)
    comment = _load_own(building, comment_id)
    form = ChangeForm(body=comment.body)
    if form.validate_on_submit():
        try:
            actions.change_comment(current_home.household_id, comment, form.body.data)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            return _told_where(comment, token)
    return _page("comments/change.html", building=building, comment=comment, form=form)


@bp.route("/b/<string:token>/comments/<int:comment_id>/withdraw", methods=["GET", "POST"])
@household
def withdraw(token: str, comment_id: int) -> Response:
    """Confirm, then take one's own comment back."""
    building = _load_home_building(token)
    comment = _load_own(building, comment_id)
    form = WithdrawalForm()
    if form.validate_on_submit():
        actions.withdraw_comment(current_home.household_id, comment)
        flash(_("已撤回，别人看不到您家写的话了。"))
        return _back_to(comment, token)
    return _page("comments/withdraw.html", building=building, comment=comment, form=form)


@bp.post("/b/<string:token>/comments/<int:comment_id>/agree")
@household
def agree(token: str, comment_id: int) -> Response:
    """Count the household among those that think so too; changed words are shown first."""
    comment = _load_comment(_load_home_building(token), comment_id)
    try:
        actions.agree_with(current_home.household_id, comment, request.form.get("seen"))
    except OtherWords:
        return _back_to(comment, token, changed=comment.id)
    return _back_to(comment, token)


@bp.post("/b/<string:token>/comments/<int:comment_id>/take-back")
@household
def take_back(token: str, comment_id: int) -> Response:
    """Count the household no longer."""
    comment = _load_comment(_load_home_building(token), comment_id)
    actions.take_agreement_back(current_home.household_id, comment)
    return _back_to(comment, token)


@bp.route("/b/<string:token>/comments/<int:comment_id>/report", methods=["GET", "POST"])
@household
def report(token: str, comment_id: int) -> Response:
    """Tell the office that something is wrong with somebody's comment."""
    building = _load_home_building(token)
    comment = _load_comment(building, comment_id)
    if comment.is_gone:
        abort(404)
    form = ReportForm()
    if form.validate_on_submit():
        about = (comment, form.wrong.data, form.note.data)
        try:
            actions.report_comment(current_home.household_id, *about)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            flash(_("已告诉社区，社区看过以后决定怎么办。别人不知道是您家说的。"))
            return _back_to(comment, token)
    return _page("comments/report.html", building=building, comment=comment, form=form)


def _show(building: Building, form: CommentForm | None) -> Response:
    home: Any = current_home
    is_at_home = _may_write(building)
    reader = home.household_id if is_at_home else None
    selection = _selection(is_at_home)
    comments, has_more = queries.comments_on(building.compound_id, selection, reader)
    return _page(
        "comments/page.html",
        building=building,
        form=form,
        comments=comments,
        selection=selection,
        has_more=has_more,
        overview=queries.overview(building.compound_id),
        own=queries.own(reader, building.compound_id, comments) if reader else None,
        reader=reader,
        is_screened=is_at_home and queries.is_screened(building.compound_id),
        may_change=actions.may_change,
        state_of=state_of,
        changed=asked_number("changed"),
        sections=list(Section),
        statuses=list(Status),
        orders=list(Order),
    )


def _told_where(comment: Comment, token: str) -> Response:
    """Back to the comment, and say whether others read it by now."""
    if comment.is_held:
        flash(_("已收到。社区看过再公布，一般1个工作日内；现在只有您家看得到。"))
    else:
        flash(_("已发布，谁都能看到。社区答复以后，也显示在这里。"))
    return saved(".page", _anchor=f"c{comment.id}", token=token)


def _back_to(comment: Comment, token: str, **others: int) -> Response:
    """To the same comment in the same selection, so that nobody has to look for the place."""
    where = _selection()
    args = {**where.args(number=where.number), **others}
    return saved(".page", _anchor=f"c{comment.id}", token=token, **args)


def _load_building(token: str) -> Building:
    building = building_by_token(token)
    if building is None:
        abort(404)
    return building


def _load_home_building(token: str) -> Building:
    """A building of the compound where the signed-in household lives; 404 of any other."""
    building = _load_building(token)
    if not _may_write(building):
        abort(404)
    return building


def _load_comment(building: Building, comment_id: int) -> Comment:
    """A comment that this household may know of, or 404."""
    reader = current_home.household_id
    return queries.comment_for(comment_id, building.compound_id, reader) or abort(404)


def _load_own(building: Building, comment_id: int) -> Comment:
    """A comment that this household wrote and whose words are still there, or 404."""
    comment = _load_comment(building, comment_id)
    if comment.household_id != current_home.household_id or comment.is_gone:
        abort(404)
    return comment


def _may_write(building: Building) -> bool:
    home: Any = current_home
    return bool(home) and queries.lives_in(home.household_id, building.compound_id)


def _selection(is_at_home: bool = True) -> Selection:
    """What the address asks for; nonsense in it asks for nothing, and strangers have no own."""
    section, status, order = (request.args.get(name, "") for name in ("section", "status", "order"))
    return Selection(
        section=Section(section) if section in set(Section) else None,
        status=Status(status) if status in set(Status) else None,
        order=Order(order) if order in set(Order) else Order.NEWEST,
        mine=is_at_home and request.args.get("mine") == "1",
        number=max(1, asked_number("page") or 1),
    )
