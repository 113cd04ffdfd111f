"""Real rounds anywhere in their life, and everything that can be tried on one."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import time_machine

from app.core import clock
from app.core.db import db
from app.core.guards import Identity
from app.roster.models import Building, Household
from app.rounds import actions, audit, changes, decisions, objections, queries, register
from app.rounds.cases import AuditItem, Decision, Objection, ObjectionKind
from app.rounds.casting import Ballot, cast
from app.rounds.counting import Choice
from app.rounds.decisions import Grounds
from app.rounds.lifecycle import State, Verb
from app.rounds.models import Channel, Round
from tests.factories import (
    homes_of,
    issue_all_codes,
    make_building,
    make_household,
    make_plan,
    make_staff,
)

HERE = ZoneInfo("Asia/Shanghai")
# A Friday; no holiday is near, so that the objection days end as counted.
BEGUN = datetime(2026, 11, 20, 15, 0, tzinfo=HERE)
GROUNDS = Grounds("业主拿来了证明", "不动产证")


@dataclass
class Life:
    """A round with its compound, the people of its office, and the clock of the test."""

    round: Round
    building: Building
    spare: Household
    first: Identity
    second: Identity
    clock: Any

    def home(self, place: int = 0) -> Household:
        """One of the households on the register."""
        return homes_of(self.building)[place]

    def vote(self, place: int, choice: Choice, via: Channel = Channel.PHONE) -> Any:
        """A household's vote, the same on every matter."""
        entry = queries.entry_of(self.round.id, self.home(place).id)
        ballot = Ballot(
            {m.id: choice for m in self.round.matters},
            f"request-{place}-{via}-{choice}",
            entry.votes if entry else 0,
            self.round.plan_version.number if self.round.plan_version else 1,
        )
        keyed_by = self.first.id if via == Channel.PAPER else None
        return cast(self.round, self.home(place).id, ballot, via=via, keyed_by_id=keyed_by)

    def agree_to(self, decision: Decision) -> None:
        """The second person says yes."""
        decisions.approve(decision, by=self.second)

    def settle_everything(self) -> None:
        """Check the drawn forms and let the days for objections go by."""
        for item in audit.sample_of(self.round.id):
            if item.checked_at is None:
                audit.check_item(self.round, item, agrees=True, why="", by=self.second)
        self.clock.move_to(queries.objections_end(self.round))


@contextmanager
def life_in(state: State, *, withdrawn: bool = False) -> Iterator[Life]:
    """A round that has come as far as `state`, at a moment at which it is there."""
    with time_machine.travel(BEGUN, tick=False) as traveller:
        building = make_building()
        make_plan(building.compound)
        first, second = make_staff().identity, make_staff().identity
        round_ = draft(building, by=first)
        life = Life(round_, building, None, first, second, traveller)  # type: ignore[arg-type]
        go_to(life, state)
        if withdrawn:
            actions.withdraw_round(round_, "方案要重做", by=second)
        # Built since the register was made: the one that can be added.
        life.spare = make_household(building.entrances[0], "901")
        db.session.flush()
        yield life


def go_to(life: Life, state: State) -> None:
    """Take every step from where the round is until it stands in `state`."""
    order = list(State)
    for reached, step in _WAY:
        if life.round.state == state:
            break
        if order.index(reached) > order.index(life.round.state):
            step(life)
            assert life.round.state == reached


def draft(building: Building, *, by: Identity, why: str = "") -> Round:
    """A round of fifteen days that begins now."""
    now = clock.now()
    terms = actions.RoundTerms("第1轮征询", now, now + timedelta(days=15), "0953-5550100")
    return actions.draft_round(building.compound, terms, by=by, reopening_reason=why)


def _confirm_and_publish(life: Life) -> None:
    actions.confirm_profile(life.round, by=life.second)
    actions.publish_register(life.round, by=life.first)


def _open(life: Life) -> None:
    issue_all_codes(life.building.compound)
    actions.note_posters_printed(life.building.compound, by=life.first)
    actions.open_round(life.round, by=life.first)


def _vote_until_closed(life: Life) -> None:
    life.vote(0, Choice.AGREE)
    life.vote(1, Choice.AGREE, Channel.PAPER)
    life.clock.move_to(life.round.closes_at)
    actions.close_due_rounds()


