"""Every step in every state, on real rounds: it is taken, or refused and nothing has changed."""

from contextlib import suppress
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
import time_machine

from app.core.db import db
from app.core.errors import Refused
from app.journal.actions import book_of_round
from app.journal.models import JournalEntry, JournalHead, Kind
from app.rounds import actions, changes, queries
from app.rounds.casting import NotOnRegister, NotOpen
from app.rounds.counting import Choice
from app.rounds.lifecycle import ALLOWED, State, Verb
from app.rounds.models import Round
from app.rounds.steps import NotNow, NotReady
from tests.rounds.lives import BEGUN, DO, GROUNDS, HERE, Life, draft, life_in

pytestmark = pytest.mark.usefixtures("session")

PAIRS = [(verb, state) for verb in Verb for state in State if state in ALLOWED[verb]]


def written(round_: Round) -> int:
    """How many events stand in the book of a round."""
    book = JournalHead.book == book_of_round(round_.id)
    return db.session.scalar(sa.select(JournalHead.size).where(book)) or 0


def kinds_of(round_: Round) -> list[Kind]:
    """What happened to a round, in order."""
    entries = sa.select(JournalEntry.kind).where(JournalEntry.book == book_of_round(round_.id))
    return list(db.session.scalars(entries.order_by(JournalEntry.seq)))


def test_every_step_can_be_tried() -> None:
    assert set(DO) == set(Verb)


@pytest.mark.parametrize(("verb", "state"), PAIRS)
def test_a_step_is_taken_where_it_is_allowed_and_leaves_its_mark(verb: Verb, state: State) -> None:
    with life_in(state) as life:
        before = written(life.round)
        DO[verb](life)
        assert written(life.round) > before


@pytest.mark.parametrize("state", State)
def test_a_step_is_refused_where_it_is_not_allowed_and_changes_nothing(state: State) -> None:
    with life_in(state) as life:
        _refuses(life, [verb for verb in Verb if state not in ALLOWED[verb]])
        assert life.round.state == state


def test_a_withdrawn_round_refuses_every_step() -> None:
    for state in ALLOWED[Verb.WITHDRAW]:
        with life_in(state, withdrawn=True) as life:
            _refuses(life, list(Verb))
            assert str(life.round.standing) == "已撤回"


def _refuses(life: Life, verbs: list[Verb]) -> None:
    before = written(life.round)
    for verb in verbs:
        # Before the register is frozen nobody stands on it who could vote.
        with pytest.raises((NotNow, NotOpen, NotOnRegister)):
            DO[verb](life)
        assert written(life.round) == before, verb


def test_the_background_closes_a_round_at_its_minute_and_only_once() -> None:
    with life_in(State.OPEN) as life:
        life.clock.move_to(life.round.closes_at - timedelta(microseconds=1))
        assert actions.close_due_rounds() == []
        life.vote(0, Choice.AGREE)
        life.clock.move_to(life.round.closes_at)
        assert actions.close_due_rounds() == [life.round]
        assert actions.close_due_rounds() == []
        assert life.round.closed_at == life.round.closes_at
        assert kinds_of(life.round).count(Kind.CLOSE) == 1


def test_the_minute_itself_closes_a_round_when_nobody_noticed() -> None:
    with life_in(State.OPEN) as life:
        life.clock.move_to(life.round.closes_at)
        _refuses(life, [Verb.VOTE, Verb.EXTEND, Verb.CHANGE_PLAN, Verb.WITHDRAW])
        actions.publish_result(life.round, by=life.first)
        kinds = kinds_of(life.round)
        assert kinds[-2:] == [Kind.CLOSE, Kind.PRELIMINARY]
        assert actions.close_due_rounds() == []


def test_a_later_deadline_moves_the_close_and_never_back() -> None:
    with life_in(State.OPEN) as life:
        first_end = life.round.closes_at
        DO[Verb.EXTEND](life)
        life.clock.move_to(first_end)
        assert actions.close_due_rounds() == []
        assert life.round.state == State.OPEN
        life.vote(0, Choice.AGREE)
        with pytest.raises(changes.NotLater):
            changes.propose_extension(life.round, first_end, GROUNDS, by=life.first)
        life.clock.move_to(first_end + timedelta(days=3))
        assert actions.close_due_rounds() == [life.round]


def test_an_extension_agreed_to_after_the_old_minute_comes_too_late() -> None:
    with life_in(State.OPEN) as life:
        later = life.round.closes_at + timedelta(days=3)
        asked = changes.propose_extension(life.round, later, GROUNDS, by=life.first)
        life.clock.move_to(life.round.closes_at)
        with pytest.raises(NotNow):
            life.agree_to(asked)
        assert life.round.state == State.CLOSED


def test_a_round_is_not_kept_open_longer_than_60_days() -> None:
    with life_in(State.OPEN) as life:
        most = life.round.opened_at + timedelta(days=60)  # type: ignore[operator]
        with pytest.raises(changes.NotLater):
            changes.propose_extension(
                life.round, most + timedelta(seconds=1), GROUNDS, by=life.first
            )
        life.agree_to(changes.propose_extension(life.round, most, GROUNDS, by=life.first))
        assert life.round.closes_at == most


