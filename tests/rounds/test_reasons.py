"""Why a household disagrees, and whether it may be called: optional, personal, never counted."""

from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from app.core.db import db
from app.core.guards import Role
from app.roster.models import Household
from app.rounds import casting, objections, queries, recounting
from app.rounds.cases import Effect, ObjectionKind
from app.rounds.counting import Choice
from app.rounds.models import Channel, Vote, VoteChoice
from app.rounds.objections import Answer, Complaint
from app.rounds.reasons import Reason
from tests.client import PageClient
from tests.factories import make_staff
from tests.rounds.asking import HIRE, Asked, asked, ballot, change_plan, vote
from tests.rounds.offices import answers, entry_at, journal_of, say, votes_of

AGREE, DISAGREE = Choice.AGREE, Choice.DISAGREE


def said(home: Asked) -> list[tuple[Choice, Reason | None]]:
    """Each choice of the newest vote with its reason, in the order of the matters."""
    newest = votes_of(home.round, home.home)[-1]
    return [
        (choice.choice, choice.reason)
        for choice in sorted(newest.choices, key=lambda choice: choice.matter.position)
    ]


def reason(home: Asked, value: str, matter: int = 0) -> dict[str, str]:
    return {f"reason-{home.round.matters[matter].id}": value}


def disagree(home: Asked, other: Household, why: Reason | None, **others: Any) -> None:
    """Another household says no to everything, for this reason."""
    entry = entry_at(home.round, other)
    choices = answers(entry, DISAGREE)
    reasons = dict.fromkeys(choices, why) if why else {}
    made = casting.Ballot(
        choices, f"request-of-{entry.id}-{entry.votes}", entry.votes, 1, reasons=reasons, **others
    )
    casting.cast(home.round, other.id, made, via=Channel.PHONE)


def test_on_a_first_vote_no_reason_is_chosen_and_nothing_is_ticked(client: PageClient) -> None:
    home = asked(client, HIRE)
    form = client.get("rounds.vote", round_id=home.round.id)
    asides = form.all("details", class_="why")
    assert [aside.one("summary").text for aside in asides] == ["不同意的原因（可以不说）"] * 3
    assert [aside.get("open") for aside in asides] == [None] * 3
    assert [label.text for label in asides[0].all("label")] == [
        *(str(why.label) for why in Reason),
        "不说原因",
    ]
    assert not [box for box in form.all("input") if box.get("checked") is not None]
    assert not form.all("input", name="may_call", checked="")
    assert [box.get("required") for box in asides[0].all("input")] == [None] * 8


@pytest.mark.parametrize("first", ["short way", "long way"])
def test_a_reason_is_kept_beside_disagree_and_ignored_beside_any_other_answer(
    client: PageClient, first: str
) -> None:
    home = asked(client)
    if first == "long way":
        say(home.round, home.home, AGREE)
    management = home.round.matters[1]
    sent = {f"matter-{management.id}": "agree", **reason(home, "cost"), **reason(home, "fee", 1)}
    vote(client, home, "disagree", **sent)
    assert said(home) == [(DISAGREE, Reason.COST), (AGREE, None)]


@pytest.mark.parametrize("strange", ["", "of my own", "disagree"])
def test_no_vote_is_refused_for_a_reason_that_nobody_knows(
    client: PageClient, strange: str
) -> None:
    home = asked(client)
    assert vote(client, home, "disagree", **reason(home, strange)).h1 == "已经计入"
    assert said(home)[0] == (DISAGREE, None)


def test_reason_and_call_go_through_the_review_and_stand_on_receipt_and_history(
    client: PageClient,
) -> None:
    home = asked(client)
    form = client.get("rounds.vote", round_id=home.round.id)
    values = ballot(form, "disagree", **reason(home, "unclear"), may_call="y")
    review = client.follow(client.post("rounds.review", values, round_id=home.round.id))
    back = client.get("rounds.edit", round_id=home.round.id).form_values("/review")
    assert back | {"csrf_token": ""} == values | {"csrf_token": ""}
    sent = client.submit(f"/rounds/{home.round.id}/vote", review.form_values("/vote"))
    own = client.get("rounds.home")
    for page in (review, client.follow(sent), own):
        assert "改造方案 不同意 原因：方案没说清楚" in page.one("main").text
        assert "社区可以打给您家" in page.one("main").text
    assert "改造方案：不同意（方案没说清楚）；物业管理方案：不同意" in own.one("ol").text


def test_a_household_that_votes_again_finds_its_reason_and_its_tick(client: PageClient) -> None:
    home = asked(client)
    vote(client, home, "disagree", **reason(home, "works"), may_call="y")
    form = client.get("rounds.vote", round_id=home.round.id)
    assert form.form_values("/review")[f"reason-{home.round.matters[0].id}"] == "works"
    assert form.form_values("/review")["may_call"] == "y"
    vote(client, home, "agree", **reason(home, "works"), may_call="")
    assert said(home) == [(AGREE, None), (AGREE, None)]
    assert [one.may_call for one in votes_of(home.round, home.home)] == [True, False]


