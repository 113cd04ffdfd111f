"""Printing, giving out, taking back, photographing and voiding forms; keying them is `keying`.

Everything is done under the lock of the round, as votes are.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, insert, select

from app.accounts.models import Staff
from app.accounts.queries import are_two_persons
from app.core import clock, files, pdf
from app.core.db import db, once
from app.core.errors import Refused, msg
from app.core.guards import Identity
from app.core.jobs import Job, ask
from app.core.sealing import seal
from app.core.tokens import commitment, random_bytes
from app.journal.actions import OFFICE, record
from app.journal.models import Kind
from app.notices.actions import tell
from app.notices.models import MessageKind
from app.paper import queries
from app.paper.models import (
    REPLACEABLE,
    WAITING,
    FormState,
    Handing,
    PaperBatch,
    PaperForm,
    VoidReason,
)
from app.paper.photos import ALIKE, Photo, distance
from app.roster.models import Building, Entrance
from app.rounds import casting
from app.rounds.lifecycle import State
from app.rounds.models import RegisterEntry, Round
from app.rounds.steps import NotNow, NotYourself, locked, note

# Until the result is certified it must be possible to say what became of each number.
_ACCOUNTABLE = queries.IN_USE | {State.CLOSED, State.PRELIMINARY}

_USED = msg("这张照片已经用在另一张表上了。请重新拍这一张，把右上角的码拍全。")


class NothingToPrint(Refused):
    """Every household here has spoken, or holds a form already."""


class AlreadyPrinting(Refused):
    """The PDF of this batch is being laid out."""


class WrongState(Refused):
    """This form cannot be dealt with like this any more."""


class StrangePhoto(Refused):
    """The photograph is of another form, or was used before."""


@dataclass(frozen=True)
class Place:
    """Which part of the compound forms are for; nothing is the whole."""

    building: Building | None = None
    entrance: Entrance | None = None


def order_forms(round_: Round, place: Place, *, by: Identity) -> PaperBatch:
    """Number and print forms for all who have not spoken and hold no form, by the order of doors.

    Refuses `NotNow`, `NothingToPrint` and `NoPdf`.
    """
    round_ = _printable(round_)
    holding = queries.live_forms(round_.id)
    at = (place.building.id if place.building else None, _id(place.entrance))
    asked = queries.entries_to_ask(round_, *at)
    entries = [entry for entry in asked if entry.id not in holding]
    if not asked:
        raise NothingToPrint(msg("这里没有要印的：要问的户都已经表态了。"))
    if not entries:
        raise NothingToPrint(msg("这里没有要印的：没有表态的户都有一张没交回来的表。"))
    return _print(round_, entries, place, by=by)


def order_form(round_: Round, entry: RegisterEntry, *, by: Identity) -> PaperBatch:
    """Print one form for one entry; one that it holds already, unsigned, is void from now on.

    Refuses as `order_forms`, and `WrongState` when a signed one lies at the office.
    """
    round_ = _printable(round_)
    casting.check_present(entry)
    if not queries.is_asked(round_, entry):
        raise NothingToPrint(msg("这一轮没有要问这一户的事项。"))
    held = queries.live_forms(round_.id).get(entry.id)
    if held is not None:
        if held.state not in REPLACEABLE:
            raise WrongState(
                msg("这一户的 %(serial)s 已经交回来了，请录入；不能计入的，先写明原因作废。"),
                serial=held.serial,
            )
        _void(held, VoidReason.REPRINTED, "", by=by)
    return _print(round_, [entry], Place(entry.building), by=by)


def print_again(batch: PaperBatch, *, by: Identity) -> None:
    """Lay the PDF of a batch out again, with the same numbers and without those void since.

    Refuses `NotNow`, `NothingToPrint`, `AlreadyPrinting` and `NoPdf`.
    """
    _printable(batch.round)
    if not batch.job.is_finished:
        raise AlreadyPrinting(msg("这一批正在生成，请等它做完。"))
    live = (PaperForm.batch_id == batch.id, PaperForm.voided_at.is_(None))
    if not db.session.scalar(select(func.count()).select_from(PaperForm).where(*live)):
        raise NothingToPrint(msg("这一批的表都作废了。"))
    batch.job_id = _order_pdf(batch, by=by).id
    facts = {"batch": batch.number, "again": 1}
    note(batch.round, Kind.PAPER_PRINTED, facts, by=by)


def hand_out(forms: Sequence[PaperForm], handing: Handing, *, by: Identity) -> None:
    """Note that forms were given to their households, left at their doors, or not accepted.

    Refuses `NotNow` and `WrongState`; then none of them is noted.
    """
    for form in _checked(forms, REPLACEABLE, queries.IN_USE):
        form.given_at, form.given_by_id, form.handing = clock.now(), by.id, handing
    _note_forms(forms, Kind.PAPER_GIVEN, by=by, how=handing.value)


def take_in(forms: Sequence[PaperForm], *, by: Identity) -> None:
    """Note that signed forms came back. Refuses as `hand_out`."""
    for form in _checked(forms, REPLACEABLE, _ACCOUNTABLE):
        _take_in(form, by)
    _note_forms(forms, Kind.PAPER_RETURNED, by=by)


def void_form(form: PaperForm, reason: VoidReason, why: str, *, by: Identity) -> None:
    """Say that a form nobody brought back is worth nothing, and why; its home may have another.

    Refuses `NotNow` and `WrongState`.
    """
    for one in _checked([form], REPLACEABLE, _ACCOUNTABLE):
        _void(one, reason, why, by=by)


def ask_to_void(form: PaperForm, reason: VoidReason, why: str, *, by: Identity) -> None:
    """Ask a second person to agree that a form that came back is worth nothing (THREATS.md T31).

    Refuses `NotNow` and `WrongState`.
    """
    for one in _checked([form], WAITING, _ACCOUNTABLE):
        if one.awaits_void:
            raise WrongState(msg("已经有人提出作废，正在等第二个人同意。"))
        one.void_asked_at, one.void_asked_by_id = clock.now(), by.id
        one.void_reason, one.void_note = reason, why.strip()
        note(one.round, Kind.PAPER_VOID_ASKED, _facts_of_void(one), by=by)


def agree_to_void(form: PaperForm, *, by: Identity) -> None:
    """Agree as the second person: now it is void, and its home is told.

    Refuses `NotNow`, `WrongState`, and `NotYourself` to whoever asked.
    """
    reason, asker = _asked_void(form)
    if not are_two_persons(asker, by):
        raise NotYourself(msg("要由另一个人同意，您自己提的不能自己同意。"))
    _void(form, reason, form.void_note, by=by)


def keep_form(form: PaperForm, *, by: Identity) -> None:
    """Say that a form shall not be void, or take one's own request back.

    Refuses `NotNow` and `WrongState`.
    """
    _asked_void(form)
    note(form.round, Kind.PAPER_KEPT, _facts_of_void(form), by=by)
    form.forget_request()


def note_export(round_: Round, forms: int, *, by: Identity) -> None:
    """Record that somebody took the register of forms away, and how long it was (T05)."""
    facts = {"list": "paper", "round": round_.id, "forms": forms}
    record(OFFICE, Kind.EXPORT, facts, actor=by.commitment)


def photograph(form: PaperForm, photo: Photo, *, by: Identity) -> None:
    """Keep the photograph of a signed form, sealed; a better one replaces it until it is keyed.

    Refuses `NotOpen`, `WrongState`, and `StrangePhoto`: of another form, or used before (T30).
    """
    round_ = locked(form.round)
    db.session.refresh(form)
    casting.require_open(round_)
    casting.check_present(form.entry)
    check_unused(form)
    if form.keyed:
        raise WrongState(msg("这张表已经有人录过，照片不能再换。"))
    _check_photo(form, photo)
    if form.returned_at is None:
        _take_in(form, by)
        _note_forms([form], Kind.PAPER_RETURNED, by=by)
    _keep(form, photo, by)
    note(round_, Kind.PAPER_PHOTO, {"form": form.number, "photo": photo.digest}, by=by)


def check_unused(form: PaperForm) -> None:
    """Refuse `WrongState` when a form was counted before, or is void."""
    if form.vote_id is not None:
        raise WrongState(msg("%(serial)s 已经计入过，不能再用。"), serial=form.serial)
    if form.voided_at is not None:
        raise WrongState(msg("%(serial)s 已经作废，不能再用。"), serial=form.serial)


def void_by_entries(form: PaperForm, reason: VoidReason) -> None:
    """What two persons (or three) found in a form makes it void; nobody decides that alone."""
    form.forget_request()
    _void(form, reason, "", by=None)


def purge_expired(now: datetime) -> int:
    """Delete every PDF of forms whose time is over by `now`; returns how many."""
    expired = [
        job
        for job in queries.kept_files()
        if job.result and datetime.fromisoformat(job.result["expires_at"]) <= now
    ]
    for job in expired:
        kept = dict(job.result or {})
        files.discard(kept.pop("file"))
        job.result = kept
    return len(expired)


def _printable(round_: Round) -> Round:
    if not pdf.is_available():
        raise pdf.NoPdf(msg("这台服务器没有装好 PDF 组件，做不了 PDF。请联系管理员安装。"))
    return _require(locked(round_), queries.IN_USE)


def _print(
    round_: Round, entries: Sequence[RegisterEntry], place: Place, *, by: Identity
) -> PaperBatch:
    first = queries.last_number(round_.id) + 1
    batch = PaperBatch(
        round_id=round_.id,
        number=_next_batch(round_.id),
        building_id=_id(place.building),
        entrance_id=_id(place.entrance),
        ordered_at=clock.now(),
        ordered_by_id=by.id,
        job=ask(queries.FORMS, {}, by=by.id),
    )
    db.session.add(batch)
    db.session.flush()
    batch.job.params = {"batch_id": batch.id, "by": by.id}
    same = {"round_id": round_.id, "batch_id": batch.id, "plan_version_id": round_.plan_version_id}
    rows = [
        {**same, "number": number, "entry_id": entry.id}
        for number, entry in enumerate(entries, start=first)
    ]
    db.session.execute(insert(PaperForm), rows)
    facts = {"batch": batch.number, "first": first, "count": len(rows)}
    note(round_, Kind.PAPER_PRINTED, facts, by=by)
    return batch


def _order_pdf(batch: PaperBatch, *, by: Identity) -> Job:
    return ask(queries.FORMS, {"batch_id": batch.id, "by": by.id}, by=by.id)


def _next_batch(round_id: int) -> int:
    highest = select(func.max(PaperBatch.number)).where(PaperBatch.round_id == round_id)
    return (db.session.scalar(highest) or 0) + 1


def _id(row: Building | Entrance | None) -> int | None:
    return row.id if row is not None else None


def _require(round_: Round, states: Iterable[State]) -> Round:
    if round_.state not in states:
        raise NotNow(msg("这一轮现在是“%(state)s”，不能做这一步。"), state=str(round_.standing))
    return round_


def _checked(
    forms: Sequence[PaperForm], states: Sequence[FormState], when: Iterable[State]
) -> Sequence[PaperForm]:
    """The forms as they are under their round's lock; refuses unless all are in these states."""
    if not forms:
        raise WrongState(msg("还没有选表。"))
    _require(locked(forms[0].round), when)
    for form in forms:
        db.session.refresh(form)
        check_unused(form)
        if form.state not in states:
            raise WrongState(msg("%(serial)s 已经交回来了，不用再登记。"), serial=form.serial)
    return forms


