"""The questions of a round and the rules they are counted by: written in the draft, then locked."""

from flask import Blueprint, Response, abort, flash, request
from flask_babel import gettext as _
from flask_login import current_user

from app.core.errors import Refused
from app.core.guards import staff
from app.core.web import page, saved
from app.rounds import matters as questions
from app.rounds.loading import load_round
from app.rounds.matter_forms import KINDS, MatterForm, ProfileForm, RemovalForm, kinds_offered
from app.rounds.models import Matter, Round, Subject
from app.rounds.wording import counting_of, question_of

bp = Blueprint("rounds_matters", __name__, url_prefix="/desk")


@bp.get("/rounds/<int:round_id>/matters")
@staff()
def matters(round_id: int) -> Response:
    """What the round asks, of whom, and when each is carried."""
    round_ = load_round(round_id)
    return page("rounds/staff/matters.html", round=round_, counting=counting_of(round_))


@bp.route("/rounds/<int:round_id>/matters/new", methods=["GET", "POST"])
@staff()
def add(round_id: int) -> Response:
    """Ask one question more: first its kind (`?kind=`), then only what that kind needs."""
    round_ = load_round(round_id)
    subject = _asked_kind()
    if subject is None:
        return page("rounds/staff/matter_kinds.html", round=round_, kinds=kinds_offered())
    form = MatterForm(round_, subject)
    if form.validate_on_submit():
        try:
            matter = questions.add_matter(round_, form.terms(), by=current_user)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            flash(_("已加上：%(title)s", title=matter.title))
            return saved(".matters", round_id=round_id)
    return page("rounds/staff/matter_form.html", round=round_, form=form, subject=subject)


@bp.route("/rounds/<int:round_id>/matters/<int:matter_id>/remove", methods=["GET", "POST"])
@staff()
def remove(round_id: int, matter_id: int) -> Response:
    """Take a question back, after asking."""
    round_ = load_round(round_id)
    matter = _load_matter(round_, matter_id)
    form = RemovalForm()
    if form.validate_on_submit():
        try:
            questions.remove_matter(round_, matter, by=current_user)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            flash(_("已去掉：%(title)s", title=matter.title))
            return saved(".matters", round_id=round_id)
    asked = question_of(round_, matter)
    return page("rounds/staff/matter_remove.html", round=round_, form=form, question=asked)


@bp.route("/rounds/<int:round_id>/profile", methods=["GET", "POST"])
@staff()
def profile(round_id: int) -> Response:
    """How the round is counted, for everybody to read; to be chosen while it is drafted."""
    round_ = load_round(round_id)
    form = ProfileForm(round_)
    if form.validate_on_submit():
        try:
            questions.choose_profile(round_, form.preset.data, form.switches(), by=current_user)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            flash(_("计票口径已保存。"))
            return saved(".profile", round_id=round_id)
    counting = counting_of(round_)
    return page("rounds/staff/profile.html", round=round_, form=form, counting=counting)


def _asked_kind() -> Subject | None:
    """The kind that the address names; one that nobody can add is not found."""
    name = request.args.get("kind")
    if name is None:
        return None
    found = [subject for subject in KINDS if subject.value == name]
    return found[0] if found else abort(404)


def _load_matter(round_: Round, matter_id: int) -> Matter:
    found = [matter for matter in round_.matters if matter.id == matter_id]
    return found[0] if found else abort(404)
