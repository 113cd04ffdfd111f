"""A household votes on the phone: form, review, vote, and every way in which it can go wrong."""

from flask import Response, make_response, redirect, request, session, url_for

from app.core.db import mark_reading, release
from app.core.errors import Refused
from app.core.guards import current_home, household
from app.core.i18n import translated
from app.core.tokens import random_token
from app.core.web import page, saved
from app.rounds import casting, homes, queries
from app.rounds.forms import BallotForm, ballot_form
from app.rounds.models import Channel, RegisterEntry, Round
from app.rounds.residents import bp, load_entry, load_own_building, load_round

_TOLD = {
    casting.NotOpen: ("not-open", "rounds/not_counted.html"),
    casting.VotedMeanwhile: ("voted-meanwhile", "rounds/voted_meanwhile.html"),
    casting.PlanChanged: ("plan-changed", "rounds/plan_changed.html"),
}

# Where the session keeps the answers between form and review; signing out forgets them.
_BALLOT = "ballot"


@bp.get("/rounds/<int:round_id>/vote")
@household
def vote(round_id: int) -> Response:
    """The form: every matter with three equal answers, none of them chosen."""
    round_ = load_round(round_id)
    if not round_.is_open:
        return page("rounds/not_open.html", round=round_, building=load_own_building())
    entry = load_entry(round_)
    form = ballot_form(round_)
    form.begin(entry, homes.last_words(entry) if entry.votes else "")
    return _form_page(round_, entry, form)


@bp.post("/rounds/<int:round_id>/review")
@household
def prepare(round_id: int) -> Response:
    """Keep what was filled in for the review; nothing is recorded."""
    # Nothing is written here, so nobody who votes at this moment has to wait for it.
    release()
    mark_reading(True)
    round_ = load_round(round_id)
    form = ballot_form(round_)
    try:
        casting.require_open(round_)
    except casting.NotOpen as refusal:
        return _told_no(round_id, refusal)
    entry = load_entry(round_)
    if not form.validate():
        return _form_page(round_, entry, form)
    session[_BALLOT] = {"round": round_id, "home": entry.household_id, **form.kept()}
    return saved(".review", round_id=round_id)


@bp.get("/rounds/<int:round_id>/review")
@household
def review(round_id: int) -> Response:
    """What would be sent, to be read once more (THREATS.md T29)."""
    round_ = load_round(round_id)
    form = _kept_form(round_)
    if form is None:
        return make_response(redirect(url_for(".vote", round_id=round_id), 303))
    return page("rounds/review.html", form=form, round=round_, entry=load_entry(round_))


@bp.get("/rounds/<int:round_id>/edit")
@household
def edit(round_id: int) -> Response:
    """Back from the review to the form, with everything that was filled in."""
    round_ = load_round(round_id)
    form = _kept_form(round_)
    if form is None:
        return make_response(redirect(url_for(".vote", round_id=round_id), 303))
    return _form_page(round_, load_entry(round_), form)


@bp.post("/rounds/<int:round_id>/vote")
@household
def cast(round_id: int) -> Response:
    """Record the vote; as JSON for a phone that retries on a weak line."""
    round_ = load_round(round_id)
    form = ballot_form(round_)
    if not form.validate():
        return _incomplete(round_, form)
    me = current_home
    phone = {"via": Channel.PHONE, "session_id": me.session_id}
    try:
        receipt = casting.cast(round_, me.household_id, form.ballot(), **phone)
    except Refused as refusal:
        return _told_no(round_id, refusal)
    return _recorded(receipt)


@bp.get("/rounds/<int:round_id>/status")
@household
def status(round_id: int) -> Response:
    """Whether a request of this household was recorded (FAULTS.md F20)."""
    round_ = load_round(round_id)
    request_id = request.args.get("request_id", "")
    found = queries.vote_by_request(round_.id, current_home.household_id, request_id)
    if found is None:
        return make_response({"status": "unknown"})
    return make_response({"status": "recorded", "receipt": found.receipt, "seq": found.seq})


def _kept_form(round_: Round) -> BallotForm | None:
    """The form as this household filled it in before its review, while it can still be sent."""
    kept = session.get(_BALLOT)
    whose = (round_.id, current_home.household_id)
    if kept is None or (kept["round"], kept["home"]) != whose or not round_.is_open:
        return None
    form = ballot_form(round_)
    form.fill_in(kept)
    return form


def _form_page(round_: Round, entry: RegisterEntry, form: BallotForm) -> Response:
    last = homes.votes_with_choices([entry.id])[:1] if entry.votes else []
    said = {choice.matter_id: choice.choice for vote in last for choice in vote.choices}
    return page(
        "rounds/vote.html",
        form=form,
        round=round_,
        entry=entry,
        last=last[0] if last else None,
        said=said,
    )


def _recorded(receipt: casting.Receipt) -> Response:
    session.pop(_BALLOT, None)
    response = saved(".receipt", code=receipt.code)
    recorded = {"receipt": receipt.code, "seq": receipt.seq, "status": "recorded"}
    return make_response(recorded) if _wants_json() else response


def _incomplete(round_: Round, form: BallotForm) -> Response:
    if _wants_json():
        errors = [message for _field, message in form.error_list()]
        return make_response({"error": " ".join(errors), "status": "incomplete"}, 422)
    return _form_page(round_, load_entry(round_), form)


def _told_no(round_id: int, refusal: Refused) -> Response:
    """Say what happened instead; nothing was recorded."""
    session.pop(_BALLOT, None)
    release()
    mark_reading(True)
    word, template = _TOLD.get(type(refusal), ("refused", ""))
    if _wants_json():
        return make_response({"error": translated(refusal), "status": word}, 409)
    if not template:
        raise refusal
    round_ = load_round(round_id)
    return _page_of_refusal(template, round_, refusal)


def _page_of_refusal(template: str, round_: Round, refusal: Refused) -> Response:
    form, entry = ballot_form(round_), queries.entry_of(round_.id, current_home.household_id)
    chosen = {matter.id: field.data for matter, field in form.answers()}
    if entry:
        # The replacement is a request of its own, made with open eyes.
        form.request_id.data = random_token(24)
        form.see(entry)
    votes = homes.votes_with_choices([entry.id]) if entry else []
    return page(
        template,
        409,
        form=form,
        round=round_,
        entry=entry,
        chosen=chosen,
        votes=votes,
        message=translated(refusal),
        building=load_own_building(),
    )


def _wants_json() -> bool:
    return request.accept_mimetypes.best == "application/json"
