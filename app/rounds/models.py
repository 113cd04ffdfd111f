"""One consultation: its times, frozen register, matters, and every vote ever cast in it.

State is derived from facts (RULES.md §3). `Vote.is_current` and `Counter` are caches of the
votes, changed in the same transaction; a recount proves them.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.core import clock
from app.core.db import BigInt, Model, unique_where
from app.projects.models import PlanVersion
from app.roster.models import Building, Compound, Household, Premises
from app.rounds.counting import Choice, Rule, Track
from app.rounds.lifecycle import State, standing_of
from app.rounds.profile import Case, Switches, rule_of, switches_of
from app.rounds.reasons import Reason


class Channel(StrEnum):
    """How a vote reached us."""

    PHONE = "phone"
    PAPER = "paper"
    VISIT = "visit"
    SMS = "sms"

    @property
    def label(self) -> Any:
        way = {"phone": _l("手机"), "paper": _l("纸质表"), "visit": _l("上门"), "sms": _l("短信")}
        return way[self.value]


class Subject(StrEnum):
    """What a matter is about; the first two must be in every round on a plan (seed 000)."""

    PLAN = "plan"
    MANAGEMENT = "management"
    HIRE = "hire"
    USE_FUND = "use_fund"
    RAISE_FUND = "raise_fund"
    COMMON_PARTS = "common_parts"
    ELEVATOR = "elevator"
    MENU = "menu"
    OTHER = "other"

    @property
    def label(self) -> Any:
        labels = {
            "plan": _l("改造方案"),
            "management": _l("物业管理方案"),
            "hire": _l("选聘或解聘物业公司"),
            "use_fund": _l("使用维修资金"),
            "raise_fund": _l("筹集维修资金"),
            "common_parts": _l("改变共有部分用途"),
            "elevator": _l("加装电梯"),
            "menu": _l("菜单选项"),
            "other": _l("其他事项"),
        }
        return labels[self.value]


class Scope(StrEnum):
    """Whom a matter is asked of: everybody, some buildings, or some entrances (RULES.md §2)."""

    COMPOUND = "compound"
    BUILDINGS = "buildings"
    ENTRANCES = "entrances"


class Voice(StrEnum):
    """What a household's last word is worth now: a cache of its votes and of what befell them."""

    SILENT = "silent"
    COUNTED = "counted"
    TO_CONFIRM = "to_confirm"
    DISPUTED = "disputed"

    @property
    def label(self) -> Any:
        labels = {
            "silent": _l("未表态"),
            "counted": _l("已表态"),
            "to_confirm": _l("待重新确认"),
            "disputed": _l("有争议，暂不计票"),
        }
        return labels[self.value]


