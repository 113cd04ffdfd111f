"""A worker takes down what a household says at its door (RULES.md §4): one home, a reason, ten

minutes. The home is told, and sees who helped, when and why, also where nothing was sent.
What a home said with its own hand is replaced only with the code of its slip (THREATS.md T33).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import CheckConstraint, ForeignKey, String, func, select
from sqlalchemy.orm import Mapped, joinedload, mapped_column, relationship

from app.accounts import entering
from app.accounts.codes import Code
from app.accounts.desk_sessions import token_digest
from app.accounts.models import Staff
from app.core import clock
from app.core.db import BigInt, Model, db, once, unique_where
from app.core.errors import Refused, msg
from app.core.guards import Identity
from app.journal.models import Kind
from app.rounds import casting, effects
from app.rounds.choosing import decisions_of
from app.rounds.models import Channel, RegisterEntry, Voice, Vote
from app.rounds.recording import Ballot, Receipt
from app.rounds.steps import locked, note

LASTS = timedelta(minutes=10)
# What a household sends itself, without anybody of the office.
OWN_HAND = (Channel.PHONE, Channel.SMS)


class HelpReason(StrEnum):
    """Why somebody of the office holds the phone."""

    NO_PHONE = "no_phone"
    NOT_ABLE = "not_able"
    CANNOT_SEE = "cannot_see"
    OTHER = "other"

    @property
    def label(self) -> Any:
        labels = {
            "no_phone": _l("没有手机，或者手机坏了"),
            "not_able": _l("老人不会用手机"),
            "cannot_see": _l("看不清字"),
            "other": _l("其他原因"),
        }
        return labels[self.value]


class Speaker(StrEnum):
    """Who of the home says it."""

    OWNER = "owner"
    CO_OWNER = "co_owner"
    AGENT = "agent"

    @property
    def label(self) -> Any:
        labels = {
            "owner": _l("业主本人"),
            "co_owner": _l("共有人"),
            "agent": _l("业主委托的人（有委托书）"),
        }
        return labels[self.value]


class AssistedSession(Model):
    """That a worker helps one home from `began_at` on, for `LASTS` at most; then it is over.

    `seen` is how many votes of the home there were, so that none is replaced unknowingly. Only the
    sign-in that began it goes on with it: where that was ended, so was this.
    """

    __tablename__ = "assisted_session"
    __table_args__ = (
        # Nobody helps two homes at a time.
        unique_where("ended_at IS NULL", "uq_assisted_session_staff_id_going", "staff_id"),
        CheckConstraint("vote_id IS NULL OR ended_at IS NOT NULL", name="over_with_its_vote"),
    )

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    entry_id: Mapped[int] = mapped_column(ForeignKey("register_entry.id"), index=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    reason: Mapped[HelpReason]
    words: Mapped[str] = mapped_column(String(200), default="")
    # Unknown of the first ones.
    who: Mapped[Speaker | None]
    # Whether the home typed the code of its slip.
    has_code: Mapped[bool] = mapped_column(default=False)
    sign_in: Mapped[str] = mapped_column(String(64))
    seen: Mapped[int]
    began_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    vote_id: Mapped[int | None] = mapped_column(ForeignKey("vote.id"), unique=True)
    entry: Mapped[RegisterEntry] = relationship()
    staff: Mapped[Staff] = relationship()
    vote: Mapped[Vote | None] = relationship()

    @property
    def ends_at(self) -> datetime:
        """From this moment on nothing more is taken down."""
        return self.began_at + LASTS

    @property
    def is_going(self) -> bool:
        """Whether it has not ended, neither by itself nor by somebody."""
        return self.ended_at is None and clock.now() < self.ends_at

    def goes_on_for(self, by: Identity) -> bool:
        """Whether it has not ended, and this is the sign-in that began it."""
        return self.is_going and self.sign_in == token_digest(by.session_token)


class SessionOver(Refused):
    """Ten minutes are over, or it was ended: nothing was recorded."""


class NotYours(Refused):
    """Somebody else of the office began it."""


class WordsMissing(Refused):
    """Another reason than the listed ones is said in words."""


class VotedBefore(Refused):
    """The home has a vote already; it must want to replace it."""


class CodeNeeded(Refused):
    """The home spoke with its own hand: only its code lets anybody here replace that."""


class WrongCode(Refused):
    """These are not the digits of this home's slip."""


