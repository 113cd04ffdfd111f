"""From the queue to the gateway: what leaves when, how often it is tried, and how it ends."""

import contextlib
import logging
import random
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from sqlalchemy.orm import Session

from app.core import clock, jobs
from app.core.db import db
from app.notices import actions as notices
from app.notices import delivery, tasks
from app.notices.delivery import LEASE
from app.notices.gateways import Busy, Letter, Rejected
from app.notices.models import MessageKind, MessageState
from tests.notices.homes import (
    MOBILE,
    OTHER_MOBILE,
    ask_for_code,
    home_with,
    homes_with_a_phone_each,
    only_message,
    queued,
)
from tests.notices.postbox import Postbox

pytestmark = pytest.mark.usefixtures("session")
Clock = time_machine.Traveller


def tell(cause: str = "void:1") -> None:
    """One home is told something, and the transaction is over."""
    notices.tell([home_with(MOBILE).id], MessageKind.VOIDED, cause)
    db.session.commit()


class Answers:
    """Answers of a gateway, one after the other: an exception, or None for "taken"."""

    def __init__(self, *answers: BaseException | None) -> None:
        self.left = list(answers)

    def __call__(self, letter: Letter) -> str:
        answer = self.left.pop(0) if self.left else None
        if answer is not None:
            raise answer
        return f"post-{letter.message_id}"


def test_a_message_is_sent_and_says_so(postbox: Postbox) -> None:
    tell()
    tasks.send_waiting()
    assert postbox.phones == [MOBILE]
    message = only_message()
    assert (message.state, message.finished_at) == (MessageState.SENT, clock.now())
    assert message.provider_id == f"post-{message.id}"
    assert postbox.bodies == [message.body]


def test_what_was_sent_is_never_sent_again(postbox: Postbox, morning: Clock) -> None:
    tell()
    for _ in range(3):
        tasks.send_waiting()
        morning.shift(timedelta(hours=1))
    assert len(postbox.letters) == 1


def test_a_code_leaves_when_its_transaction_is_over_and_not_before(postbox: Postbox) -> None:
    ask_for_code(home_with(MOBILE))
    assert postbox.letters == []
    db.session.commit()
    jobs.wake()
    assert "204918" in postbox.bodies[0]


def test_a_code_overtakes_what_waits(postbox: Postbox) -> None:
    notices.tell([h.id for h in homes_with_a_phone_each(3)], MessageKind.CODE_REISSUED, "code:1")
    ask_for_code(home_with(OTHER_MOBILE))
    tasks.send_waiting()
    assert [letter.is_code for letter in postbox.letters] == [True, False, False, False]


def test_whoever_is_called_for_a_code_leaves_the_rest_to_the_minute(postbox: Postbox) -> None:
    tell()
    ask_for_code(home_with(OTHER_MOBILE))
    tasks.send_codes()
    assert postbox.phones == [OTHER_MOBILE]


def test_at_night_only_codes_leave(postbox: Postbox, morning: Clock) -> None:
    morning.move_to(datetime(2026, 12, 1, 14, tzinfo=UTC))
    tell()
    ask_for_code(home_with(OTHER_MOBILE))
    tasks.send_waiting()
    assert postbox.phones == [OTHER_MOBILE]
    morning.move_to(datetime(2026, 12, 2, 0, tzinfo=UTC))
    tasks.send_waiting()
    assert postbox.phones == [OTHER_MOBILE, MOBILE]


