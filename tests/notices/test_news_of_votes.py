"""Every vote, change, new code and vote struck out is told to the home, never what was chosen."""

import re
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
import sqlalchemy as sa

from app.accounts.actions import issue_codes, prepare_codes
from app.core.db import db
from app.notices.actions import unheard
from app.notices.models import Message, MessageKind
from app.roster.models import Household
from app.rounds import casting, conflicts, corrections, disowning
from app.rounds.counting import Choice
from app.rounds.models import Channel, Round
from tests.client import PageClient
from tests.factories import CODE_KEY, home_ref, homes_of, issue_code, make_building
from tests.notices.homes import MOBILE, OTHER_MOBILE, give_phones, home_with, let_all_leave, queued
from tests.notices.postbox import Postbox
from tests.rounds.offices import GROUNDS, Office, answers, entry_at, open_round, say, votes_of
from tests.rounds.voters import fill, make_voter, signed_in, vote

pytestmark = pytest.mark.usefixtures("session", "postbox")
AGREE, DISAGREE = Choice.AGREE, Choice.DISAGREE


@pytest.fixture
def round_() -> Round:
    with unheard():
        return open_round(make_building(homes=2).compound)


@pytest.fixture
def home(round_: Round) -> Household:
    home = homes_of(round_.compound.buildings[0])[0]
    give_phones(home, MOBILE, OTHER_MOBILE)
    return home


def told(*kinds: MessageKind) -> list[str]:
    """The phones that were told of these kinds, in order."""
    return [str(message.phone) for message in queued(Message.kind.in_(kinds))]


def test_the_first_vote_from_an_unseen_browser_tells_each_phone_on_the_roster_once(
    client: PageClient,
) -> None:
    voter = signed_in(client)
    give_phones(voter.home, MOBILE, OTHER_MOBILE, "0953-5550100")
    form = client.get("rounds.vote", round_id=voter.round.id)
    values = fill(form, voter.round, AGREE, DISAGREE)
    for _ in range(3):
        client.post("rounds.cast", values, round_id=voter.round.id)
    assert [(m.phone, m.kind) for m in queued()] == [
        (MOBILE, MessageKind.VOTED),
        (OTHER_MOBILE, MessageKind.VOTED),
    ]


def test_a_change_tells_each_phone_again(client: PageClient) -> None:
    voter = signed_in(client)
    give_phones(voter.home, MOBILE)
    vote(client, voter, AGREE, AGREE)
    vote(client, voter, DISAGREE, AGREE)
    assert [m.kind for m in queued()] == [MessageKind.VOTED, MessageKind.CHANGED]


def test_no_message_about_a_vote_tells_a_choice(client: PageClient) -> None:
    voter = signed_in(client)
    give_phones(voter.home, MOBILE)
    vote(client, voter, AGREE, DISAGREE, comment="不同意涨价")
    vote(client, voter, Choice.ABSTAIN, DISAGREE, comment="不同意涨价")
    bodies = " ".join(str(message.body) for message in queued())
    assert voter.home.address in bodies
    assert not re.search("同意|弃权|反对|涨价|http", bodies)


def test_the_message_ends_with_the_receipt_that_the_page_shows(
    round_: Round, home: Household
) -> None:
    receipt = say(round_, home, AGREE)
    assert all(f"回执尾号{receipt.code[-4:]}" in str(message.body) for message in queued())


@pytest.mark.parametrize("via", [Channel.PHONE, Channel.PAPER, Channel.VISIT, Channel.SMS])
def test_a_vote_by_any_way_is_told(round_: Round, home: Household, via: Channel) -> None:
    say(round_, home, AGREE, via)
    assert told(MessageKind.VOTED) == [MOBILE, OTHER_MOBILE]


def test_the_short_and_the_long_way_tell_the_same(client: PageClient) -> None:
    voter = signed_in(client)
    other = homes_of(voter.building)[1]
    give_phones(voter.home, MOBILE)
    give_phones(other, OTHER_MOBILE)
    vote(client, voter, AGREE, AGREE)
    say(voter.round, other, AGREE)
    short, long = queued()
    assert (short.kind, short.expires_at, short.state) == (long.kind, long.expires_at, long.state)
    for message, home in ((short, voter.home), (long, other)):
        assert message.cause == f"vote:{entry_at(voter.round, home).id}:1"


def test_telling_costs_a_vote_on_the_short_way_two_statements(
    client: PageClient, count_queries: Callable[..., AbstractContextManager[list[str]]]
) -> None:
    voter = signed_in(client)
    give_phones(voter.home, MOBILE, OTHER_MOBILE)
    values = fill(client.get("rounds.vote", round_id=voter.round.id), voter.round, AGREE, AGREE)
    with count_queries() as statements:
        client.post("rounds.cast", values, round_id=voter.round.id)
    of_news = [
        said.split()[0] for said in statements if re.search(r"\bmessage\b|contact\.phone", said)
    ]
    assert of_news == ["SELECT", "INSERT"]


