"""Telling a home: one message for each of its mobiles, once per cause, in few statements."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from sqlalchemy.orm import Session

from app.core import clock
from app.notices import actions as notices
from app.notices.models import MessageKind, MessageState
from app.notices.queries import can_send, can_tell
from tests.factories import homes_of, make_building
from tests.notices.homes import (
    MOBILE,
    OTHER_MOBILE,
    give_phones,
    home_with,
    homes_with_a_phone_each,
    queued,
)
from tests.notices.postbox import Postbox


def test_every_current_mobile_of_a_home_gets_one_message(
    session: Session, postbox: Postbox
) -> None:
    home = home_with(MOBILE, OTHER_MOBILE)
    assert notices.tell([home.id], MessageKind.VOTED, "vote:1", receipt="ABCDEFGHJKLM") == 2
    messages = queued()
    assert [message.phone for message in messages] == [MOBILE, OTHER_MOBILE]
    assert {message.state for message in messages} == {MessageState.QUEUED}
    assert {message.expires_at - message.queued_at for message in messages} == {timedelta(hours=4)}


def test_nothing_is_sent_before_the_transaction_is_over(session: Session, postbox: Postbox) -> None:
    notices.tell([home_with(MOBILE).id], MessageKind.VOIDED, "void:1")
    assert postbox.letters == []


def test_telling_the_same_cause_again_queues_nothing(session: Session, postbox: Postbox) -> None:
    home = home_with(MOBILE)
    for _ in range(3):
        notices.tell([home.id], MessageKind.CHANGED, "vote:1:2")
    assert notices.tell([home.id], MessageKind.CHANGED, "vote:1:2") == 0
    assert len(queued()) == 1
    assert notices.tell([home.id], MessageKind.CHANGED, "vote:1:3") == 1


def test_a_phone_added_meanwhile_hears_of_the_same_cause_alone(
    session: Session, postbox: Postbox
) -> None:
    home = home_with(MOBILE)
    notices.tell([home.id], MessageKind.CHANGED, "vote:1:2")
    give_phones(home, OTHER_MOBILE)
    assert notices.tell([home.id], MessageKind.CHANGED, "vote:1:2") == 1


@pytest.mark.parametrize(
    "phone",
    [
        "0953-5550100",  # a landline
        "4008001234",
        "+85261234567",  # Hong Kong
        "+8613800000001",  # not as the roster writes it
        "１３８０００００００１",
        "12345678901",
        "10690000000",  # premium
        "1380000000",
    ],
)
def test_only_mainland_mobiles_are_told(session: Session, postbox: Postbox, phone: str) -> None:
    home = home_with(phone)
    assert notices.tell([home.id], MessageKind.VOIDED, "void:1") == 0
    expires = clock.now() + timedelta(minutes=10)
    notices.tell_phone(home.id, phone, MessageKind.CODE, "1", expires_at=expires, code="123456")
    assert queued() == []


def test_a_phone_that_has_ended_is_told_nothing(session: Session, postbox: Postbox) -> None:
    home = home_with(MOBILE, OTHER_MOBILE)
    home.contacts[0].ended_at = clock.now()
    notices.tell([home.id], MessageKind.VOIDED, "void:1")
    assert [message.phone for message in queued()] == [OTHER_MOBILE]


def test_a_hundred_homes_cost_as_many_statements_as_one(
    session: Session,
    postbox: Postbox,
    count_queries: Callable[..., AbstractContextManager[list[str]]],
) -> None:
    homes = [home.id for home in homes_with_a_phone_each(100)]
    with count_queries() as statements:
        assert notices.tell(homes, MessageKind.CODE_REISSUED, "code:1") == 100
    # Whom it reaches, what they were told of late, and the rows.
    assert len(statements) == 3
    notices.tell(homes, MessageKind.CHANGED, "vote:1:2")
    with count_queries() as statements:
        assert notices.tell(homes, MessageKind.CHANGED, "vote:1:3") == 100
    # And what it takes the place of.
    assert len(statements) == 4


def test_different_homes_can_be_told_different_things_at_once(
    session: Session, postbox: Postbox
) -> None:
    building = make_building(homes=2)
    first, second = homes_of(building)
    for home, phone in ((first, MOBILE), (second, OTHER_MOBILE)):
        give_phones(home, phone)
    told = [
        notices.Notice(first.id, MessageKind.VOTED, "vote:1:1", {"receipt": "AAAABBBBCCCC"}),
        notices.Notice(second.id, MessageKind.VOTED, "vote:2:1", {"receipt": "DDDDEEEEFFFF"}),
    ]
    assert notices.tell_each(told) == 2
    bodies = {message.phone: str(message.body) for message in queued()}
    assert "CCCC" in bodies[MOBILE]
    assert "FFFF" in bodies[OTHER_MOBILE]


def test_nothing_is_queued_where_there_is_no_gateway(session: Session) -> None:
    home = home_with(MOBILE)
    assert not can_send()
    assert not can_tell()
    assert notices.tell([home.id], MessageKind.VOIDED, "void:1") == 0
    expires = clock.now() + timedelta(minutes=10)
    notices.tell_phone(home.id, MOBILE, MessageKind.CODE, "1", expires_at=expires, code="123456")
    assert queued() == []


def test_the_people_of_the_sample_are_told_nothing(session: Session, postbox: Postbox) -> None:
    home = home_with(MOBILE)
    with notices.unheard():
        assert notices.tell([home.id], MessageKind.VOIDED, "void:1") == 0
    assert notices.tell([home.id], MessageKind.VOIDED, "void:1") == 1


@pytest.mark.parametrize(
    ("said", "ends"),
    [
        # In Shanghai: eight in the morning, ten, half past four, twenty o'clock, three at night.
        ((1, 0, 0), (1, 4, 0)),
        ((1, 2, 0), (1, 6, 0)),
        ((1, 8, 30), (2, 0, 30)),
        ((1, 12, 0), (2, 4, 0)),
        ((1, 19, 0), (2, 4, 0)),
    ],
)
def test_a_notice_is_news_for_four_hours_of_the_day(
    session: Session,
    postbox: Postbox,
    morning: time_machine.Traveller,
    said: tuple[int, int, int],
    ends: tuple[int, int, int],
) -> None:
    morning.move_to(datetime(2026, 12, *said, tzinfo=UTC))
    notices.tell([home_with(MOBILE).id], MessageKind.CHANGED, "vote:1:2")
    (message,) = queued()
    assert message.expires_at == datetime(2026, 12, *ends, tzinfo=UTC)


def test_a_code_goes_to_the_one_phone_it_was_asked_for_at_any_hour(
    session: Session, postbox: Postbox, morning: time_machine.Traveller
) -> None:
    morning.move_to(datetime(2026, 12, 1, 19, tzinfo=UTC))
    home = home_with(MOBILE, OTHER_MOBILE)
    expires = clock.now() + timedelta(minutes=10)
    notices.tell_phone(
        home.id, OTHER_MOBILE, MessageKind.CODE, "otp:7", expires_at=expires, code="204918"
    )
    (message,) = queued()
    assert (message.phone, message.due_at, message.expires_at) == (
        OTHER_MOBILE,
        clock.now(),
        expires,
    )
    assert "204918" in str(message.body)
    assert "10分钟" in str(message.body)


def test_a_moment_between_asking_and_telling_does_not_shorten_the_ten_minutes(
    session: Session, postbox: Postbox, morning: time_machine.Traveller
) -> None:
    expires = clock.now() + timedelta(minutes=10)
    home = home_with(MOBILE)
    morning.shift(timedelta(milliseconds=40))
    notices.tell_phone(home.id, MOBILE, MessageKind.CODE, "1", expires_at=expires, code="204918")
    assert "10分钟" in str(queued()[0].body)


def test_a_code_never_goes_to_a_phone_that_is_not_on_file_for_that_home(
    session: Session, postbox: Postbox
) -> None:
    building = make_building(homes=2)
    home, neighbour = homes_of(building)
    give_phones(neighbour, MOBILE)
    expires = clock.now() + timedelta(minutes=10)
    notices.tell_phone(home.id, MOBILE, MessageKind.CODE, "1", expires_at=expires, code="204918")
    assert queued() == []