def test_the_journal_knows_neither_and_the_recount_agrees(client: PageClient) -> None:
    home = asked(client)
    vote(client, home, "disagree", **reason(home, "distrust"), may_call="y", comment="太贵")
    [entry] = journal_of(home.round, "VOTE")
    assert not {"reason", "may_call", "comment", "distrust"} & {*entry, *map(str, entry.values())}
    assert "distrust" not in str(entry)
    assert recounting.differences(home.round) == []


def test_saying_the_same_again_after_a_new_plan_keeps_reason_and_call(client: PageClient) -> None:
    home = asked(client)
    vote(client, home, "disagree", **reason(home, "cost"), may_call="y")
    change_plan(home)
    confirm = client.get("rounds.home").form_values("/reaffirm")
    client.submit(f"/rounds/{home.round.id}/reaffirm", confirm)
    assert said(home)[0] == (DISAGREE, Reason.COST)
    assert votes_of(home.round, home.home)[-1].may_call


def test_a_signed_paper_gives_no_reason_and_asks_for_no_call(client: PageClient) -> None:
    home = asked(client)
    vote(client, home, "disagree", **reason(home, "cost"), may_call="y")
    about = Complaint(ObjectionKind.KEYED_WRONGLY, "1号楼", "录错了", home.home.id)
    raised = objections.raise_objection(home.round, about)
    paper = answers(entry_at(home.round, home.home), DISAGREE)
    answer = Answer("按签字的表改", Effect.REPLACE_VOTE, paper, "签字的表")
    home.office.agrees(objections.propose_answer(raised, answer, by=home.office.first))
    assert said(home) == [(DISAGREE, None)] * 2
    assert not votes_of(home.round, home.home)[-1].may_call


def test_the_database_keeps_a_reason_beside_disagree_only(
    client: PageClient, session: sa.orm.Session
) -> None:
    home = asked(client)
    vote(client, home, "agree")
    giving = sa.update(VoteChoice).values(reason=Reason.COST)
    with pytest.raises(sa.exc.IntegrityError), session.begin_nested():
        session.execute(giving)


# What the office reads of it.


def desk_of(app: Flask, home: Asked, role: Role = Role.WORKER) -> PageClient:
    desk = PageClient(app)
    area = home.building.compound.area
    desk.sign_in(make_staff(role, area.parent.parent if role == Role.DISTRICT else area))
    return desk


def test_reasons_are_counted_by_fives_of_the_whole_round(app: Flask, client: PageClient) -> None:
    home = asked(client, homes=14)
    desk = desk_of(app, home)

    def read() -> list[str]:
        page = desk.get("rounds_staff.remarks", round_id=home.round.id)
        assert home.homes[0].address not in page.html
        assert "不同意" not in page.one("main").text
        found = page.all("table", aria_labelledby=f"why-{home.round.matters[0].id}")
        return [row.text for table in found for row in table.all("tr")]

    # The reason of the next home to vote, and what can be read then.
    told: list[list[str]] = []
    for other, why in zip(
        home.homes,
        [
            *(Reason.COST, Reason.COST, Reason.FEE, Reason.COST, Reason.COST),
            *(Reason.UNCLEAR, Reason.COST, Reason.COST, Reason.OTHER, Reason.WORKS),
            *(Reason.FEE, None, Reason.FEE),
        ],
        strict=False,
    ):
        disagree(home, other, why)
        told.append(read())
    assert told[:4] == [[]] * 4
    # Five reasons, and none of them five times: they are told together.
    assert told[4:6] == [["其他原因5 户以上"]] * 2
    # Now one stands by itself; the others are too few, and a sixth changes nothing.
    assert told[6:9] == [["出的钱太多5 户以上"]] * 3
    assert told[9:10] == [["出的钱太多5 户以上"]]
    assert told[10:13] == [["出的钱太多5 户以上", "其他原因5 户以上"]] * 3


def test_a_vote_that_counts_no_more_gives_no_reason(client: PageClient) -> None:
    home = asked(client, homes=6)
    for other in home.homes[:5]:
        disagree(home, other, Reason.WORKS)
    [plan, _management] = queries.why_not(home.round)
    assert plan.counts == ((Reason.WORKS, 5),)
    say(home.round, home.homes[0], AGREE)
    assert queries.why_not(home.round) == []


def test_whoever_took_the_tick_back_is_not_called(client: PageClient) -> None:
    home = asked(client)
    vote(client, home, "disagree", may_call="y")
    assert queries.calls_asked(home.round.id) == 1
    vote(client, home, "disagree", may_call="")
    assert queries.calls_asked(home.round.id) == 0
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Vote)) == 2