@dataclass(frozen=True)
class Reason:
    """Why the home is helped and who of it speaks; `replaces` when it wants to replace what it

    said before, with the `code` of its slip where that was said with its own hand.
    """

    reason: HelpReason
    words: str = ""
    replaces: bool = False
    who: Speaker = Speaker.OWNER
    code: Code | None = None


@dataclass(frozen=True)
class Helper:
    """Somebody of the office, and how many homes' votes of a round they took down."""

    name: str
    homes: int


def begin(entry: RegisterEntry, why: Reason, *, by: Identity, key: str = "") -> AssistedSession:
    """Start helping one home; whatever else this person was helping with ends.

    `key` is the installation's code key. Refuses `NotOpen`, `NotOnRegister`, `BeingSettled`,
    `SellerVoted`, `NoMoreChanges`, `WordsMissing`, `VotedBefore`, `CodeNeeded`, `WrongCode` and
    `TooManyTries`.
    """
    _check(entry, why)
    # It counts the try and takes its time, so before anything is locked.
    has_code = needs_code(entry) and _is_shown(entry, why, key)
    round_ = locked(entry.round)
    db.session.refresh(entry)
    _check(entry, why)
    if needs_code(entry) and not has_code:
        raise CodeNeeded(_SPOKE_ITSELF)
    end_all(by, how="another")
    session = AssistedSession(
        entry=entry,
        staff_id=by.id,
        reason=why.reason,
        words=why.words.strip(),
        who=why.who,
        has_code=has_code,
        sign_in=token_digest(by.session_token),
        seen=entry.votes,
        began_at=clock.now(),
    )
    with once(SessionOver(msg("您刚刚在别处开始了另一次协助，请刷新。"))):
        db.session.add(session)
    facts = {"step": "began", "session": session.id, "hh": entry.commitment}
    facts |= {"reason": why.reason.value, "until": session.ends_at.isoformat(timespec="seconds")}
    facts |= {"who": why.who.value, "code": has_code}
    note(round_, Kind.ASSISTED, facts, by=by)
    return session


def check_may_help(entry: RegisterEntry) -> None:
    """Refuse what casting would refuse anyway, before a home is asked anything."""
    casting.require_open(entry.round)
    casting.check_present(entry)
    if not decisions_of(entry):
        raise casting.NotOnRegister(msg("这一轮没有要这一户表态的事项。"))
    if entry.votes or entry.voice == Voice.DISPUTED:
        casting.check_change(entry.round, entry)


def needs_code(entry: RegisterEntry) -> bool:
    """Whether what this home said last is its own hand's, or was said with its code."""
    vote = effects.last_word(entry)
    if vote is None or (entry.transferred_at and vote.cast_at < entry.transferred_at):
        return False
    with_code = (AssistedSession.vote_id == vote.id, AssistedSession.has_code)
    helped_with_code = db.session.scalar(select(AssistedSession.id).where(*with_code))
    return vote.channel in OWN_HAND or helped_with_code is not None


def submit(session: AssistedSession, ballot: Ballot, *, by: Identity) -> Receipt:
    """Record what the home said, under the lock of the round; that ends the session.

    The same request again returns its first receipt. Refuses `NotYours`, `SessionOver`,
    `CodeNeeded`, and as `casting.cast` does.
    """
    entry = session.entry
    round_ = locked(entry.round)
    db.session.refresh(session)
    _check_own(session, by)
    is_again = session.vote is not None and session.vote.request_id == ballot.request_id
    # One moment decides whether it was in time, and is recorded.
    with clock.pretending(clock.now()):
        if not session.goes_on_for(by) and not is_again:
            raise SessionOver(msg("十分钟到了，或者这次协助已经结束，没有记下。请重新开始。"))
        # A decision may have given it back a vote of its own since.
        if not (is_again or session.has_code) and _is_own_and_seen(entry, ballot):
            raise CodeNeeded(_SPOKE_ITSELF)
        receipt = casting.cast(
            round_, entry.household_id or 0, ballot, via=Channel.VISIT, keyed_by_id=by.id
        )
        if not is_again:
            made = (Vote.round_id == round_.id, Vote.request_id == ballot.request_id)
            session.vote_id = db.session.scalar(select(Vote.id).where(*made))
            _end(session, "cast", by)
    return receipt


