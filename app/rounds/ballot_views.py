"""A household votes on the phone: form, review, vote, and every way in which it can go wrong."""

from typing import Any

from flask import Response, make_response, redirect, request, url_for

from app.core.cookies import forget_note, keep_note, kept_note
from app.core.db import mark_reading, release
from app.core.errors import Refused
from app.core.guards import Claim, claimant, current_home, household
from app.core.i18n import translated
from app.core.tokens import random_token
from app.core.web import page, saved
from app.rounds import casting, first_votes, homes, queries
from app.rounds.forms import BallotForm, ReaffirmForm, ballot_form, read_ballot
from app.rounds.models import Channel, RegisterEntry, Round
from app.rounds.new_phones import waits_until
from app.rounds.residents import bp, load_entry, load_own_building, load_round

# Refusal → its word for a phone that reads JSON, and its page.
_TOLD = {
    casting.NotOpen: ("not-open", "rounds/not_counted.html"),
    casting.VotedMeanwhile: ("voted-meanwhile", "rounds/voted_meanwhile.html"),
    casting.PlanChanged: ("plan-changed", "rounds/plan_changed.html"),
    casting.NoMoreChanges: ("no-more-changes", "rounds/stands.html"),
    casting.BeingSettled: ("being-settled", "rounds/stands.html"),
    casting.SellerVoted: ("seller-voted", "rounds/stands.html"),
    casting.NotOnRegister: ("not-on-register", "rounds/stands.html"),
}

# The note with the answers between form and review; signing out forgets it.
_BALLOT = "ballot"


@bp.get("/rounds/<int:round_id>/vote")
@household
def vote(round_id: int) -> Response:
    """The form: every matter with three equal answers, none of them chosen."""
    round_ = load_round(round_id)
    if not round_.is_open:
        return page("rounds/not_open.html", round=round_, building=load_own_building())
    try:
        entry = load_entry(round_)
    except casting.NotOnRegister as refusal:
        return _page_of_refusal(round_, refusal)
    mine = homes.ballots_in(round_, entry)
    if mine.barrier:
        return _page_of_refusal(round_, mine.barrier)
    form = ballot_form(round_, entry)
    form.begin(entry, mine.own)
    return _form_page(mine, form)


@bp.post("/rounds/<int:round_id>/review")
@household
def prepare(round_id: int) -> Response:
    """Keep what was filled in for the review; nothing is recorded."""
    # Nothing is written here, so nobody who votes at this moment has to wait for it.
    release()
    mark_reading(True)
    round_ = load_round(round_id)
    try:
        casting.require_open(round_)
        entry = load_entry(round_)
    except Refused as refusal:
        return _told_no(round_id, refusal)
    form = ballot_form(round_, entry)
    if not form.validate():
        return _form_page(homes.ballots_in(round_, entry), form)
    filled_in = {"round": round_id, "home": entry.household_id, **form.kept()}
    keep_note(_BALLOT, _as_another_request(filled_in, kept_note(_BALLOT)))
    return saved(".review", round_id=round_id)


@bp.get("/rounds/<int:round_id>/review")
@household
def review(round_id: int) -> Response:
    """What would be sent, to be read once more (THREATS.md T29)."""
    round_ = load_round(round_id)
    entry, form = _kept_form(round_)
    if entry is None or form is None:
        return make_response(redirect(url_for(".vote", round_id=round_id), 303))
    left = casting.changes_left(round_, entry, more=1)
    waits = waits_until(round_, current_home.session_id)
    return page("rounds/review.html", form=form, round=round_, entry=entry, left=left, waits=waits)


@bp.get("/rounds/<int:round_id>/edit")
@household
def edit(round_id: int) -> Response:
    """Back from the review to the form, with everything that was filled in."""
    round_ = load_round(round_id)
    entry, form = _kept_form(round_)
    if entry is None or form is None:
        return make_response(redirect(url_for(".vote", round_id=round_id), 303))
    return _form_page(homes.ballots_in(round_, entry), form)


@bp.post("/rounds/<int:round_id>/vote")
@claimant
def cast(round_id: int, claim: Claim) -> Response:
    """Record the vote; as JSON for a phone that retries on a weak line."""
    ballot = read_ballot(request.form)
    receipt = first_votes.cast(round_id, claim, ballot) if ballot else None
    if receipt is None:
        return _cast(round_id)
    forget_note(_BALLOT)
    return _proof(receipt) if _wants_json() else saved(".receipt", code=receipt.code)


