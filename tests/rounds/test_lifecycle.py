"""Which step is possible when, what opening and certifying still lack, and when a term is over."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from app.rounds.lifecycle import (
    ALLOWED,
    Check,
    Condition,
    Facts,
    Proof,
    ResultFacts,
    State,
    Verb,
    certification,
    end_of_term,
    is_allowed,
    is_early_to_freeze,
    preflight,
    standing_of,
)

DRAFT, REVIEW, REGISTER, FROZEN = State.DRAFT, State.REVIEW, State.REGISTER, State.FROZEN
OPEN, CLOSED, PRELIMINARY = State.OPEN, State.CLOSED, State.PRELIMINARY
CERTIFIED, ARCHIVED = State.CERTIFIED, State.ARCHIVED
BEIJING = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 20, 9, 0, tzinfo=BEIJING)

# Which step is possible in which state (RULES.md §3), written out once more.

STEPS = {
    Verb.EDIT: {DRAFT},
    Verb.SUBMIT: {DRAFT},
    Verb.RETURN: {REVIEW},
    Verb.CONFIRM: {REVIEW},
    Verb.PUBLISH_REGISTER: {REVIEW},
    Verb.FREEZE: {REGISTER},
    Verb.OPEN: {FROZEN},
    Verb.WITHDRAW: {DRAFT, REVIEW, REGISTER, FROZEN},
    Verb.VOTE: {OPEN},
    Verb.EXTEND: {OPEN},
    Verb.CHANGE_PLAN: {OPEN},
    Verb.CHANGE_REGISTER: {FROZEN, OPEN, CLOSED, PRELIMINARY},
    Verb.OBJECT: {REGISTER, FROZEN, OPEN, CLOSED, PRELIMINARY},
    Verb.SETTLE: {REGISTER, FROZEN, OPEN, CLOSED, PRELIMINARY},
    Verb.AUDIT: {CLOSED, PRELIMINARY},
    Verb.PUBLISH_RESULT: {CLOSED},
    Verb.CERTIFY: {PRELIMINARY},
    Verb.ARCHIVE: {CERTIFIED},
}


def test_every_step_that_there_is_has_its_states() -> None:
    assert set(STEPS) == set(Verb) == set(ALLOWED)


@pytest.mark.parametrize("verb", Verb)
def test_a_step_is_possible_in_its_states_and_in_no_other(verb: Verb) -> None:
    assert {state for state in State if is_allowed(verb, state)} == STEPS[verb]


def test_nothing_at_all_is_possible_once_a_round_is_archived() -> None:
    assert not any(is_allowed(verb, ARCHIVED) for verb in Verb)


def test_a_certified_round_can_only_be_put_away() -> None:
    assert [verb for verb in Verb if is_allowed(verb, CERTIFIED)] == [Verb.ARCHIVE]


@pytest.mark.parametrize("state", State)
def test_every_state_has_words_of_its_own(state: State) -> None:
    words = [standing_of(s, is_confirmed=False) for s in State]
    assert words.count(standing_of(state, is_confirmed=False)) == 1


def test_a_review_that_was_confirmed_is_said_to_wait_for_nobody() -> None:
    waiting = standing_of(REVIEW, is_confirmed=False)
    assert waiting == "待第二人确认"
    assert standing_of(REVIEW, is_confirmed=True) == "口径已确认，待公示登记册"
    assert standing_of(OPEN, is_confirmed=True) == standing_of(OPEN, is_confirmed=False)


@pytest.mark.parametrize("state", [REVIEW, ARCHIVED])
def test_a_withdrawn_round_says_so_and_nothing_else(state: State) -> None:
    assert standing_of(state, is_confirmed=True, is_withdrawn=True) == "已撤回"


# Opening: every condition alone.

READY = Facts(
    now=NOW,
    plan_published=True,
    opens_at=NOW,
    closes_at=NOW + timedelta(days=15),
    phone="0953-5550100",
    submitted=True,
    confirmed=True,
    register_published=True,
    frozen=True,
    households=404,
    homes_without_code=0,
    posters_printed=True,
)


def unmet(checks: list[Check]) -> list[Check]:
    return [check for check in checks if not check.is_met]


def test_with_everything_in_place_a_round_may_open() -> None:
    checks = preflight(READY)
    assert [check.step for check in checks] == list(Condition)
    assert unmet(checks) == []
    assert all(check.title and not check.warning for check in checks)


@pytest.mark.parametrize(
    ("change", "step", "words", "count"),
    [
        ({"plan_published": False}, Condition.PLAN, "还没有公布的方案", 0),
        ({"phone": ""}, Condition.PHONE, "社区电话", 0),
        ({"phone": " \t"}, Condition.PHONE, "社区电话", 0),
        ({"matters_without_anybody": ("加装电梯",)}, Condition.MATTERS, "没有住户可问", 1),
        ({"matters_without_anybody": ("a", "b")}, Condition.MATTERS, "没有住户可问", 2),
        ({"confirmed": False}, Condition.PROFILE, "等第二个人确认", 0),
        ({"confirmed": False, "submitted": False}, Condition.PROFILE, "还没有提交", 0),
        ({"register_published": False}, Condition.REGISTER, "还没有公示登记册", 0),
        ({"households": 0}, Condition.REGISTER, "还没有住户", 0),
        ({"open_objections": 2}, Condition.OBJECTIONS, "没有办结", 2),
        ({"waiting_decisions": 3}, Condition.OBJECTIONS, "没有办结", 3),
        ({"open_objections": 2, "waiting_decisions": 3}, Condition.OBJECTIONS, "没有办结", 5),
        ({"homes_without_code": 1}, Condition.CODES, "没有户码", 1),
        ({"posters_printed": False}, Condition.POSTERS, "海报", 0),
    ],
)
def test_each_condition_of_opening_alone_stops_it_and_says_what_is_missing(
    change: dict[str, Any], step: Condition, words: str, count: int
) -> None:
    (check,) = unmet(preflight(replace(READY, **change)))
    assert (check.step, check.count) == (step, count)
    assert words in check.message


def test_one_household_is_a_register() -> None:
    assert unmet(preflight(replace(READY, households=1))) == []


def test_an_unlocked_register_has_no_codes_yet_whatever_was_printed() -> None:
    freeze, codes = unmet(preflight(replace(READY, frozen=False)))
    assert (freeze.step, codes.step) == (Condition.FREEZE, Condition.CODES)
    assert "锁定登记册" in freeze.message
    assert "锁定登记册后" in codes.message


def test_codes_of_an_earlier_round_need_no_new_slips_and_are_counted() -> None:
    codes = {check.step: check for check in preflight(replace(READY, codes_from_before=5))}["codes"]
    assert (codes.is_met, codes.count) == (True, 5)
    assert "沿用上一轮的户码，不用重发" in codes.note
    assert not {check.step: check for check in preflight(READY)}["codes"].note


def test_an_untouched_draft_is_told_everything_at_once() -> None:
    nothing = replace(
        READY,
        plan_published=False,
        closes_at=NOW,
        phone="",
        submitted=False,
        confirmed=False,
        register_published=False,
        frozen=False,
        households=0,
        homes_without_code=9,
        posters_printed=False,
        matters_without_anybody=("a",),
        open_objections=1,
    )
    assert [check.step for check in unmet(preflight(nothing))] == list(Condition)


def times(now: datetime, opens_at: datetime, closes_at: datetime) -> Check:
    facts = replace(READY, now=now, opens_at=opens_at, closes_at=closes_at)
    return next(check for check in preflight(facts) if check.step == Condition.TIMES)


@pytest.mark.parametrize(
    ("length", "words", "warned"),
    [
        (timedelta(days=-1), "已经过去", True),
        (timedelta(0), "已经过去", True),
        (timedelta(seconds=1), "不足 5 天", True),
        (timedelta(days=5) - timedelta(seconds=1), "不足 5 天", True),
        (timedelta(days=5), "", True),
        (timedelta(days=7) - timedelta(seconds=1), "", True),
        (timedelta(days=7), "", False),
        (timedelta(days=60), "", False),
        (timedelta(days=60, seconds=1), "超过 60 天", False),
    ],
)
def test_a_round_lasts_five_to_sixty_days_and_below_seven_is_a_warning(
    length: timedelta, words: str, warned: bool
) -> None:
    check = times(NOW, NOW, NOW + length)
    assert check.is_met == (words == "")
    assert words in check.message
    assert bool(check.message) == bool(words)
    assert bool(check.warning) == warned


def test_the_days_count_from_now_when_it_opens_late() -> None:
    closes_at = NOW + timedelta(days=6)
    assert times(NOW, NOW - timedelta(days=30), closes_at).is_met
    assert not times(NOW + timedelta(days=2), NOW, closes_at).is_met


def test_the_days_count_from_the_start_when_that_is_still_to_come() -> None:
    opens_at = NOW + timedelta(days=10)
    assert not times(NOW, opens_at, opens_at + timedelta(days=4)).is_met
    assert times(NOW, opens_at, opens_at + timedelta(days=60)).is_met


def test_a_register_that_hung_for_three_days_is_no_early_lock() -> None:
    assert is_early_to_freeze(NOW, NOW - timedelta(days=3) + timedelta(seconds=1))
    assert not is_early_to_freeze(NOW, NOW - timedelta(days=3))
    assert not is_early_to_freeze(NOW, None)


# Certifying: every condition alone.

DONE = ResultFacts(
    now=NOW,
    objections_end=NOW,
    open_objections=0,
    open_conflicts=0,
    waiting_decisions=0,
    audit_unchecked=0,
    recount_agrees=True,
)


def test_with_everything_done_a_result_may_be_certified() -> None:
    checks = certification(DONE)
    assert [check.step for check in checks] == list(Proof)
    assert unmet(checks) == []
    assert all(check.title for check in checks)


@pytest.mark.parametrize(
    ("change", "step", "words", "count"),
    [
        ({"now": NOW - timedelta(seconds=1)}, Proof.TERM, "还没有结束", 0),
        ({"open_objections": 1}, Proof.OBJECTIONS, "件异议", 1),
        ({"open_conflicts": 2}, Proof.CONFLICTS, "不一致", 2),
        ({"waiting_decisions": 3}, Proof.DECISIONS, "第二个人", 3),
        ({"audit_unchecked": 4}, Proof.AUDIT, "没有核对", 4),
        ({"recount_agrees": False}, Proof.RECOUNT, "对不上", 0),
    ],
)
def test_each_condition_of_certifying_alone_stops_it_and_says_what_is_missing(
    change: dict[str, Any], step: Proof, words: str, count: int
) -> None:
    (check,) = unmet(certification(replace(DONE, **change)))
    assert (check.step, check.count) == (step, count)
    assert words in check.message


# Terms: the first day does not count, the last ends at 24:00, rest days move it on.

WEEKEND = {5, 6}


def is_weekend(day: date) -> bool:
    return day.weekday() in WEEKEND


@pytest.mark.parametrize(
    ("begun", "days", "end"),
    [
        # Friday the 20th; the seventh day after it is a Friday.
        ((2026, 11, 20, 9), 7, (2026, 11, 28)),
        ((2026, 11, 20, 0), 7, (2026, 11, 28)),
        ((2026, 11, 20, 23), 7, (2026, 11, 28)),
        # The last day would be Saturday, Sunday: it moves to Monday, and is over on Tuesday.
        ((2026, 11, 21, 9), 7, (2026, 12, 1)),
        ((2026, 11, 22, 9), 7, (2026, 12, 1)),
        ((2026, 11, 23, 9), 7, (2026, 12, 1)),
        ((2026, 11, 23, 9), 1, (2026, 11, 25)),
        ((2026, 12, 28, 9), 4, (2027, 1, 2)),
    ],
)
def test_a_term_ends_at_midnight_of_its_last_working_day(
    begun: tuple[int, int, int, int], days: int, end: tuple[int, int, int]
) -> None:
    start = datetime(*begun, tzinfo=BEIJING)
    assert end_of_term(start, days, BEIJING, is_weekend) == datetime(*end, tzinfo=BEIJING)


def test_the_day_on_which_a_term_begins_is_that_of_the_office_and_not_of_the_clock_in_london() -> (
    None
):
    late = datetime(2026, 11, 22, 16, 30, tzinfo=UTC)  # Monday, half past midnight in Beijing.
    end = end_of_term(late, 1, BEIJING, is_weekend)
    assert end == datetime(2026, 11, 25, tzinfo=BEIJING)
    assert end.utcoffset() == timedelta(hours=8)


def test_a_term_moves_on_over_a_whole_week_of_holidays() -> None:
    def golden_week(day: date) -> bool:
        return date(2026, 10, 1) <= day <= date(2026, 10, 8)

    begun = datetime(2026, 9, 25, 9, tzinfo=BEIJING)
    assert end_of_term(begun, 7, BEIJING, golden_week) == datetime(2026, 10, 10, tzinfo=BEIJING)


def test_a_term_without_rest_days_is_so_many_whole_days() -> None:
    begun = datetime(2026, 11, 20, 12, tzinfo=BEIJING)
    for days in range(1, 30):
        end = end_of_term(begun, days, BEIJING, lambda day: False)
        assert end - datetime(2026, 11, 21, tzinfo=BEIJING) == timedelta(days=days)


@pytest.mark.parametrize(("frozen", "lacking"), [(True, 3), (False, 0)])
def test_codes_that_lack_are_an_unmet_condition_of_the_same_name(
    frozen: bool, lacking: int
) -> None:
    facts = replace(READY, frozen=frozen, homes_without_code=lacking)
    (check,) = (check for check in preflight(facts) if check.step == Condition.CODES)
    assert (check.title, check.is_met) == ("每户都有户码", False)
    assert check.is_met is False
