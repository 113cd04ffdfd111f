"""Whatever changes a round that goes on: one proposes, another agrees, and only then it happens."""

from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Barrier, Thread

import pytest
import sqlalchemy as sa
from flask import Flask

from app.accounts.models import Staff
from app.core.db import db
from app.core.errors import Refused
from app.core.guards import Identity
from app.rounds import decisions, queries, register
from app.rounds.cases import Decision, DecisionKind, Outcome
from app.rounds.counting import Choice
from app.rounds.decisions import Grounds
from app.rounds.models import Round
from app.rounds.steps import NotNow, NotYourself
from tests.apart import app_apart
from tests.factories import homes_of, make_building, make_staff, mark_invited
from tests.rounds.offices import (
    GROUNDS,
    Office,
    entry_at,
    figures,
    journal_of,
    open_round,
    say,
)


@pytest.fixture
def office(session: sa.orm.Session) -> Office:
    return Office()


@pytest.fixture
def round_(session: sa.orm.Session) -> Round:
    return open_round(make_building(homes=3).compound)


def removal(round_: Round, by: Identity, grounds: Grounds = GROUNDS, number: int = 0) -> Decision:
    """The proposal to strike a home off the register."""
    home = homes_of(round_.compound.buildings[0])[number]
    return register.propose_removal(entry_at(round_, home), grounds, by=by)


def test_nothing_changes_before_somebody_else_agrees(round_: Round, office: Office) -> None:
    decision = removal(round_, office.first)
    assert decisions.waiting(round_.id) == [decision]
    assert figures(round_) == (3, 0, 0, 0)
    office.agrees(decision)
    assert decisions.waiting(round_.id) == []
    assert figures(round_) == (2, 0, 0, 0)
    assert (decision.outcome, decision.settled_by_id) == (Outcome.APPROVED, office.second.id)
    assert decision.settled_at is not None


def test_nobody_agrees_to_their_own_proposal(round_: Round, office: Office) -> None:
    decision = removal(round_, office.first)
    with pytest.raises(NotYourself):
        decisions.approve(decision, by=office.first)
    assert decision.is_waiting
    assert figures(round_) == (3, 0, 0, 0)


@pytest.mark.parametrize("maker", ["first", "second"])
def test_who_made_the_other_s_account_is_no_second_person(
    round_: Round, office: Office, maker: str
) -> None:
    made, by = (office.second, office.first) if maker == "first" else (office.first, office.second)
    mark_invited(db.session.get_one(Staff, made.id), by=by)
    db.session.flush()
    decision = removal(round_, office.first)
    with pytest.raises(NotYourself):
        decisions.approve(decision, by=office.second)
    assert decision.is_waiting
    decisions.approve(decision, by=make_staff().identity)
    assert figures(round_) == (2, 0, 0, 0)


def test_what_is_decided_is_decided_once(round_: Round, office: Office) -> None:
    agreed, refused = removal(round_, office.first), removal(round_, office.first, number=1)
    office.agrees(agreed)
    decisions.decline(refused, "没有依据", by=office.second)
    for decision in (agreed, refused):
        with pytest.raises(decisions.AlreadySettled):
            decisions.approve(decision, by=office.second)
        with pytest.raises(decisions.AlreadySettled):
            decisions.decline(decision, "再想想", by=office.second)
    assert figures(round_) == (2, 0, 0, 0)
    assert len(journal_of(round_, "REGISTER_CHANGE")) == 1


def test_the_same_thing_waits_once_and_may_be_proposed_again_after_a_no(
    round_: Round, office: Office
) -> None:
    decision = removal(round_, office.first)
    with pytest.raises(decisions.AlreadyProposed):
        removal(round_, office.second, Grounds("另一个理由"))
    other = removal(round_, office.second, number=1)
    assert decisions.waiting(round_.id, DecisionKind.REGISTER_REMOVAL) == [decision, other]
    assert decisions.waiting(round_.id, DecisionKind.TRANSFER) == []
    decisions.decline(decision, "没有依据", by=office.second)
    office.agrees(removal(round_, office.first))
    assert figures(round_) == (2, 0, 0, 0)


@pytest.mark.parametrize("words", ["", "  \n"])
def test_neither_a_proposal_nor_a_no_goes_without_a_reason(
    round_: Round, office: Office, words: str
) -> None:
    with pytest.raises(decisions.NoReason):
        removal(round_, office.first, Grounds(words, "房产证"))
    decision = removal(round_, office.first)
    with pytest.raises(decisions.NoReason):
        decisions.decline(decision, words, by=office.second)
    assert decision.is_waiting


def test_a_no_changes_nothing_and_is_recorded(round_: Round, office: Office) -> None:
    decision = removal(round_, office.first)
    decisions.decline(decision, " 没有依据 ", by=office.second)
    assert (decision.outcome, decision.note) == (Outcome.DECLINED, "没有依据")
    assert figures(round_) == (3, 0, 0, 0)
    (told,) = journal_of(round_, "DECISION_DECLINED")
    assert (told["decision"], told["actor"]) == (decision.id, office.second.commitment)


def test_who_proposed_may_take_it_back(round_: Round, office: Office) -> None:
    decision = removal(round_, office.first)
    decisions.decline(decision, "看错了", by=office.first)
    assert decision.outcome == Outcome.DECLINED