def _take_in(form: PaperForm, by: Identity) -> None:
    form.returned_at, form.returned_by_id = clock.now(), by.id


def _note_forms(forms: Sequence[PaperForm], kind: Kind, *, by: Identity, **facts: str) -> None:
    numbers = [form.number for form in forms]
    note(forms[0].round, kind, {"forms": numbers, **facts}, by=by)


def _void(form: PaperForm, reason: VoidReason, why: str, *, by: Identity | None) -> None:
    """A household whose signed form comes to nothing is told, whoever made it so (T31)."""
    form.voided_at, form.void_reason, form.void_note = clock.now(), reason, why.strip()
    form.voided_by_id = by.id if by else None
    note(form.round, Kind.PAPER_VOID, _facts_of_void(form), by=by)
    home = form.entry.household_id
    if form.returned_at is not None and home is not None:
        tell([home], MessageKind.PAPER_VOID, f"paper:{form.id}")


def _facts_of_void(form: PaperForm) -> dict[str, object]:
    facts: dict[str, object] = {"form": form.number, "why": form.void_reason or ""}
    if form.void_note:
        facts["words"] = commitment("paper", random_bytes(), form.void_note)
    if form.void_asked_by_id is not None:
        asker = db.session.get_one(Staff, form.void_asked_by_id).identity
        facts["proposer"] = asker.commitment
    return facts