def test_a_busy_gateway_is_asked_again_after_growing_pauses(
    postbox: Postbox, morning: Clock
) -> None:
    postbox.answer = Answers(*[Busy("slow down")] * 6)
    tell()
    pauses = []
    while only_message().state != MessageState.SENT:
        tried = len(postbox.letters)
        tasks.send_waiting()
        assert len(postbox.letters) == tried + 1
        pauses.append(int((only_message().due_at - clock.now()).total_seconds() // 60))
        morning.move_to(max(only_message().due_at, clock.now()))
    assert pauses[:-1] == [1, 2, 5, 10, 20, 40]


def test_between_two_tries_nothing_is_sent(postbox: Postbox, morning: Clock) -> None:
    postbox.answer = Answers(Busy("slow down"))
    tell()
    for _ in range(3):
        tasks.send_waiting()
        morning.shift(timedelta(seconds=20))
    assert len(postbox.letters) == 1
    tasks.send_waiting()
    assert len(postbox.letters) == 2


def test_news_that_could_not_be_sent_for_four_hours_is_given_up(
    postbox: Postbox, morning: Clock
) -> None:
    postbox.answer = Answers(*[Busy("slow down")] * 99)
    tell()
    for _ in range(5 * 60):
        tasks.send_waiting()
        morning.shift(timedelta(minutes=1))
    message = only_message()
    assert message.state == MessageState.FAILED
    assert message.finished_at is not None
    assert message.finished_at <= message.queued_at + timedelta(hours=4, minutes=15)


def test_what_waited_too_long_is_not_sent_at_all(postbox: Postbox, morning: Clock) -> None:
    tell()
    morning.shift(timedelta(hours=4))
    tasks.send_waiting()
    assert postbox.letters == []
    assert (only_message().state, only_message().error) == (MessageState.FAILED, "too late")


def test_a_code_that_is_dead_is_not_sent(postbox: Postbox, morning: Clock) -> None:
    ask_for_code(home_with(MOBILE))
    morning.shift(timedelta(minutes=10))
    tasks.send_codes()
    tasks.send_waiting()
    assert postbox.letters == []
    assert only_message().state == MessageState.FAILED


def test_a_code_is_tried_once_more_within_15_seconds_and_then_given_up(
    postbox: Postbox, morning: Clock
) -> None:
    postbox.answer = Answers(Busy("slow down"), Busy("slow down"))
    ask_for_code(home_with(MOBILE))
    tasks.send_codes()
    assert only_message().due_at <= clock.now() + timedelta(seconds=15)
    morning.move_to(only_message().due_at)
    tasks.send_codes()
    assert len(postbox.letters) == 2
    assert only_message().state == MessageState.FAILED


def test_a_rejected_number_is_given_up_at_once_and_its_digits_are_masked(postbox: Postbox) -> None:
    postbox.answer = Answers(Rejected(f"number {MOBILE} is not in service"))
    tell()
    tasks.send_waiting()
    message = only_message()
    assert message.state == MessageState.FAILED
    assert MOBILE not in message.error
    assert "not in service" in message.error


@pytest.mark.parametrize("problem", [Busy, Rejected, TimeoutError])
def test_what_a_provider_says_is_no_line_of_the_log(
    postbox: Postbox, caplog: pytest.LogCaptureFixture, problem: type[Exception]
) -> None:
    postbox.answer = Answers(problem(f"{MOBILE}: your code is 204918"))
    ask_for_code(home_with(MOBILE))
    with caplog.at_level(logging.INFO):
        tasks.send_codes()
    written = " ".join(str(record.msg) for record in caplog.records)
    assert "gateway" in written or "rejected" in written
    assert "204918" not in written
    assert MOBILE not in written


def test_a_notice_without_an_answer_is_sent_once_more_and_then_left_open(
    postbox: Postbox, morning: Clock
) -> None:
    postbox.answer = Answers(TimeoutError(), ConnectionResetError())
    tell()
    for _ in range(6):
        tasks.send_waiting()
        morning.shift(timedelta(minutes=1))
    assert len(postbox.letters) == 2
    assert only_message().state == MessageState.UNKNOWN


def test_a_code_without_an_answer_is_never_sent_twice(postbox: Postbox, morning: Clock) -> None:
    postbox.answer = Answers(TimeoutError())
    ask_for_code(home_with(MOBILE))
    for _ in range(4):
        tasks.send_codes()
        tasks.send_waiting()
        morning.shift(timedelta(seconds=61))
    assert len(postbox.letters) == 1
    assert only_message().state == MessageState.UNKNOWN


def killed_while_sending(postbox: Postbox) -> None:
    """The worker dies after it claimed the message, while the gateway is asked."""
    postbox.answer = Answers(SystemExit())
    with pytest.raises(SystemExit):
        tasks.send_waiting()
    # A dead process leaves no transaction open.
    db.session.rollback()


def test_what_a_killed_worker_left_is_sent_once_more_after_its_lease(
    postbox: Postbox, morning: Clock
) -> None:
    tell()
    killed_while_sending(postbox)
    assert only_message().state == MessageState.CLAIMED
    tasks.send_waiting()
    assert len(postbox.letters) == 1
    morning.shift(LEASE)
    tasks.send_waiting()
    assert len(postbox.letters) == 2
    assert (only_message().state, only_message().unanswered) == (MessageState.SENT, 1)


def test_a_code_that_a_killed_worker_left_is_never_sent_again(
    postbox: Postbox, morning: Clock
) -> None:
    ask_for_code(home_with(MOBILE))
    killed_while_sending(postbox)
    morning.shift(LEASE)
    tasks.send_waiting()
    assert len(postbox.letters) == 1
    assert only_message().state == MessageState.UNKNOWN


def test_a_message_that_kills_every_worker_is_left_alone_in_the_end(
    postbox: Postbox, morning: Clock
) -> None:
    tell()
    for _ in range(2):
        killed_while_sending(postbox)
        morning.shift(LEASE)
    tasks.send_waiting()
    assert len(postbox.letters) == 2
    assert only_message().state == MessageState.UNKNOWN


def test_of_many_messages_none_is_missed_however_often_the_worker_is_killed(
    postbox: Postbox, morning: Clock
) -> None:
    chance = random.Random(7)

    def kill_sometimes(letter: Letter) -> str:
        if len(kills) < 30 and chance.random() < 0.3:
            kills.append(letter.message_id)
            raise SystemExit
        return "taken"

    kills: list[int] = []
    postbox.answer = kill_sometimes
    notices.tell([h.id for h in homes_with_a_phone_each(60)], MessageKind.CODE_REISSUED, "code:1")
    db.session.commit()
    for _ in range(60):
        with contextlib.suppress(SystemExit):
            tasks.send_waiting()
        db.session.rollback()
        morning.shift(LEASE)
    sent = Counter(letter.message_id for letter in postbox.letters)
    assert len(kills) > 20
    assert set(sent) == {message.id for message in queued()}
    assert sum(sent.values()) <= 60 + len(kills)
    assert {message.state for message in queued()} <= {MessageState.SENT, MessageState.UNKNOWN}


def test_an_answer_after_the_lease_changes_nothing(postbox: Postbox, morning: Clock) -> None:
    def slowly(_letter: Letter) -> str:
        morning.shift(LEASE)
        delivery.tidy()
        db.session.commit()
        return "after all"

    ask_for_code(home_with(MOBILE))
    postbox.answer = slowly
    tasks.send_codes()
    assert (only_message().state, only_message().provider_id) == (MessageState.UNKNOWN, None)


def test_a_late_answer_says_nothing_of_the_attempt_that_followed(
    postbox: Postbox, morning: Clock
) -> None:
    def slowly(_letter: Letter) -> str:
        morning.shift(LEASE)
        delivery.tidy()
        assert delivery.claim() is not None
        db.session.commit()
        raise Rejected("the first attempt")

    tell()
    postbox.answer = slowly
    tasks.send_waiting()
    message = only_message()
    assert (message.state, message.attempts, message.error) == (
        MessageState.CLAIMED,
        2,
        "left behind",
    )


def test_no_message_stops_those_behind_it(postbox: Postbox) -> None:
    postbox.answer = Answers(Rejected("no"), TimeoutError(), Busy("later"))
    notices.tell([h.id for h in homes_with_a_phone_each(5)], MessageKind.CODE_REISSUED, "code:1")
    tasks.send_waiting()
    assert [m.state for m in queued()] == [
        MessageState.FAILED,
        MessageState.QUEUED,
        MessageState.QUEUED,
        MessageState.SENT,
        MessageState.SENT,
    ]


def test_thirty_days_after_its_end_a_message_forgets_phone_and_text(
    session: Session, postbox: Postbox, morning: Clock
) -> None:
    notices.tell([home_with(MOBILE, OTHER_MOBILE).id], MessageKind.VOIDED, "void:1")
    tasks.send_waiting()
    morning.shift(timedelta(days=30))
    tasks.forget_old()
    assert {message.phone for message in queued()} == {MOBILE, OTHER_MOBILE}
    morning.shift(timedelta(seconds=1))
    tasks.forget_old()
    left = queued()
    assert [(m.phone, m.body, m.kind) for m in left] == [(None, None, MessageKind.VOIDED)] * 2
    assert {m.state for m in left} == {MessageState.SENT}