@pytest.mark.parametrize("state", sorted(ALLOWED[Verb.WITHDRAW]))
def test_a_withdrawn_round_lets_another_one_begin(state: State) -> None:
    with life_in(state) as life:
        with pytest.raises(NotNow):
            draft(life.building, by=life.first)
        with pytest.raises(NotReady):
            actions.withdraw_round(life.round, "  ", by=life.first)
        actions.withdraw_round(life.round, " 方案要重做 ", by=life.first)
        assert life.round.withdrawal_reason == "方案要重做"
        assert kinds_of(life.round)[-1] == Kind.ROUND_WITHDRAWN
        again = draft(life.building, by=life.first)
        # Nobody was asked by the one before, so this one asks for the first time.
        assert (again.number, again.predecessor) == (2, None)


@pytest.mark.parametrize("state", [State.CERTIFIED, State.ARCHIVED])
def test_asking_again_names_the_round_before_and_the_reason(state: State) -> None:
    with life_in(state) as life:
        with pytest.raises(NotReady):
            draft(life.building, by=life.first)
        again = draft(life.building, by=life.first, why=" 物业费改低了 ")
        assert again.predecessor == life.round
        assert (again.number, again.reopening_reason) == (2, "物业费改低了")


def test_a_round_can_be_followed_anew_after_the_one_that_followed_was_withdrawn() -> None:
    with life_in(State.CERTIFIED) as life:
        withdrawn = draft(life.building, by=life.first, why="物业费改低了")
        actions.withdraw_round(withdrawn, "时间不合适", by=life.first)
        again = draft(life.building, by=life.first, why="物业费改低了")
        assert again.number == 3
        assert (withdrawn.predecessor, again.predecessor) == (life.round, life.round)


@pytest.mark.parametrize("state", sorted(set(State) - {State.CERTIFIED, State.ARCHIVED}))
def test_no_second_round_begins_while_one_goes_on(state: State) -> None:
    with life_in(state) as life:
        with pytest.raises(NotNow):
            draft(life.building, by=life.first, why="物业费改低了")
        assert queries.rounds_of(life.building.compound_id) == [life.round]


def test_an_archived_round_says_the_same_for_good() -> None:
    with life_in(State.ARCHIVED) as life:
        facts = {c.name: getattr(life.round, c.name) for c in Round.__table__.columns}
        for verb in Verb:
            with suppress(Refused):
                DO[verb](life)
        db.session.expire_all()
        assert {c.name: getattr(life.round, c.name) for c in Round.__table__.columns} == facts


def moment(text: str) -> datetime:
    """A moment on the office's clock."""
    return datetime.fromisoformat(text).replace(tzinfo=HERE)


@pytest.mark.parametrize(
    ("published", "days", "ends"),
    [
        # The day of publication does not count, whatever the hour.
        ("2026-11-02 00:00", 3, "2026-11-06 00:00"),
        ("2026-11-02 23:59", 3, "2026-11-06 00:00"),
        # The last day is a Saturday, then a Sunday: on to the end of Monday.
        ("2026-11-02 10:00", 5, "2026-11-10 00:00"),
        ("2026-11-02 10:00", 6, "2026-11-10 00:00"),
        ("2026-11-02 10:00", 7, "2026-11-10 00:00"),
        ("2026-11-02 10:00", 8, "2026-11-11 00:00"),
        # National Day 2026, 1 to 7 October; Saturday the 10th is worked in its stead.
        ("2026-09-24 10:00", 7, "2026-10-09 00:00"),
        ("2026-09-30 10:00", 7, "2026-10-09 00:00"),
        ("2026-10-03 10:00", 7, "2026-10-11 00:00"),
        # Spring Festival 2026, 15 to 23 February; Saturday the 28th is worked in its stead.
        ("2026-02-08 10:00", 7, "2026-02-25 00:00"),
        ("2026-02-21 10:00", 7, "2026-03-01 00:00"),
        ("2026-02-21 10:00", 8, "2026-03-03 00:00"),
        # New Year of the next year is a holiday too.
        ("2026-12-25 10:00", 7, "2027-01-05 00:00"),
    ],
)
def test_the_days_for_objections_end_on_a_working_day(published: str, days: int, ends: str) -> None:
    round_ = Round(objection_days=days, preliminary_at=moment(published))
    assert queries.objections_end(round_) == moment(ends)


def test_a_result_is_certified_from_the_end_of_the_objection_days_on() -> None:
    with life_in(State.PRELIMINARY) as life:
        end = queries.objections_end(life.round)
        life.settle_everything()
        life.clock.move_to(end - timedelta(seconds=1))
        with pytest.raises(NotReady):
            actions.certify(life.round, by=life.second)
        life.clock.move_to(end)
        actions.certify(life.round, by=life.second)
        assert life.round.state == State.CERTIFIED


def test_two_compounds_close_each_at_its_own_minute() -> None:
    with life_in(State.OPEN) as life, time_machine.travel(BEGUN, tick=False):
        DO[Verb.EXTEND](life)
        with life_in(State.OPEN) as other:
            other.clock.move_to(other.round.closes_at)
            assert actions.close_due_rounds() == [other.round]
            assert life.round.is_open