def _asked_void(form: PaperForm) -> tuple[VoidReason, int]:
    """Why a form shall be void, and who asks; refuses unless a second person is asked."""
    _checked([form], (*REPLACEABLE, *WAITING), _ACCOUNTABLE)
    if form.void_reason is None or form.void_asked_by_id is None:
        raise WrongState(msg("没有人提出作废这张表，或者刚刚已经有人决定了。"))
    return form.void_reason, form.void_asked_by_id


def _check_photo(form: PaperForm, photo: Photo) -> None:
    shown = photo.serial
    if shown is not None and str(shown) != form.serial:
        raise StrangePhoto(
            msg("照片上的编号是 %(shown)s，不是 %(wanted)s。请拍对应的那一张。"),
            shown=str(shown),
            wanted=form.serial,
        )
    used = (PaperForm.photo_digest == photo.digest, PaperForm.id != form.id)
    is_used = db.session.scalar(select(PaperForm.id).where(*used)) is not None
    if is_used or (shown is None and _is_like_another(form, photo)):
        raise StrangePhoto(_USED)


def _is_like_another(form: PaperForm, photo: Photo) -> bool:
    others = select(PaperForm.photo_look).where(
        PaperForm.round_id == form.round_id, PaperForm.id != form.id
    )
    looks = filter(None, db.session.scalars(others))
    return any(distance(photo.look, look) <= ALIKE for look in looks)


def _keep(form: PaperForm, photo: Photo, by: Identity) -> None:
    name = files.keep_alone(seal(photo.content))
    try:
        with once(
            StrangePhoto(msg("这张照片已经用在另一张表上了。请重新拍这一张，把右上角的码拍全。"))
        ):
            form.photo_file, form.photo_digest = name, photo.digest
            form.photo_look, form.photo_names_it = photo.look, photo.serial is not None
            form.photographed_at, form.photographed_by_id = clock.now(), by.id
    except Exception:
        files.discard(name)
        raise
