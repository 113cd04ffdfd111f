"""Staff answer comments, release what is held, and remove with a reason that stays visible."""

from flask import Blueprint, Response, abort, flash, request
from flask_babel import gettext as _
from flask_login import current_user

from app.comments import actions, moderation, queries, waiting
from app.comments.forms import ReleaseForm, RemovalForm, ReplyForm, ScreeningForm, TakeUpForm
from app.comments.models import Comment
from app.comments.waiting import Waiting
from app.comments.wording import OtherWords, state_of
from app.core.errors import Refused
from app.core.guards import WITH_PLANNERS, Role, must_reach, staff
from app.core.i18n import translated
from app.core.web import asked_number, page, saved
from app.projects.queries import compound_of
from app.roster.models import Compound

bp = Blueprint("comments_staff", __name__, url_prefix="/desk/comments")


@bp.get("")
@staff(*WITH_PLANNERS)
def queue() -> Response:
    """Comments that wait for an answer or a look, by what they wait for; or all of them."""
    asked = request.args.get("show", "")
    part = Waiting(asked) if asked in set(Waiting) else Waiting.TODO
    number = max(1, asked_number("page") or 1)
    comments, has_more = waiting.queue(current_user, part, number)
    return page(
        "comments/staff/queue.html",
        comments=comments,
        part=part,
        parts=list(Waiting),
        number=number,
        has_more=has_more,
        counts=waiting.queue_counts(current_user),
        state_of=state_of,
    )


@bp.route("/<int:comment_id>/reply", methods=["GET", "POST"])
@staff()
def reply(comment_id: int) -> Response:
    """Answer a comment in the name of the community or another body."""
    comment = _load_comment(comment_id)
    form = ReplyForm(comment, signed_as=comment.compound.area.name)
    if form.validate_on_submit():
        try:
            seen, about = form.seen.data, (form.signed_as.data, form.body.data)
            actions.reply(comment, *about, by=current_user, seen=seen)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            flash(_("回复已发布，居民现在就能看到。"))
            return saved(".queue")
    return page("comments/staff/reply.html", comment=comment, form=form)


@bp.route("/<int:comment_id>/release", methods=["GET", "POST"])
@staff()
def release(comment_id: int) -> Response:
    """Look at a held comment and let everybody read it, its numbers hidden where they are private.

    The preview shows what would stand there then.
    """
    comment = _load_comment(comment_id)
    form = ReleaseForm(comment)
    if form.validate_on_submit():
        choice = {"seen": form.seen.data, "hide_numbers": form.hides_numbers}
        try:
            moderation.release_comment(comment, by=current_user, **choice)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            flash(_("已公布，居民现在就能看到。"))
            return saved(".queue")
    preview = moderation.without_numbers(comment)
    return page("comments/staff/release.html", comment=comment, form=form, preview=preview)


@bp.route("/<int:comment_id>/remove", methods=["GET", "POST"])
@staff()
def remove(comment_id: int) -> Response:
    """Confirm with a reason, then take a comment out of sight."""
    comment = _load_comment(comment_id)
    form = RemovalForm(comment)
    if form.validate_on_submit():
        try:
            reason, seen = form.reason.data, form.seen.data
            moderation.remove_comment(comment, reason, by=current_user, seen=seen)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            flash(_("这条意见已移除，原处留有说明。"))
            return saved(".queue")
    return page("comments/staff/remove.html", comment=comment, form=form)


@bp.post("/<int:comment_id>/keep")
@staff()
def keep(comment_id: int) -> Response:
    """Leave a reported comment where it is."""
    comment, seen = _load_comment(comment_id), request.form.get("seen")
    try:
        moderation.keep_comment(comment, by=current_user, seen=seen)
    except OtherWords as refusal:
        flash(translated(refusal))
    else:
        flash(_("举报已处理，这一条保留。"))
    return saved(".queue")


@bp.route("/<int:comment_id>/take-up", methods=["GET", "POST"])
@staff()
def take_up(comment_id: int) -> Response:
    """Say which published version of the plan took a comment up."""
    comment = _load_comment(comment_id)
    versions = queries.versions_after(comment)
    form = TakeUpForm(comment, versions)
    if form.validate_on_submit():
        try:
            moderation.take_up(comment, form.chosen, by=current_user, seen=form.seen.data)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            flash(_("已记下，居民在这一条下面看得到。"))
            return saved(".queue")
    return page("comments/staff/take_up.html", comment=comment, form=form, versions=versions)


@bp.get("/screening")
@staff(Role.OFFICE, Role.DISTRICT)
def screenings() -> Response:
    """In which compounds comments are read before they are public."""
    rows = waiting.compounds_with_screening(current_user)
    return page("comments/staff/screenings.html", rows=rows)


@bp.route("/screening/<int:compound_id>", methods=["GET", "POST"])
@staff(Role.OFFICE, Role.DISTRICT)
def screening(compound_id: int) -> Response:
    """Confirm, then read everything new of a compound beforehand, or no longer."""
    compound = _load_compound(compound_id)
    is_on = queries.is_screened(compound.id)
    form = ScreeningForm(wanted="off" if is_on else "on")
    if form.validate_on_submit():
        wants = form.wanted.data == "on"
        moderation.set_screening(compound, wants, by=current_user)
        flash(_("已开启，新写的先看再公布。") if wants else _("已关闭，新写的马上公布。"))
        return saved(".screenings")
    return page("comments/staff/screening.html", compound=compound, form=form, is_on=is_on)


def _load_comment(comment_id: int) -> Comment:
    comment = queries.comment_within(comment_id)
    if comment is None:
        abort(404)
    must_reach(comment.compound.area.path)
    return comment


def _load_compound(compound_id: int) -> Compound:
    compound = compound_of(compound_id)
    if compound is None:
        abort(404)
    must_reach(compound.area.path)
    return compound
