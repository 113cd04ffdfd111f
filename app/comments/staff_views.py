"""Staff answer comments, release what is held, and remove with a reason that stays visible."""

import re
from typing import Any

from flask import Blueprint, Response, abort, flash, request
from flask_babel import gettext as _
from flask_login import current_user

from app.comments import actions, handing, ledger, moderation, queries, templates, waiting
from app.comments.forms import (
    AssignmentForm,
    ManyForm,
    ReleaseForm,
    RemovalForm,
    ReplyForm,
    ScreeningForm,
    SeenForm,
    TakeUpForm,
)
from app.comments.models import Comment
from app.comments.queries import PAGE_SIZE
from app.comments.sight import OUTSIDE, is_outside
from app.comments.waiting import Choice, Waiting
from app.comments.wording import OtherWords, state_of
from app.core.errors import Refused
from app.core.guards import WITH_PLANNERS, Role, must_reach, staff, stepped_up
from app.core.i18n import translated
from app.core.web import asked_number, page, saved, spreadsheet
from app.projects.models import Section
from app.projects.queries import compound_of
from app.roster.models import Building, Compound
from app.rounds.homes import office_phone

_NUMBER = re.compile(r"[1-9][0-9]{0,17}")

bp = Blueprint("comments_staff", __name__, url_prefix="/desk/comments")


@bp.context_processor
def _about() -> dict[str, Any]:
    """What the pages ask of a comment and of whoever reads it."""
    return {
        "state_of": state_of,
        "is_from_outside": is_outside(current_user),
        "may_restore": moderation.may_restore,
        "sections": list(Section),
    }


@bp.get("")
@staff(*WITH_PLANNERS)
def queue() -> Response:
    """Comments that wait for an answer or a look, by what they wait for; or all of them."""
    choice = _choice()
    return page(
        "comments/staff/queue.html",
        found=waiting.queue(current_user, choice, asked_number("page")),
        choice=choice,
        parts=_parts(),
        counts=waiting.queue_counts(current_user),
        compounds=waiting.commented_compounds(current_user),
        speed=waiting.speeds(current_user).whole,
    )


@bp.get("/figures")
@staff()
def figures() -> Response:
    """How fast questions are answered: in all, by compound, by who answers."""
    return page("comments/staff/figures.html", speeds=waiting.speeds(current_user))


@bp.get("/export")
@staff()
@stepped_up
def export() -> Response:
    """The comments that the queue shows now, all pages of them, as a workbook."""
    table = ledger.table_of(waiting.chosen(current_user, _choice()))
    return spreadsheet(_("居民意见"), [table])


@bp.route("/<int:comment_id>/reply", methods=["GET", "POST"])
@staff(*WITH_PLANNERS)
def reply(comment_id: int) -> Response:
    """Answer a comment; a template that the address names is put into the form beforehand."""
    comment = _load_comment(comment_id)
    form = _reply_form(comment)
    if form.validate_on_submit():
        choice = {"seen": form.seen.data, "version": form.chosen}
        try:
            actions.reply(comment, form.signature, form.body.data, by=current_user, **choice)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            flash(_("回复已发布，居民现在就能看到。"))
            return saved(".queue")
    offered = templates.templates_of(current_user)
    return page("comments/staff/reply.html", comment=comment, form=form, offered=offered)


@bp.route("/<int:comment_id>/propose", methods=["GET", "POST"])
@staff(*OUTSIDE)
def propose(comment_id: int) -> Response:
    """Confirm, then tell the office that the plan should take a comment up."""
    comment = _load_comment(comment_id)
    form = SeenForm(comment)
    if form.validate_on_submit():
        try:
            handing.propose_take_up(comment, by=current_user, seen=form.seen.data)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            flash(_("已告诉社区，由社区决定写不写进方案。"))
            return saved(".queue")
    return page("comments/staff/propose.html", comment=comment, form=form)