def _certify(life: Life) -> None:
    life.settle_everything()
    actions.certify(life.round, by=life.second)


_WAY: tuple[tuple[State, Callable[[Life], object]], ...] = (
    (State.REVIEW, lambda life: actions.submit_round(life.round, by=life.first)),
    (State.REGISTER, _confirm_and_publish),
    (State.FROZEN, lambda life: actions.freeze_register(life.round, by=life.first)),
    (State.OPEN, _open),
    (State.CLOSED, _vote_until_closed),
    (State.PRELIMINARY, lambda life: actions.publish_result(life.round, by=life.first)),
    (State.CERTIFIED, _certify),
    (State.ARCHIVED, lambda life: actions.archive_round(life.round, by=life.first)),
)


def _edit(life: Life) -> None:
    now = clock.now()
    terms = actions.RoundTerms("改过的", now, now + timedelta(days=20), "0953-5550101")
    actions.edit_round(life.round, terms, by=life.first)


def _publish_register(life: Life) -> None:
    if life.round.state == State.REVIEW:
        actions.confirm_profile(life.round, by=life.second)
    actions.publish_register(life.round, by=life.first)


def _open_ready(life: Life) -> None:
    if life.round.state == State.FROZEN:
        issue_all_codes(life.building.compound)
        actions.note_posters_printed(life.building.compound, by=life.first)
    actions.open_round(life.round, by=life.first)


def _extend(life: Life) -> None:
    later = max(life.round.closes_at, clock.now()) + timedelta(days=3)
    life.agree_to(changes.propose_extension(life.round, later, GROUNDS, by=life.first))


def _change_plan(life: Life) -> None:
    version = make_plan(life.building.compound)
    asked = changes.propose_plan_change(
        life.round, version, is_material=True, grounds=GROUNDS, by=life.first
    )
    life.agree_to(asked)


def _change_register(life: Life) -> None:
    life.agree_to(
        register.propose_addition(life.round, life.spare.premises, GROUNDS, by=life.first)
    )


def _object(life: Life) -> Objection:
    complaint = objections.Complaint(ObjectionKind.REGISTER, "1号楼", "没有我家", life.spare.id)
    return objections.raise_objection(life.round, complaint)


def _settle(life: Life) -> None:
    objection = Objection(
        round=life.round,
        number=7,
        kind=ObjectionKind.CONTENT,
        place="1号楼",
        words="电梯太吵",
        raised_at=clock.now(),
    )
    db.session.add(objection)
    db.session.flush()
    answer = objections.Answer("会加隔音")
    life.agree_to(objections.propose_answer(objection, answer, by=life.first))


def _audit(life: Life) -> None:
    [item] = audit.sample_of(life.round.id) or [AuditItem()]
    audit.check_item(life.round, item, agrees=True, why="", by=life.second)


def _certify_ready(life: Life) -> None:
    if life.round.state == State.PRELIMINARY:
        life.settle_everything()
    actions.certify(life.round, by=life.second)


DO: dict[Verb, Callable[[Life], object]] = {
    Verb.EDIT: _edit,
    Verb.SUBMIT: lambda life: actions.submit_round(life.round, by=life.first),
    Verb.RETURN: lambda life: actions.return_round(life.round, by=life.first),
    Verb.CONFIRM: lambda life: actions.confirm_profile(life.round, by=life.second),
    Verb.PUBLISH_REGISTER: _publish_register,
    Verb.FREEZE: lambda life: actions.freeze_register(life.round, by=life.first),
    Verb.OPEN: _open_ready,
    Verb.WITHDRAW: lambda life: actions.withdraw_round(life.round, "方案要重做", by=life.first),
    Verb.VOTE: lambda life: life.vote(3, Choice.DISAGREE),
    Verb.EXTEND: _extend,
    Verb.CHANGE_PLAN: _change_plan,
    Verb.CHANGE_REGISTER: _change_register,
    Verb.OBJECT: _object,
    Verb.SETTLE: _settle,
    Verb.AUDIT: _audit,
    Verb.PUBLISH_RESULT: lambda life: actions.publish_result(life.round, by=life.first),
    Verb.CERTIFY: _certify_ready,
    Verb.ARCHIVE: lambda life: actions.archive_round(life.round, by=life.first),
}