@household
def _cast(round_id: int) -> Response:
    round_, me = load_round(round_id), current_home
    entry = queries.entry_of(round_id, me.household_id)
    form = ballot_form(round_, entry)
    if not form.validate():
        return _incomplete(round_, form)
    phone = {"via": Channel.PHONE, "session_id": me.session_id}
    try:
        receipt = casting.cast(round_, me.household_id, form.ballot(), **phone)
    except Refused as refusal:
        return _told_no(round_id, refusal)
    return _recorded(receipt)


@bp.post("/rounds/<int:round_id>/reaffirm")
@household
def reaffirm(round_id: int) -> Response:
    """One tap: the household still says what it said before the plan changed."""
    round_, me, form = load_round(round_id), current_home, ReaffirmForm()
    if not form.validate():
        return make_response(redirect(url_for(".vote", round_id=round_id), 303))
    seen = {"plan_number": form.seen_plan, "session_id": me.session_id}
    try:
        receipt = casting.reaffirm(
            round_, me.household_id, form.request_id.data, form.seen_votes, **seen
        )
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
    return make_response(_as_json(found.receipt, found.seq, found.is_held))


def _as_another_request(filled_in: dict[str, Any], before: dict[str, Any] | None) -> dict[str, Any]:
    """What was changed after its review bears a new name: the old one may have been confirmed."""
    is_changed = before is not None and before["request_id"] == filled_in["request_id"]
    if is_changed and before != filled_in:
        return {**filled_in, "request_id": random_token(24)}
    return filled_in


def _kept_form(round_: Round) -> tuple[RegisterEntry | None, BallotForm | None]:
    """The form as this household filled it in before its review, while it can still be sent."""
    kept = kept_note(_BALLOT)
    whose = (round_.id, current_home.household_id)
    if kept is None or (kept["round"], kept["home"]) != whose or not round_.is_open:
        return None, None
    entry = load_entry(round_)
    form = ballot_form(round_, entry)
    form.fill_in(kept)
    return entry, form


def _form_page(mine: homes.Ballots, form: BallotForm) -> Response:
    entry, last = mine.entry, mine.own
    return page(
        "rounds/vote.html",
        form=form,
        mine=mine,
        round=mine.round,
        entry=entry,
        said={choice.matter_id: choice.choice for choice in last.choices} if last else {},
        left=casting.changes_left(mine.round, entry, more=1) if entry else None,
    )


def _recorded(receipt: casting.Receipt) -> Response:
    forget_note(_BALLOT)
    response = saved(".receipt", code=receipt.code)
    return _proof(receipt) if _wants_json() else response


def _proof(receipt: casting.Receipt) -> Response:
    return make_response(_as_json(receipt.code, receipt.seq, receipt.is_held))


def _as_json(code: str, seq: int, is_held: bool) -> dict[str, object]:
    recorded = {"receipt": code, "seq": seq, "status": "recorded"}
    return {**recorded, "held": True} if is_held else recorded


def _incomplete(round_: Round, form: BallotForm) -> Response:
    if _wants_json():
        errors = [message for _field, message in form.error_list()]
        return make_response({"error": " ".join(errors), "status": "incomplete"}, 422)
    return _form_page(homes.ballots_in(round_, load_entry(round_)), form)


def _told_no(round_id: int, refusal: Refused) -> Response:
    """Say what happened instead; nothing was recorded."""
    forget_note(_BALLOT)
    release()
    mark_reading(True)
    word, _template = _TOLD.get(type(refusal), ("refused", ""))
    if _wants_json():
        return make_response({"error": translated(refusal), "status": word}, 409)
    if type(refusal) not in _TOLD:
        raise refusal
    return _page_of_refusal(load_round(round_id), refusal)


def _page_of_refusal(round_: Round, refusal: Refused) -> Response:
    """A calm page for a refusal: what counts now, what was filled in, whom to call, the way on."""
    word, template = _TOLD[type(refusal)]
    entry = queries.entry_of(round_.id, current_home.household_id)
    form = ballot_form(round_, entry)
    if entry:
        # The replacement is a request of its own, made with open eyes.
        form.see(entry)
    return page(
        template,
        409,
        form=form,
        mine=homes.ballots_in(round_, entry),
        round=round_,
        word=word,
        message=translated(refusal),
        building=load_own_building(),
    )


def _wants_json() -> bool:
    return request.accept_mimetypes.best == "application/json"