@bp.route("/<int:comment_id>/assign", methods=["GET", "POST"])
@staff()
def assign(comment_id: int) -> Response:
    """Say who is to answer a comment: a designer, a builder or a colleague."""
    comment = _load_comment(comment_id)
    form = AssignmentForm(comment, handing.answerers(comment))
    if form.validate_on_submit():
        seen = form.seen.data
        try:
            handing.assign_comment(comment, form.chosen, by=current_user, seen=seen)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            flash(_("已记下，对方在自己的页面看得到。"))
            return saved(".queue")
    return page("comments/staff/assign.html", comment=comment, form=form)


@bp.route("/release-many", methods=["GET", "POST"])
@staff()
def release_many() -> Response:
    """Show several held comments as they would stand there, then let everybody read them."""
    states = _states() if request.method == "POST" else {}
    ids = list(states) or request.args.getlist("comment", type=int)[:PAGE_SIZE]
    comments = waiting.held_among(current_user, [id_ for id_ in ids if 0 < id_ < 2**31])
    form = ManyForm()
    if form.validate_on_submit():
        out, left = moderation.release_many(comments, states, by=current_user)
        flash(_("公布了 %(count)s 条。", count=out))
        if left:
            flash(_("%(count)s 条没有公布：刚刚改过或已经处理，请再看一遍。", count=left))
        return saved(".queue", show=Waiting.HELD.value)
    shown = [(comment, moderation.as_released(comment)) for comment in comments]
    return page("comments/staff/release_many.html", shown=shown, form=form)


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
            return saved(".restore", comment_id=comment.id)
    return page("comments/staff/remove.html", comment=comment, form=form)


@bp.route("/<int:comment_id>/restore", methods=["GET", "POST"])
@staff()
def restore(comment_id: int) -> Response:
    """Offer to undo one's own removal, for ten minutes."""
    comment = _load_comment(comment_id)
    form = ManyForm()
    if form.validate_on_submit():
        try:
            moderation.restore_comment(comment, by=current_user)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            flash(_("已撤销移除，这一条又能看到了。"))
            return saved(".queue")
    return page("comments/staff/restore.html", comment=comment, form=form)


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


def _choice() -> Choice:
    """What the address asks for; what it asks for in vain is left out."""
    asked, section = request.args.get("show", ""), request.args.get("section", "")
    return Choice(
        part=Waiting(asked) if asked in set(_parts()) else Waiting.TODO,
        compound=asked_number("compound"),
        section=Section(section) if section in set(Section) else None,
        is_old="old" in request.args,
        is_mine="mine" in request.args,
    )


def _parts() -> list[Waiting]:
    return [Waiting.TODO, Waiting.ALL] if is_outside(current_user) else list(Waiting)


def _reply_form(comment: Comment) -> ReplyForm:
    """Empty, or with the words of the template that the address names."""
    signed_as = None if is_outside(current_user) else comment.compound.area.name
    given = {}
    if (number := asked_number("template")) and request.method == "GET":
        offered = {one.id: one for one in templates.templates_of(current_user)}
        if number in offered:
            phone = office_phone(Building.compound_id == comment.compound_id)
            given["body"] = templates.filled(offered[number].body, comment, phone)
    return ReplyForm(comment, queries.versions_of(comment.compound_id), signed_as, **given)


def _states() -> dict[int, str]:
    """Which words of which comments somebody read: `12:2026-…` each."""
    pairs = [one.partition(":") for one in request.form.getlist("read")[:PAGE_SIZE]]
    return {int(id_): seen for id_, _colon, seen in pairs if _NUMBER.fullmatch(id_)}


def _load_comment(comment_id: int) -> Comment:
    comment = queries.comment_within(comment_id)
    if comment is None:
        abort(404)
    must_reach(comment.compound.area.path)
    # Those outside the office do not learn that there is something they may not read.
    if is_outside(current_user) and not comment.is_in_sight:
        abort(404)
    return comment


def _load_compound(compound_id: int) -> Compound:
    compound = compound_of(compound_id)
    if compound is None:
        abort(404)
    must_reach(compound.area.path)
    return compound