def test_a_refused_vote_tells_nothing(round_: Round, home: Household) -> None:
    ballot = casting.Ballot({}, "request-1", 0, 1)
    with pytest.raises(casting.Incomplete):
        casting.cast(round_, home.id, ballot, via=Channel.PHONE)
    assert queued() == []


def test_what_is_rolled_back_was_never_told(round_: Round, home: Household) -> None:
    db.session.commit()
    say(round_, home, AGREE)
    db.session.rollback()
    assert queued() == []


def test_a_form_that_contradicts_the_phone_is_told_when_it_comes_and_when_it_counts(
    round_: Round, home: Household
) -> None:
    office = Office()
    say(round_, home, AGREE)
    say(round_, home, DISAGREE, Channel.PAPER)
    assert told(MessageKind.CHANGED) == [MOBILE, OTHER_MOBILE]
    let_all_leave()
    (conflict,) = conflicts.open_conflicts(round_.id)
    resolution = conflicts.propose_resolution(
        conflict, keep_held=True, grounds=GROUNDS, by=office.first
    )
    office.agrees(resolution)
    assert told(MessageKind.CHANGED) == [MOBILE, OTHER_MOBILE] * 2


def test_a_vote_struck_out_is_told(round_: Round, home: Household) -> None:
    say(round_, home, AGREE)
    corrections.strike_out(entry_at(round_, home))
    assert told(MessageKind.VOIDED) == [MOBILE, OTHER_MOBILE]


def test_a_vote_that_the_home_reports_as_not_its_own_is_told_once(
    round_: Round, home: Household
) -> None:
    say(round_, home, AGREE)
    [foreign] = votes_of(round_, home)
    disowning.disown(foreign, "那天家里没人", session_id=0)
    with pytest.raises(disowning.AlreadyReported):
        disowning.disown(foreign, "", session_id=0)
    assert told(MessageKind.REPORTED) == [MOBILE, OTHER_MOBILE]
    assert not [m for m in queued(Message.kind == MessageKind.REPORTED) if "没人" in str(m.body)]


def test_a_vote_corrected_by_two_persons_is_told(round_: Round, home: Household) -> None:
    office = Office()
    say(round_, home, AGREE)
    entry = entry_at(round_, home)
    office.agrees(conflicts.propose_dispute(entry, GROUNDS, by=office.first))
    ending = conflicts.propose_settlement(entry, answers(entry, DISAGREE), GROUNDS, by=office.first)
    office.agrees(ending)
    assert told(MessageKind.CHANGED) == [MOBILE, OTHER_MOBILE]


def test_the_very_first_code_is_no_news_but_every_new_one_is() -> None:
    home, neighbour = home_with(MOBILE), home_with(OTHER_MOBILE)
    issue_code(home)
    assert queued() == []
    _issue(home, neighbour)
    assert told(MessageKind.CODE_REISSUED) == [MOBILE]


def _issue(*homes: Household) -> None:
    refs = [home_ref(home) for home in homes]
    issue_codes(prepare_codes(refs, CODE_KEY, lambda done, total: None, taken=set()), by=None)


def test_a_code_after_one_that_was_revoked_is_news_too() -> None:
    home = home_with(MOBILE)
    issue_code(home)
    db.session.execute(sa.text("UPDATE household_code SET revoked_at = issued_at"))
    issue_code(home)
    assert told(MessageKind.CODE_REISSUED) == [MOBILE]


def test_the_home_sees_what_its_phones_were_told(client: PageClient, postbox: Postbox) -> None:
    voter = signed_in(client)
    give_phones(voter.home, MOBILE, OTHER_MOBILE)
    assert "发给您家手机的短信" not in client.get("rounds.home").text
    vote(client, voter, AGREE, AGREE)
    page = client.get("rounds.home")
    (kept,) = [one for one in page.all("details") if "发给您家手机的短信" in one.text]
    assert len(kept.all("li")) == 2
    assert "收到表态，等着发" in kept.text
    assert "138****0001" in kept.text
    assert MOBILE not in page.html


def test_what_was_told_to_the_phones_of_former_owners_is_not_shown(client: PageClient) -> None:
    voter = signed_in(client)
    give_phones(voter.home, MOBILE)
    vote(client, voter, AGREE, AGREE)
    voter.home.contacts[0].ended_at = queued()[0].queued_at
    assert "发给您家手机的短信" not in client.get("rounds.home").text


def test_a_home_sees_nothing_of_its_neighbours(client: PageClient) -> None:
    voter = make_voter()
    other = homes_of(voter.building)[1]
    give_phones(other, MOBILE)
    say(voter.round, other, AGREE)
    client.enter(voter.building, voter.digits)
    assert "发给您家手机的短信" not in client.get("rounds.home").text
    assert len(queued()) == 1
