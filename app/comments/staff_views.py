"""Staff answer comments, and remove one with a reason that stays visible."""

from flask import Blueprint, Response, abort, flash, request
from flask_babel import gettext as _
from flask_login import current_user

from app.comments import actions, queries
from app.comments.forms import RemovalForm, ReplyForm
from app.comments.models import Comment
from app.core.errors import Refused
from app.core.guards import staff
from app.core.web import asked_number, page, saved

bp = Blueprint("comments_staff", __name__, url_prefix="/desk/comments")


@bp.get("")
@staff()
def queue() -> Response:
    """Comments that wait for an answer, the oldest first; or all of them."""
    everything = request.args.get("show") == "all"
    number = max(1, asked_number("page") or 1)
    comments, has_more = queries.queue(current_user, everything=everything, number=number)
    return page(
        "comments/staff/queue.html",
        comments=comments,
        everything=everything,
        number=number,
        has_more=has_more,
        unanswered=queries.unanswered_count(current_user),
    )


@bp.route("/<int:comment_id>/reply", methods=["GET", "POST"])
@staff()
def reply(comment_id: int) -> Response:
    """Answer a comment in the name of the community or another body."""
    comment = _load_comment(comment_id)
    form = ReplyForm(signed_as=comment.compound.area.name)
    if form.validate_on_submit():
        try:
            actions.reply(comment, form.signed_as.data, form.body.data, by=current_user)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            flash(_("回复已发布，居民现在就能看到。"))
            return saved(".queue")
    return page("comments/staff/reply.html", comment=comment, form=form)


@bp.route("/<int:comment_id>/remove", methods=["GET", "POST"])
@staff()
def remove(comment_id: int) -> Response:
    """Confirm with a reason, then take a comment out of sight."""
    comment = _load_comment(comment_id)
    form = RemovalForm()
    if form.validate_on_submit():
        try:
            actions.remove_comment(comment, form.reason.data, by=current_user)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            flash(_("这条意见已移除，原处留有说明。"))
            return saved(".queue")
    return page("comments/staff/remove.html", comment=comment, form=form)


def _load_comment(comment_id: int) -> Comment:
    comment = queries.comment_within(comment_id)
    if comment is None:
        abort(404)
    if not current_user.reaches(comment.compound.area.path):
        abort(403)
    return comment
