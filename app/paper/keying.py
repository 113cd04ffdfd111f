"""Blind entries of a form: two that say the same make a vote; two that differ ask a third person.

Nobody sees what another keyed, nobody keys a form twice, and nothing counts before two persons
who have nothing to do with each other's account agree (THREATS.md T30, ASVS 2.3.5).
"""

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from app.accounts.vouching import check_second_person
from app.core import clock
from app.core.db import db
from app.core.errors import Refused, msg
from app.core.guards import Identity
from app.journal.models import Kind
from app.paper import queries
from app.paper.actions import WrongState, check_unused, void_by_entries
from app.paper.models import MOST_ENTRIES, Flaw, PaperEntry, PaperForm, VoidReason
from app.rounds import casting
from app.rounds.casting import Ballot
from app.rounds.counting import Choice
from app.rounds.models import Round
from app.rounds.queries import vote_by_receipt
from app.rounds.steps import NotYourself, locked, note


class NeedsReason(Refused):
    """The household has spoken another way; why paper is keyed over it must be said."""


class OldPlan(Refused):
    """The form was printed before the plan was changed materially."""


@dataclass(frozen=True)
class Said:
    """What one person reads on a form; with a flaw, nothing else counts."""

    choices: dict[int, Choice] = field(default_factory=dict)
    wishes: frozenset[int] = frozenset()
    flaw: Flaw | None = None
    signed_on: date | None = None
    mandate: str = ""
    reason: str = ""


class Became(StrEnum):
    """What an entry made of its form."""

    FIRST = "first"
    MISMATCH = "mismatch"
    COUNTED = "counted"
    HELD = "held"
    VOID = "void"


@dataclass(frozen=True)
class Keyed:
    """What came of an entry, without a word of what was keyed.

    `agreed_with`: which of two that differed the third one confirmed.
    """

    serial: str
    became: Became
    why: VoidReason | None = None
    agreed_with: int | None = None


def key(form: PaperForm, said: Said, *, by: Identity) -> Keyed:
    """Make the next entry of a form; the one that agrees with an earlier one lets it count.

    Refuses `NotOpen`, `WrongState`, `NotYourself`, `NeedsReason`, `OldPlan`, `Incomplete` and what
    `casting.cast_on_paper` refuses; then no entry is kept either.
    """
    round_ = locked(form.round)
    db.session.refresh(form)
    db.session.expire(form, ["entries"])
    db.session.refresh(form.entry)
    _check(round_, form, said, by)
    entry = _store(form, said, by)
    facts = {"form": form.number, "place": entry.place, "said": entry.commitment}
    note(round_, Kind.PAPER_KEYED, {**facts, "photo": form.photo_digest or ""}, by=by)
    earlier = [one for one in form.entries if one.place < entry.place]
    twin = next((one for one in earlier if one.content == entry.content), None)
    if twin is not None:
        return _agreed(round_, form, twin, by)
    return _differed(form)


def needs_reason(form: PaperForm) -> bool:
    """Whether the next entry has to say why paper is keyed: there is a vote by another channel."""
    has_reason = any(entry.reason for entry in form.entries)
    return not has_reason and queries.standing_elsewhere(form.entry) is not None


def _check(round_: Round, form: PaperForm, said: Said, by: Identity) -> None:
    casting.require_open(round_)
    check_unused(form)
    if form.photo_digest is None:
        raise WrongState(msg("这张表还没有照片，先拍照。"))
    same = NotYourself(msg("这张表您录过，或者您和录的人互相开过账号，要由另一个人录。"))
    for entry in form.entries:
        check_second_person(entry.keyed_by_id, by, same)
    casting.check_present(form.entry)
    _check_plan(round_, form)
    if said.flaw is None:
        casting.check_complete(form.entry, said.choices)
        asked = casting.matters_asked(round_, form.entry)
        if not _ballot(round_, form, said).is_on_the_menus(asked):
            raise casting.Incomplete(msg("选了菜单里没有的项目，请刷新后重新选。"))
        if form.entry.votes:
            casting.check_change(round_, form.entry)
        if not said.reason and needs_reason(form):
            raise NeedsReason(msg("这一户已经用别的办法表过态。请写明为什么还要录这张纸质表。"))


def _check_plan(round_: Round, form: PaperForm) -> None:
    """Only words were changed since: the form stands, as votes do (RULES.md §3)."""
    printed = form.plan_version.number if form.plan_version else 0
    if printed < round_.counts_from_version:
        raise OldPlan(
            msg("这张表印的是第%(number)s版方案，方案后来有了实质修改。请作废它，给这一户印新表。"),
            number=printed,
        )


def _store(form: PaperForm, said: Said, by: Identity) -> PaperEntry:
    is_sound = said.flaw is None
    entry = PaperEntry(
        form_id=form.id,
        place=form.keyed + 1,
        keyed_by_id=by.id,
        keyed_at=clock.now(),
        flaw=said.flaw,
        choices={str(m): c.value for m, c in said.choices.items()} if is_sound else {},
        wishes=sorted(said.wishes) if is_sound else [],
        signed_on=said.signed_on,
        mandate=said.mandate,
        reason=said.reason.strip(),
    )
    db.session.add(entry)
    form.keyed += 1
    db.session.flush()
    db.session.expire(form, ["entries"])
    return entry


def _agreed(round_: Round, form: PaperForm, twin: PaperEntry, by: Identity) -> Keyed:
    """Two persons read the same: it counts, or it is void for what both found."""
    if twin.flaw is not None:
        why = VoidReason(twin.flaw.value)
        void_by_entries(form, why)
        return Keyed(form.serial, Became.VOID, why)
    choices = {int(matter): Choice(choice) for matter, choice in twin.choices.items()}
    ballot = _ballot(round_, form, Said(choices, frozenset(twin.wishes)))
    first = twin.keyed_by.identity
    receipt = casting.cast_on_paper(round_, form.entry, ballot, keyed_by=first, checked_by=by)
    vote = vote_by_receipt(receipt.code)
    form.vote_id = vote.id if vote else None
    form.forget_request()
    became = Became.HELD if receipt.is_held else Became.COUNTED
    return Keyed(form.serial, became, agreed_with=form.agreed_with)


def _differed(form: PaperForm) -> Keyed:
    if form.keyed < MOST_ENTRIES:
        return Keyed(form.serial, Became.FIRST if form.keyed == 1 else Became.MISMATCH)
    void_by_entries(form, VoidReason.DIFFERING)
    return Keyed(form.serial, Became.VOID, VoidReason.DIFFERING)


def _ballot(round_: Round, form: PaperForm, said: Said) -> Ballot:
    number = round_.plan_version.number if round_.plan_version else 0
    return Ballot(said.choices, form.serial, form.entry.votes, number, wishes=said.wishes)