class Round(Model):
    """One consultation of one compound (or part of it), counted against a frozen register."""

    __tablename__ = "round"
    __table_args__ = (
        UniqueConstraint("compound_id", "number"),
        CheckConstraint("opens_at < closes_at", name="opens_before_it_closes"),
        CheckConstraint(
            "confirmed_by_id IS NULL OR confirmed_by_id <> submitted_by_id", name="two_persons"
        ),
        # A round is followed once, unless what followed was withdrawn.
        unique_where("withdrawn_at IS NULL", "uq_round_predecessor_id_standing", "predecessor_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    compound_id: Mapped[int] = mapped_column(ForeignKey("compound.id"))
    number: Mapped[int]
    title: Mapped[str] = mapped_column(String(120))
    plan_version_id: Mapped[int | None] = mapped_column(ForeignKey("plan_version.id"))
    opens_at: Mapped[datetime]
    closes_at: Mapped[datetime]
    phone: Mapped[str] = mapped_column(String(40))
    objection_days: Mapped[int] = mapped_column(default=7)
    # The counting rule set, and its hash once a second person confirmed it.
    profile: Mapped[dict[str, Any]]
    profile_hash: Mapped[str | None] = mapped_column(String(64))
    drafted_at: Mapped[datetime]
    drafted_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    submitted_at: Mapped[datetime | None]
    submitted_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    confirmed_at: Mapped[datetime | None]
    confirmed_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    register_published_at: Mapped[datetime | None]
    frozen_at: Mapped[datetime | None]
    register_hash: Mapped[str | None] = mapped_column(String(64))
    posters_printed_at: Mapped[datetime | None]
    opened_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    preliminary_at: Mapped[datetime | None]
    preliminary_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    certified_at: Mapped[datetime | None]
    certified_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    archived_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    withdrawal_reason: Mapped[str] = mapped_column(Text, default="")
    # Why the question is asked again, and after which round.
    predecessor_id: Mapped[int | None] = mapped_column(ForeignKey("round.id"))
    reopening_reason: Mapped[str] = mapped_column(Text, default="")
    # Votes on plan versions before this one wait to be confirmed (RULES.md §3).
    counts_from_version: Mapped[int] = mapped_column(default=0)
    # Fixed at the close; the sample of paper votes is drawn from it (THREATS.md T30).
    audit_seed: Mapped[str | None] = mapped_column(String(64))
    # Grows with everything a board shows; the ETag of live parts is made of it.
    revision: Mapped[int] = mapped_column(default=0)
    compound: Mapped[Compound] = relationship()
    plan_version: Mapped[PlanVersion | None] = relationship()
    matters: Mapped[list["Matter"]] = relationship(order_by="Matter.position")
    predecessor: Mapped["Round | None"] = relationship(remote_side="Round.id")

    @property
    def state(self) -> State:
        """The furthest fact that holds; time itself closes a round at its minute."""
        for fact, state in (
            (self.archived_at or self.withdrawn_at, State.ARCHIVED),
            (self.certified_at, State.CERTIFIED),
            (self.preliminary_at, State.PRELIMINARY),
            (self.has_closed, State.CLOSED),
            (self.opened_at, State.OPEN),
            (self.frozen_at, State.FROZEN),
            (self.register_published_at, State.REGISTER),
            (self.submitted_at, State.REVIEW),
        ):
            if fact:
                return state
        return State.DRAFT

    @property
    def standing(self) -> Any:
        """Its state in words, to be shown."""
        confirmed, withdrawn = self.confirmed_at is not None, self.withdrawn_at is not None
        return _l(standing_of(self.state, is_confirmed=confirmed, is_withdrawn=withdrawn))

    @property
    def switches(self) -> Switches:
        """What the office decided beside the rules of the matters."""
        return switches_of(self.profile)

    @property
    def shown_title(self) -> Any:
        """Its title; the one that is suggested for every round, in the reader's language."""
        if self.title == suggested_title(self.number):
            return _l("第%(number)s轮征询", number=self.number)
        return self.title

    @property
    def has_closed(self) -> bool:
        """Whether voting is over: at the published minute, and for good (FAULTS.md F05)."""
        is_past = bool(self.closed_at) or clock.now() >= self.closes_at
        return self.opened_at is not None and is_past

    @property
    def is_open(self) -> bool:
        """Whether a vote counts now."""
        return self.opened_at is not None and not self.has_closed

    @property
    def is_over(self) -> bool:
        """Whether its result is final, so that another round may begin."""
        return self.state in (State.CERTIFIED, State.ARCHIVED)


def suggested_title(number: int) -> str:
    """The title that a round gets unless the office thinks of a better one: data, so Chinese."""
    return f"第{number}轮征询"


class Matter(Model):
    """One question of a round with its own counting rule, asked of everybody in its scope.

    `rule` is what `profile.rule_as_kept` makes; `places` are ids of buildings or entrances.
    """

    __tablename__ = "matter"
    __table_args__ = (UniqueConstraint("round_id", "position"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    round_id: Mapped[int] = mapped_column(ForeignKey("round.id"))
    position: Mapped[int]
    subject: Mapped[Subject]
    title: Mapped[str] = mapped_column(String(120))
    question: Mapped[str] = mapped_column(Text)
    track: Mapped[Track] = mapped_column(default=Track.CONSULTATION)
    preset: Mapped[str] = mapped_column(String(40))
    rule: Mapped[dict[str, Any]]
    scope: Mapped[Scope] = mapped_column(default=Scope.COMPOUND)
    places: Mapped[list[int]] = mapped_column(default=list)
    options: Mapped[list["MatterOption"]] = relationship(
        order_by="MatterOption.position", cascade="all, delete-orphan"
    )

    @property
    def is_decision(self) -> bool:
        """Whether it is decided by a rule; a preference only yields a ranking."""
        return self.track != Track.PREFERENCE

    @property
    def counting_rule(self) -> Rule:
        """How it is decided; only of a decision."""
        rule = rule_of(self.rule)
        if rule is None:
            raise ValueError("a preference has no counting rule")
        return rule

    def is_asked_in(self, building_id: int, entrance_id: int) -> bool:
        """Whether its scope includes this entrance."""
        place = building_id if self.scope == Scope.BUILDINGS else entrance_id
        return self.scope == Scope.COMPOUND or place in self.places

    def counts(self, entry: "RegisterEntry") -> bool:
        """Whether what is said for this entry counts here: scope, and the track's own register."""
        is_here = self.is_asked_in(entry.building_id, entry.entrance_id)
        return is_here and (entry.is_property if self.track == Track.OWNERS else entry.is_household)


class MatterOption(Model):
    """One item of a menu that households may want; the menu is never a decision."""

    __tablename__ = "matter_option"
    __table_args__ = (UniqueConstraint("matter_id", "position"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    matter_id: Mapped[int] = mapped_column(ForeignKey("matter.id"))
    position: Mapped[int]
    title: Mapped[str] = mapped_column(String(120))


class RegisterEntry(Model):
    """One voice on the frozen register, as it was when frozen; the denominator (RULES §2).

    `is_household` counts it in consultations, `is_property` in owners' decisions, where `holder`
    says who is one head. Most premises are one entry that is both; where the resident is not the
    owner there are two. `votes` counts what it has expressed; a form that saw fewer is stale.
    `voice` is a cache.
    """

    __tablename__ = "register_entry"
    __table_args__ = (
        UniqueConstraint("round_id", "household_id"),
        unique_where(
            "is_property AND removed_at IS NULL",
            "uq_register_entry_property",
            "round_id",
            "premises_id",
        ),
        UniqueConstraint("round_id", "commitment"),
        Index("ix_register_entry_round_id_building_id", "round_id", "building_id"),
        CheckConstraint("(household_id IS NOT NULL) = is_household", name="household"),
    )

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    round_id: Mapped[int] = mapped_column(ForeignKey("round.id"))
    premises_id: Mapped[int] = mapped_column(ForeignKey("premises.id"))
    household_id: Mapped[int | None] = mapped_column(ForeignKey("household.id"), index=True)
    building_id: Mapped[int] = mapped_column(ForeignKey("building.id"))
    entrance_id: Mapped[int] = mapped_column(ForeignKey("entrance.id"))
    position: Mapped[int]
    label: Mapped[str] = mapped_column(String(80))
    size: Mapped[int] = mapped_column(BigInt)
    commitment: Mapped[str] = mapped_column(String(64))
    case: Mapped[Case]
    is_household: Mapped[bool]
    is_property: Mapped[bool]
    holder: Mapped[str] = mapped_column(String(200))
    votes: Mapped[int] = mapped_column(default=0)
    voice: Mapped[Voice] = mapped_column(default=Voice.SILENT)
    # Put on or struck off after the freeze, by two persons (RULES.md §3).
    added_at: Mapped[datetime | None]
    removed_at: Mapped[datetime | None]
    # When its owner changed during the round; a vote from before stands (RULES.md §2.2).
    transferred_at: Mapped[datetime | None]
    round: Mapped[Round] = relationship()
    building: Mapped[Building] = relationship()
    household: Mapped[Household | None] = relationship()
    premises: Mapped[Premises] = relationship()


class Vote(Model):
    """One expression of a household's will, kept for ever with what was true when it was cast."""

    __tablename__ = "vote"
    __table_args__ = (
        # The same request never makes a second vote (FAULTS.md F06).
        UniqueConstraint("round_id", "request_id"),
        UniqueConstraint("entry_id", "number"),
        unique_where("is_current", "uq_vote_entry_id_current", "entry_id"),
    )

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    round_id: Mapped[int] = mapped_column(ForeignKey("round.id"))
    entry_id: Mapped[int] = mapped_column(ForeignKey("register_entry.id"))
    number: Mapped[int]
    request_id: Mapped[str] = mapped_column(String(64))
    seq: Mapped[int] = mapped_column(BigInt)
    receipt: Mapped[str] = mapped_column(String(12), unique=True)
    channel: Mapped[Channel]
    plan_version_id: Mapped[int] = mapped_column(ForeignKey("plan_version.id"))
    session_id: Mapped[int | None] = mapped_column(ForeignKey("household_session.id"))
    # Who keyed it for the household, and who read the same in the same form without knowing.
    keyed_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    checked_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    cast_at: Mapped[datetime]
    comment: Mapped[str] = mapped_column(Text, default="")
    # Whether the office may call this home about it, and so learn whose words these are.
    may_call: Mapped[bool] = mapped_column(default=False)
    is_current: Mapped[bool]
    # Recorded beside a different vote of another channel; two persons say which one counts.
    is_held: Mapped[bool] = mapped_column(default=False)
    # Struck out by two persons, as when it was not the household that cast it.
    is_void: Mapped[bool] = mapped_column(default=False)
    # It came by a phone put on file less than a day before: it counts once it is said again,
    # by that phone not before this moment (`new_phones`, THREATS.md T33).
    waits_until: Mapped[datetime | None]
    entry: Mapped[RegisterEntry] = relationship()
    plan_version: Mapped[PlanVersion] = relationship()
    choices: Mapped[list["VoteChoice"]] = relationship()
    wishes: Mapped[list["VoteWish"]] = relationship()


class VoteChoice(Model):
    """What a vote says on one matter."""

    __tablename__ = "vote_choice"
    __table_args__ = (
        CheckConstraint("reason IS NULL OR choice = 'disagree'", name="reason_of_disagreement"),
    )

    vote_id: Mapped[int] = mapped_column(ForeignKey("vote.id"), primary_key=True)
    matter_id: Mapped[int] = mapped_column(ForeignKey("matter.id"), primary_key=True)
    choice: Mapped[Choice]
    reason: Mapped[Reason | None]
    matter: Mapped[Matter] = relationship()


class VoteWish(Model):
    """An item of a menu that a vote asks for, and its place in their order if one was given."""

    __tablename__ = "vote_wish"
    __table_args__ = (CheckConstraint("rank >= 1", name="rank_positive"),)

    vote_id: Mapped[int] = mapped_column(ForeignKey("vote.id"), primary_key=True)
    option_id: Mapped[int] = mapped_column(ForeignKey("matter_option.id"), primary_key=True)
    rank: Mapped[int | None]
    option: Mapped[MatterOption] = relationship()


class Counter(Model):
    """How many households of a building chose what on a matter now: a cache of current votes."""

    __tablename__ = "counter"
    __table_args__ = (CheckConstraint("households >= 0", name="households_not_negative"),)

    matter_id: Mapped[int] = mapped_column(ForeignKey("matter.id"), primary_key=True)
    building_id: Mapped[int] = mapped_column(ForeignKey("building.id"), primary_key=True)
    choice: Mapped[Choice] = mapped_column(primary_key=True)
    households: Mapped[int]