def end(session: AssistedSession, *, by: Identity) -> None:
    """Stop without a vote; one that is over stays as it is. Refuses `NotYours`."""
    locked(session.entry.round)
    db.session.refresh(session)
    _check_own(session, by)
    if session.ended_at is None:
        _end(session, "left", by)


def end_all(by: Identity, *, how: str) -> None:
    """End whatever this person is helping with: they sign out, or begin with another home."""
    going = select(AssistedSession).where(
        AssistedSession.staff_id == by.id, AssistedSession.ended_at.is_(None)
    )
    for session in db.session.scalars(going).all():
        _end(session, how, by)


def assisted_by_worker(round_id: int) -> list[Helper]:
    """Who of the office took down the votes of how many homes in a round, the busiest first."""
    homes = func.count(AssistedSession.entry_id.distinct())
    rows = db.session.execute(
        select(Staff.name, homes)
        .join(AssistedSession, AssistedSession.staff_id == Staff.id)
        .join(RegisterEntry, RegisterEntry.id == AssistedSession.entry_id)
        .where(RegisterEntry.round_id == round_id, AssistedSession.vote_id.is_not(None))
        .group_by(Staff.id, Staff.name)
        .order_by(homes.desc(), Staff.name)
    )
    return [Helper(*row) for row in rows]


def helped(entries: Sequence[RegisterEntry]) -> list[AssistedSession]:
    """Who of the office helped these homes, and why, the newest first.

    Only what befell those who own the dwelling now (RULES.md §5).
    """
    whose = {entry.id: entry for entry in entries}
    found = select(AssistedSession).where(AssistedSession.entry_id.in_(whose))
    newest = found.options(joinedload(AssistedSession.staff)).order_by(
        AssistedSession.began_at.desc(), AssistedSession.id.desc()
    )
    return [one for one in db.session.scalars(newest) if _is_theirs(one, whose[one.entry_id])]


def _is_theirs(session: AssistedSession, entry: RegisterEntry) -> bool:
    return entry.transferred_at is None or entry.transferred_at <= session.began_at


_SPOKE_ITSELF = msg(
    "这一户已经自己用手机表过态。要改，请住户出示户码单，输入户码；或者请住户自己改，或者填纸质表。"
)


def _check(entry: RegisterEntry, why: Reason) -> None:
    check_may_help(entry)
    if why.reason == HelpReason.OTHER and not why.words.strip():
        raise WordsMissing(msg("选了“其他原因”，请写明是什么原因。"))
    if entry.votes and not why.replaces:
        raise VotedBefore(msg("这一户已经表过态。住户要替换原来的，请先勾选。"))


def _is_shown(entry: RegisterEntry, why: Reason, key: str) -> bool:
    """Whether the home typed its code; refuses `CodeNeeded`, `WrongCode` and `TooManyTries`."""
    if why.code is None:
        raise CodeNeeded(_SPOKE_ITSELF)
    if not entering.is_own_code(entry.household_id or 0, why.code, key):
        raise WrongCode(msg("户码不对，没有开始。请住户照着自己家的户码单再输一遍。"))
    return True


def _is_own_and_seen(entry: RegisterEntry, ballot: Ballot) -> bool:
    """What was said meanwhile, unseen, is told as that (`VotedMeanwhile`)."""
    return ballot.seen == entry.votes and needs_code(entry)


def _check_own(session: AssistedSession, by: Identity) -> None:
    if session.staff_id != by.id:
        raise NotYours(msg("这是别的同事开始的协助，您不能接着办。"))


def _end(session: AssistedSession, how: str, by: Identity) -> None:
    """Once its time is over it ended by itself, whatever comes afterwards."""
    is_over = clock.now() >= session.ends_at
    session.ended_at = session.ends_at if is_over else clock.now()
    db.session.flush()
    facts = {"step": "ended", "session": session.id, "hh": session.entry.commitment}
    facts["how"] = "time" if is_over else how
    note(session.entry.round, Kind.ASSISTED, facts, by=by)
