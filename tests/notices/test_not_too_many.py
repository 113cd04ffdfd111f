"""However often somebody votes anew, a phone rings three times a day for it (RULES.md §9)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine

from app.core.db import db
from app.notices import actions as notices
from app.notices import tasks
from app.notices.models import Message, MessageKind
from app.rounds.counting import Choice
from tests.client import PageClient
from tests.factories import homes_of, make_building
from tests.notices.homes import MOBILE, OTHER_MOBILE, give_phones, home_with, let_all_leave, queued
from tests.notices.postbox import Postbox
from tests.rounds.offices import votes_of
from tests.rounds.voters import signed_in, vote

pytestmark = pytest.mark.usefixtures("session", "postbox")
CAPPED = [
    MessageKind.CHANGED,
    MessageKind.CODE_REISSUED,
    MessageKind.REPORTED,
    MessageKind.VOIDED,
    MessageKind.REPLIED,
]


def tell_and_send(home_id: int, kind: MessageKind, cause: object) -> None:
    """Tell a home something, and let it leave before anything else happens."""
    notices.tell([home_id], kind, f"news:{cause}")
    let_all_leave()


def told(*which: Any) -> list[str]:
    """The phones of the messages there are, in order."""
    return [str(message.phone) for message in queued(*which)]


def test_twenty_changes_of_a_vote_ring_a_phone_three_times_and_all_count(
    client: PageClient,
) -> None:
    voter = signed_in(client)
    give_phones(voter.home, MOBILE)
    vote(client, voter, Choice.AGREE, Choice.AGREE)
    for number in range(20):
        last = Choice.DISAGREE if number % 2 else Choice.ABSTAIN
        vote(client, voter, last, Choice.AGREE)
        let_all_leave()
    kinds = [message.kind for message in queued()]
    assert kinds == [MessageKind.VOTED] + [MessageKind.CHANGED] * 3
    assert len(votes_of(voter.round, voter.home)) == 21


@pytest.mark.parametrize("kind", CAPPED)
def test_three_messages_of_a_kind_reach_a_phone_of_a_home_in_a_day(
    morning: time_machine.Traveller, kind: MessageKind
) -> None:
    home = home_with(MOBILE, OTHER_MOBILE)
    for number in range(5):
        tell_and_send(home.id, kind, number)
    assert told() == [MOBILE, OTHER_MOBILE] * 3
    morning.shift(timedelta(hours=24, seconds=1))
    tell_and_send(home.id, kind, "tomorrow")
    assert told() == [MOBILE, OTHER_MOBILE] * 4


def test_too_much_of_one_kind_keeps_no_other_kind_and_no_other_home_from_being_told() -> None:
    first, second = homes_of(make_building(homes=2))
    for home in (first, second):
        give_phones(home, MOBILE)
    for number in range(5):
        tell_and_send(first.id, MessageKind.CHANGED, number)
    for kind in (MessageKind.VOTED, *CAPPED[1:]):
        tell_and_send(first.id, kind, "other")
    tell_and_send(second.id, MessageKind.CHANGED, "other")
    assert len(told()) == 3 + 5 + 1


def test_first_votes_have_no_such_limit() -> None:
    home = home_with(MOBILE)
    for number in range(5):
        tell_and_send(home.id, MessageKind.VOTED, number)
    assert len(told()) == 5


def test_of_the_changes_of_a_night_the_last_is_told_in_the_morning(
    postbox: Postbox, morning: time_machine.Traveller
) -> None:
    home_id = home_with(MOBILE, OTHER_MOBILE).id
    morning.move_to(datetime(2026, 12, 1, 15, tzinfo=UTC))
    for number in range(12):
        cause, receipt = f"vote:1:{number}", f"ABCDEFGH{number:04d}"
        notices.tell([home_id], MessageKind.CHANGED, cause, receipt=receipt)
        tasks.send_waiting()
    assert [m.cause for m in queued()] == ["vote:1:11"] * 2
    morning.move_to(datetime(2026, 12, 2, 0, 1, tzinfo=UTC))
    tasks.send_waiting()
    assert postbox.phones == [MOBILE, OTHER_MOBILE]
    assert all("回执尾号0011" in body for body in postbox.bodies)


def test_what_somebody_has_begun_to_send_makes_way_for_nothing(postbox: Postbox) -> None:
    home_id = home_with(MOBILE).id

    def change_meanwhile(_letter: object) -> str:
        postbox.answer = lambda _letter: "second"
        notices.tell([home_id], MessageKind.CHANGED, "vote:1:3")
        db.session.commit()
        return "first"

    postbox.answer = change_meanwhile
    notices.tell([home_id], MessageKind.CHANGED, "vote:1:2")
    tasks.send_waiting()
    assert [m.provider_id for m in queued(Message.finished_at.is_not(None))] == ["first", "second"]


def test_the_same_cause_again_leaves_what_waits_as_it_is() -> None:
    home = home_with(MOBILE)
    for _ in range(5):
        notices.tell([home.id], MessageKind.CHANGED, "vote:1:2")
    assert [m.cause for m in queued()] == ["vote:1:2"]


def test_the_operator_is_warned_of_more_messages_than_a_lawful_day_has(
    client: PageClient, morning: time_machine.Traveller
) -> None:
    building = make_building(homes=2)
    give_phones(homes_of(building)[0], MOBILE)
    home_id = homes_of(building)[0].id
    for number in range(tasks.USUAL_FOR_A_HOME * 2):
        tell_and_send(home_id, MessageKind.VOTED, number)
    assert client.raw("get", "/readyz").json == {"status": "ready"}
    tell_and_send(home_id, MessageKind.VOTED, "one more")
    answer = client.raw("get", "/readyz")
    assert answer.status_code == 200
    assert answer.json["warnings"] == [
        f"unusually many messages at compound {building.compound_id}"
    ]
    morning.shift(timedelta(hours=24, seconds=1))
    assert client.raw("get", "/readyz").json == {"status": "ready"}
