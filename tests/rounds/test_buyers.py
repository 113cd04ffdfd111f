"""Whoever buys a home reads nothing of what the seller said, in whichever round it was."""

import pytest
import sqlalchemy as sa

from app.roster.transfer import change_owners, make_owners
from app.rounds import casting, register
from app.rounds.counting import Choice
from app.rounds.models import Vote
from tests.client import PageClient
from tests.factories import issue_code, make_staff
from tests.rounds.asking import Asked, asked, change_plan, vote
from tests.rounds.disagreeing import GROUNDS, on_paper
from tests.rounds.offices import entry_at

SECRET = "卖家的话"


def bought_later(client: PageClient) -> Asked:
    """A home that said no, and changed hands while this round's register knew nothing of it."""
    home = asked(client)
    vote(client, home, "disagree", comment=SECRET)
    owners = make_owners(home.building.compound_id, ["钱进"])
    change_owners(home.home.premises, owners, by=home.office.first)
    client.enter(home.building, issue_code(home.home))
    return home


def test_a_vote_of_an_earlier_round_is_hidden_from_the_buyer(
    client: PageClient, session: sa.orm.Session
) -> None:
    home = bought_later(client)
    receipt = session.scalars(sa.select(Vote)).one().receipt
    pages = (
        client.get("rounds.home"),
        client.get("rounds.receipt", code=receipt),
        client.get("rounds.vote", round_id=home.round.id),
    )
    for page in pages:
        assert "改造方案 不同意" not in page.text
        assert "上次选的是" not in page.text
        assert SECRET not in page.html
        assert not [r for r in page.all("input", type="radio") if r.get("checked") is not None]
    assert "原业主表过态" in pages[0].text


def test_owners_who_were_the_first_read_their_own_words(client: PageClient) -> None:
    home = asked(client)
    vote(client, home, "disagree", comment=SECRET)
    page = client.get("rounds.home")
    assert "改造方案 不同意" in page.text
    assert SECRET in page.text


def test_the_buyer_reads_neither_of_two_words_that_are_compared(client: PageClient) -> None:
    home = asked(client)
    vote(client, home, "disagree")
    on_paper(home.round, home.home, Choice.ABSTAIN, make_staff(), "paper-0001", seen=1)
    owners = make_owners(home.building.compound_id, ["钱进"])
    change_owners(home.home.premises, owners, by=home.office.first)
    client.enter(home.building, issue_code(home.home))
    page = client.get("rounds.home")
    assert page.text.count("是原业主说的，这里不显示") == 2
    assert "改造方案 不同意" not in page.text
    assert "改造方案 弃权" not in page.text


def test_nobody_confirms_unseen_what_the_seller_said(client: PageClient) -> None:
    home = asked(client)
    vote(client, home, "disagree")
    entry = entry_at(home.round, home.home)
    home.office.agrees(register.propose_transfer(entry, ["钱进"], GROUNDS, by=home.office.first))
    change_plan(home)
    with pytest.raises(casting.SellerVoted):
        casting.reaffirm(home.round, home.home.id, "request-0001", 1, plan_number=2)