def test_proposal_and_approval_are_recorded_without_a_word_of_the_reason(
    round_: Round, office: Office
) -> None:
    grounds = Grounds("王小明家已经拆除", "拆除协议", "d" * 64)
    decision = removal(round_, office.first, grounds)
    office.agrees(decision)
    (proposed,) = journal_of(round_, "DECISION_PROPOSED")
    (done,) = journal_of(round_, "REGISTER_CHANGE")
    for told in (proposed, done):
        assert told["decision"] == decision.id
        assert told["about"] == "register_removal"
        assert told["reason"] == decision.reason_commitment
        assert told["ev"] == "d" * 64
        assert "拆除" not in str(told)
    assert proposed["actor"] == done["proposer"] == office.first.commitment
    assert done["actor"] == office.second.commitment


def test_the_commitment_of_a_reason_names_its_words_and_its_paper(
    round_: Round, office: Office
) -> None:
    decision = removal(round_, office.first)
    before = decision.reason_commitment
    decision.reason = "另一个理由"
    assert decision.reason_commitment != before
    decision.reason = GROUNDS.reason
    assert decision.reason_commitment == before
    decision.evidence = "别的材料"
    assert decision.reason_commitment != before


def test_a_decision_that_came_too_late_does_nothing(round_: Round, office: Office) -> None:
    decision = removal(round_, office.first)
    round_.certified_at = round_.opened_at
    db.session.flush()
    with pytest.raises(NotNow):
        office.agrees(decision)
    round_.certified_at = None
    assert decision.is_waiting
    assert figures(round_) == (3, 0, 0, 0)


def test_a_draft_is_changed_without_decisions(session: sa.orm.Session, office: Office) -> None:
    round_ = open_round(make_building(homes=2).compound, until="published")
    home = homes_of(round_.compound.buildings[0])[0]
    with pytest.raises(NotNow):
        register.propose_addition(round_, home.premises, GROUNDS, by=office.first)


def test_every_change_lets_the_boards_notice(round_: Round, office: Office) -> None:
    seen = [round_.revision]
    first = removal(round_, office.first)
    db.session.refresh(round_)
    seen.append(round_.revision)
    office.agrees(first)
    db.session.refresh(round_)
    seen.append(round_.revision)
    decisions.decline(removal(round_, office.first, number=1), "不", by=office.second)
    db.session.refresh(round_)
    seen.append(round_.revision)
    assert len(set(seen)) == 4


# Real commits: two who press at once, and a household that votes in between.


@pytest.fixture
def living_app(tmp_path: Path, worker_id: str) -> Iterator[Flask]:
    with app_apart(tmp_path, f"decisions_{worker_id}") as app:
        yield app


def _at_once(app: Flask, works: list[Callable[[], None]]) -> list[str]:
    """Do all of this at the same moment, each in a session of its own; how each ended."""
    ends: list[str] = []
    gate = Barrier(len(works))

    def one(work: Callable[[], None]) -> None:
        with app.app_context():
            gate.wait()
            try:
                work()
                db.session.commit()
                ends.append("done")
            except Refused as refusal:
                db.session.rollback()
                ends.append(type(refusal).__name__)

    threads = [Thread(target=one, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(ends)


def test_of_many_who_decide_at_once_only_one_does(living_app: Flask) -> None:
    with living_app.app_context():
        mine = open_round(make_building(homes=3).compound)
        decision_id = removal(mine, Office().first).id
        people = [make_staff().identity for _ in range(6)]
        round_id = mine.id
        db.session.commit()

    def approve(by: Identity) -> Callable[[], None]:
        return lambda: decisions.approve(db.session.get_one(Decision, decision_id), by=by)

    def decline(by: Identity) -> Callable[[], None]:
        return lambda: decisions.decline(db.session.get_one(Decision, decision_id), "不", by=by)

    works = [approve(by) for by in people[:3]] + [decline(by) for by in people[3:]]
    assert _at_once(living_app, works) == ["AlreadySettled"] * 5 + ["done"]
    with living_app.app_context():
        mine = db.session.get_one(Round, round_id)
        decision = db.session.get_one(Decision, decision_id)
        removed = decision.outcome == Outcome.APPROVED
        assert figures(mine) == (3 - removed, 0, 0, 0)
        told = journal_of(mine, "REGISTER_CHANGE") + journal_of(mine, "DECISION_DECLINED")
        assert len(told) == 1


def test_a_home_that_votes_while_its_decision_is_being_read_is_counted_right(
    living_app: Flask,
) -> None:
    with living_app.app_context():
        mine = open_round(make_building(homes=3).compound)
        office = Office()
        decision_id, round_id = removal(mine, office.first).id, mine.id
        home_id = homes_of(mine.compound.buildings[0])[0].id
        db.session.commit()
    with living_app.app_context():
        decision = db.session.get_one(Decision, decision_id)
        read = decision.entry
        assert read is not None
        assert read.votes == 0
        # What was read stays as it was read, while the household votes elsewhere.
        db.session.expire_on_commit = False
        db.session.commit()

        def vote() -> None:
            mine = db.session.get_one(Round, round_id)
            homes = homes_of(mine.compound.buildings[0])
            say(mine, next(home for home in homes if home.id == home_id), Choice.AGREE)

        assert _at_once(living_app, [vote]) == ["done"]
        decisions.approve(decision, by=office.second)
        db.session.commit()
        assert read.votes == 1
        assert figures(db.session.get_one(Round, round_id)) == (2, 0, 0, 0)


def test_a_round_knows_how_many_decisions_wait(round_: Round, office: Office) -> None:
    removal(round_, office.first)
    assert queries.waiting_decisions(round_.id) == 1
