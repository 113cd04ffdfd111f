"""Paper against phone, and co-owners who disagree: what the desk shows whom, and what it does."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from app.core import clock
from app.core.guards import Role
from app.roster.models import AreaKind, Contact, Household
from app.rounds import conflicts
from app.rounds.cases import Conflict, ObjectionKind
from app.rounds.conflicts import propose_dispute, propose_resolution
from app.rounds.counting import Choice
from app.rounds.decisions import approve
from app.rounds.effects import current_vote
from app.rounds.models import Round, Voice
from app.rounds.objections import Complaint, raise_objection, take
from tests.client import Page, PageClient
from tests.factories import homes_of, make_area, make_building, make_round, make_staff
from tests.rounds.disagreeing import (
    GROUNDS,
    WORDS,
    last_decision,
    make_conflict,
    place_of,
)
from tests.rounds.voters import cast_quickly


def ballots(page: Page) -> list[str]:
    return [ballot.text for ballot in page.all("dl", class_="ballot")]


def chosen(round_: Round, choice: Choice) -> dict[str, str]:
    return {f"matter-{matter.id}": choice.value for matter in round_.matters}


def conflict_in_a_round() -> tuple[Round, Conflict]:
    building = make_building()
    round_ = make_round(building.compound)
    return round_, make_conflict(round_, homes_of(building)[0], make_staff())


def test_both_votes_stand_beside_each_other_and_the_paper_can_be_counted(
    client: PageClient,
) -> None:
    round_, conflict = conflict_in_a_round()
    first, second = make_staff(), make_staff()
    client.sign_in(first)
    listed = client.get("cases.conflicts", round_id=round_.id)
    assert listed.all("a", href=f"/desk/conflicts/{conflict.id}/resolve")
    shut = client.get("cases.resolve", conflict_id=conflict.id)
    assert ballots(shut) == []
    assert "“改造方案”同意1 户0 户" not in shut.text
    # Who looks says why, and the home is shown it (T32).
    client.submit(
        next(a["href"] for a in shut.all("a") if a.text == "查看这一户的表态"),
        {"reason": "纸质表和手机不一样，核实"},
    )
    page = client.get("cases.resolve", conflict_id=conflict.id)
    assert ballots(page) == [
        "改造方案同意物业管理方案同意",
        "改造方案不同意物业管理方案不同意",
    ]
    assert "“改造方案”同意1 户0 户" in page.one("table", class_="changes").text
    client.post("cases.resolve", {**WORDS, "keep": "held"}, conflict_id=conflict.id)
    decision = last_decision()
    waiting = client.get("cases.resolve", conflict_id=conflict.id)
    assert "正在等第二个人决定" in waiting.text
    assert not waiting.all("textarea")
    assert len(ballots(client.get("cases.decision", decision_id=decision.id))) == 2
    client.sign_in(second)
    assert ballots(client.get("cases.decision", decision_id=decision.id)) == []
    client.post("cases.approve", decision_id=decision.id)
    vote = current_vote(conflict.entry)
    assert vote is not None
    assert {c.choice for c in vote.choices} == {Choice.DISAGREE}
    assert "已经核实的" in client.get("cases.conflicts", round_id=round_.id).text


def test_keeping_the_standing_vote_changes_no_number(client: PageClient) -> None:
    round_, conflict = conflict_in_a_round()
    client.sign_in(make_staff())
    client.post("cases.resolve", {**WORDS, "keep": "standing"}, conflict_id=conflict.id)
    client.sign_in(make_staff())
    decision = last_decision()
    page = client.get("cases.decision", decision_id=decision.id)
    assert "户数和票数都不变" in page.text
    client.post("cases.approve", decision_id=decision.id)
    vote = current_vote(conflict.entry)
    assert vote is not None
    assert {c.choice for c in vote.choices} == {Choice.AGREE}
    assert conflicts.open_conflicts(round_.id) == []


def test_a_worker_sees_that_there_are_two_votes_but_not_what_they_say(client: PageClient) -> None:
    round_, conflict = conflict_in_a_round()
    client.sign_in(make_staff(Role.WORKER))
    page = client.get("cases.resolve", conflict_id=conflict.id)
    assert ballots(page) == []
    assert not page.all("table", class_="changes")
    client.post("cases.resolve", {**WORDS, "keep": "held"}, conflict_id=conflict.id)
    own = client.get("cases.decision", decision_id=last_decision().id)
    assert ballots(own) == []
    assert not own.all("table", class_="changes")
    round_.profile = {**round_.profile, "staff_see_choices": "households"}
    assert len(ballots(client.get("cases.resolve", conflict_id=conflict.id))) == 2


def test_nothing_is_said_to_stay_the_same_while_several_numbers_are_possible(
    client: PageClient,
) -> None:
    _round, conflict = conflict_in_a_round()
    client.sign_in(make_staff(Role.WORKER))
    unsure = "总户数和已表态的户数不变，同意的户数可能变。"
    for page in (
        client.get("cases.resolve", conflict_id=conflict.id),
        client.follow(
            client.post("cases.resolve", {**WORDS, "keep": "held"}, conflict_id=conflict.id)
        ),
    ):
        assert unsure in page.text
        assert "户数不变。" not in page.text
        assert "户数和票数都不变" not in page.text
        assert "0、1 或 2/6 户" in page.one("table", class_="verdicts").text
        assert "%" not in page.one("table", class_="verdicts").all("td", class_="new")[0].text


def test_too_few_before_and_after_is_not_called_the_same(client: PageClient) -> None:
    round_, conflict = conflict_in_a_round()
    round_.profile = {**round_.profile, "staff_see_choices": "households"}
    client.sign_in(make_staff())
    page = client.get("cases.resolve", conflict_id=conflict.id)
    verdict = page.one("table", class_="verdicts").all("td", class_="new")[0].text
    assert verdict.endswith("还差 5 户")
    assert "不变" not in verdict


def test_whoever_asks_the_home_finds_its_phones_and_its_story(client: PageClient) -> None:
    _round, conflict = conflict_in_a_round()
    home = conflict.entry.household
    assert home is not None
    gone = clock.now()
    home.contacts = [
        Contact(phone="13812345678", since=gone),
        Contact(phone="13900001111", since=gone, ended_at=gone),
    ]
    client.sign_in(make_staff(Role.WORKER))
    page = client.get("cases.resolve", conflict_id=conflict.id)
    assert page.one("a", href="tel:13812345678").text == "13812345678"
    assert "13900001111" not in page.text
    client.visit(page.one("a", href=f"/desk/households/{home.id}")["href"])


def test_a_conflict_settled_meanwhile_is_refused_with_words(client: PageClient) -> None:
    _round, conflict = conflict_in_a_round()
    made = propose_resolution(conflict, keep_held=False, grounds=GROUNDS, by=make_staff().identity)
    approve(made, by=make_staff().identity)
    client.sign_in(make_staff())
    stale = {**WORDS, "keep": "held"}
    page = client.post("cases.resolve", stale, status=409, conflict_id=conflict.id)
    assert "已经核实过了" in page.text


@pytest.mark.parametrize(
    ("sent", "words"),
    [({"keep": ""}, "还没有选"), ({"keep": "both"}, "不"), ({"reason": ""}, "请写明理由")],
)
def test_a_resolution_without_a_choice_or_reason_is_named(
    client: PageClient, sent: dict[str, str], words: str
) -> None:
    _round, conflict = conflict_in_a_round()
    client.sign_in(make_staff())
    form = {**WORDS, "keep": "held", **sent}
    page = client.post("cases.resolve", form, status=422, conflict_id=conflict.id)
    assert words in page.one(role="alert").text
    assert last_decision() is None


def test_a_dispute_takes_the_vote_out_and_the_signed_form_brings_one_in(
    client: PageClient,
) -> None:
    building = make_building()
    round_, home = make_round(building.compound), homes_of(building)[0]
    cast_quickly(round_, home, Choice.AGREE, "request-1")
    entry, first, second = place_of(round_, home), make_staff(), make_staff()
    client.sign_in(first)
    page = client.get("cases.dispute", entry_id=entry.id)
    assert "已表态1 户0 户" in page.one("table", class_="changes").text
    bare = {"reason": "两兄弟说法不一样", "evidence": ""}
    refused = client.post("cases.dispute", bare, status=422, entry_id=entry.id)
    assert "书面材料" in refused.one(role="alert").text
    client.post("cases.dispute", WORDS, entry_id=entry.id)
    client.sign_in(second)
    client.post("cases.approve", decision_id=last_decision().id)
    assert place_of(round_, home).voice == Voice.DISPUTED
    listed = client.get("cases.conflicts", round_id=round_.id)
    assert listed.all("a", href=f"/desk/entries/{entry.id}/settle")
    half = {**WORDS, f"matter-{round_.matters[0].id}": "agree"}
    missing = client.post("cases.settle", half, status=422, entry_id=entry.id)
    assert "还没有选" in missing.one(role="alert").text
    signed = {**WORDS, **chosen(round_, Choice.DISAGREE)}
    client.post("cases.settle", signed, entry_id=entry.id)
    client.sign_in(first)
    shown = client.get("cases.decision", decision_id=last_decision().id)
    assert ballots(shown) == ["改造方案不同意物业管理方案不同意"]
    client.post("cases.approve", decision_id=last_decision().id)
    assert place_of(round_, home).voice == Voice.COUNTED
    client.post("cases.settle", signed, status=409, entry_id=entry.id)
    assert "没有争议" in client.get("cases.settle", entry_id=entry.id).text


def test_a_disputed_household_is_not_disputed_again(client: PageClient) -> None:
    building = make_building()
    round_, home = make_round(building.compound), homes_of(building)[0]
    entry = place_of(round_, home)
    approve(propose_dispute(entry, GROUNDS, by=make_staff().identity), by=make_staff().identity)
    client.sign_in(make_staff())
    assert not client.get("cases.dispute", entry_id=entry.id).all("textarea")
    page = client.post("cases.dispute", WORDS, status=409, entry_id=entry.id)
    assert "已经登记了争议" in page.text


def test_only_the_office_keys_in_the_signed_form(client: PageClient) -> None:
    building = make_building()
    round_ = make_round(building.compound)
    entry = place_of(round_, homes_of(building)[0])
    client.sign_in(make_staff(Role.WORKER))
    client.get("cases.settle", status=403, entry_id=entry.id)
    client.get("cases.dispute", entry_id=entry.id)


def test_conflicts_of_another_area_stay_closed(client: PageClient) -> None:
    _round, conflict = conflict_in_a_round()
    client.sign_in(make_staff(area=make_area(AreaKind.TOWN)))
    for path in (
        f"conflicts/{conflict.id}/resolve",
        f"entries/{conflict.entry_id}/dispute",
        f"entries/{conflict.entry_id}/settle",
    ):
        assert client.raw("get", f"/desk/{path}").status_code == 403
    assert client.raw("get", "/desk/conflicts/999999/resolve").status_code == 404


def test_a_round_without_quarrels_says_so(client: PageClient) -> None:
    round_ = make_round(make_building().compound)
    client.sign_in(make_staff())
    page = client.get("cases.conflicts", round_id=round_.id)
    assert "没有等核实的" in page.text
    assert "没有这样的户" in page.text


def test_of_two_opposite_proposals_only_the_first_one_agreed_to_happens(
    client: PageClient,
) -> None:
    _round, conflict = conflict_in_a_round()
    by = make_staff().identity
    keep, change = (
        propose_resolution(conflict, keep_held=held, grounds=GROUNDS, by=by)
        for held in (False, True)
    )
    client.sign_in(make_staff())
    client.post("cases.approve", decision_id=keep.id)
    page = client.post("cases.approve", status=409, decision_id=change.id)
    assert "已经核实过了" in page.one(role="alert").text
    client.post("cases.decline", {"why": "已经定了"}, decision_id=change.id)


@pytest.mark.parametrize("listed", ["decisions", "conflicts", "objections"])
def test_a_longer_list_asks_the_database_no_more(
    client: PageClient,
    count_queries: Callable[[], AbstractContextManager[list[str]]],
    listed: str,
) -> None:
    building = make_building(homes=12)
    round_, homes = make_round(building.compound), homes_of(building)
    client.sign_in(make_staff())

    def asked_with(some: list[Household]) -> int:
        for home in some:
            quarrel(round_, home)
        with count_queries() as statements:
            client.get(f"cases.{listed}", round_id=round_.id)
        return len(statements)

    short = asked_with(homes[:2])
    assert asked_with(homes[2:6]) == short


def quarrel(round_: Round, home: Household) -> None:
    """A conflict, a proposal and an objection, each by somebody else."""
    conflict = make_conflict(round_, home, make_staff())
    propose_resolution(conflict, keep_held=True, grounds=GROUNDS, by=make_staff().identity)
    complaint = Complaint(ObjectionKind.CONTENT, home.address, "不好", home.id)
    take(raise_objection(round_, complaint, by=make_staff().identity), by=make_staff().identity)


def test_taking_a_vote_out_never_tells_what_it_was(client: PageClient) -> None:
    building = make_building()
    round_, home = make_round(building.compound), homes_of(building)[0]
    cast_quickly(round_, home, Choice.AGREE, "request-1")
    entry = place_of(round_, home)
    made = propose_dispute(entry, GROUNDS, by=make_staff().identity)
    client.sign_in(make_staff())
    for page in (
        client.get("cases.dispute", entry_id=entry.id),
        client.get("cases.decision", decision_id=made.id),
    ):
        assert "”同意" not in page.one("table", class_="changes").text
