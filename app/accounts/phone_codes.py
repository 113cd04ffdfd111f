"""One-time codes to phones on file: asked for, sent from behind, and good once (T02, T03, T04).

Whoever asks is answered before anybody has looked whether a message goes out: both ways take the
same statements. The code is drawn by the background, which alone knows it; what is kept of it is a
keyed hash, and only the browser that asked can use it.
"""

import contextlib
import hmac
import math
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

import phonenumbers
import structlog
from sqlalchemy import CursorResult, delete, func, select, update

from app.accounts.guessing import Door
from app.accounts.models import PhoneCode
from app.accounts.sessions import token_digest
from app.core import clock, jobs, limits
from app.core.db import db
from app.core.errors import Refused, msg
from app.core.limits import Attempt, TooManyTries
from app.core.tokens import keyed_digest, random_digits
from app.notices.actions import tell_phone
from app.notices.models import MessageKind
from app.notices.queries import can_send
from app.roster.models import Contact, Entrance, Household, Premises

# The numbers of RULES.md §4 and THREATS.md §4.
DIGITS, TRIES = 6, 5
LIFE, DAY = timedelta(minutes=10), timedelta(hours=24)
SENT_IN_A_DAY, APART = 2, timedelta(seconds=60)
# Three messages a day for every two homes of a building (T03, our own number).
BUDGET_OF_TWO_HOMES = 3
# The name under which the background looks for codes to send.
SEND = "accounts.phone_codes"

log = structlog.get_logger()
_SPENT = "phone-budget-spent:"
_NO_PHONE = re.compile(r"[^0-9+()\s.\-]")


class NoPhoneDoor(Refused):
    """No gateway sends messages here, so no code can be asked for."""


class AskedTooOften(Refused):
    """This door and number were asked for a moment ago, or twice today; `wait` is for how long."""

    def __init__(self, message: str, wait: timedelta, **params: Any) -> None:
        super().__init__(message, **params)
        self.wait = wait


class NumberSpent(Refused):
    """A code went to this phone a moment ago, or two today; `wait` is for how long."""

    def __init__(self, wait: timedelta) -> None:
        super().__init__("")
        self.wait = wait


class CodeSpoilt(Refused):
    """Five wrong digits: this code is worth nothing any more."""

    def __init__(self) -> None:
        super().__init__(msg("错了 5 次，这个验证码作废了。请重新要一个，或者凭户码进。"))


@dataclass(frozen=True)
class OnFile:
    """A phone on file for a home: what a right code proves."""

    contact_id: int
    household_id: int
    homes: int


def read_mobile(typed: str) -> str | None:
    """A mainland mobile number as the roster writes it, 11 digits; None for anything else.

    `+86`, `0086`, spaces, dashes and full-width digits are as people write them; foreign numbers,
    landlines and paid ones receive nothing (T03).
    """
    plain = unicodedata.normalize("NFKC", typed).strip()
    if _NO_PHONE.search(plain):
        return None
    try:
        number = phonenumbers.parse(plain, "CN")
    except phonenumbers.NumberParseException:
        return None
    is_mobile = phonenumbers.number_type(number) == phonenumbers.PhoneNumberType.MOBILE
    digits = str(number.national_number)
    return digits if is_mobile and number.country_code == 86 and len(digits) == 11 else None


def read_phone_code(typed: str) -> str | None:
    """The six digits that were typed or pasted, however they are spaced; None if it is not six."""
    digits = re.sub(r"[\s\-‐-―]", "", unicodedata.normalize("NFKC", typed))
    return digits if re.fullmatch(rf"[0-9]{{{DIGITS}}}", digits) else None


def check_open() -> None:
    """Refuse `NoPhoneDoor` where no message would leave."""
    if not can_send():
        raise NoPhoneDoor(msg("这里现在不能用手机号进。请填户码单上的户码，或者打社区电话。"))


def ask(building_id: int, door: Door, phone: str, browser: str, key: str) -> None:
    """Ask for a code to `phone` for the home behind `door`; `browser` names who asks.

    Returns the same whether or not one will be sent. Refuses `AskedTooOften` by what was typed
    alone, on file or not, and what `check_open` refuses.
    """
    check_open()
    _spend_on(f"{building_id} {door.entrance} {door.room} {phone}", key)
    now = clock.now()
    asked = PhoneCode(
        browser_digest=token_digest(browser),
        contact_id=_contact(building_id, door, phone),
        asked_at=now,
        expires_at=now + LIFE,
    )
    db.session.add(asked)
    db.session.flush()
    jobs.call(SEND)


def _spend_on(typed: str, key: str) -> None:
    # By door and number: whoever types a wrong door uses up nothing of the right one.
    name = f"phone:{keyed_digest(key, typed)[:32]}"
    try:
        limits.spend(name, most=SENT_IN_A_DAY, window=DAY, pause=_apart)
    except TooManyTries as full:
        if full.wait <= APART:
            again = msg("这一户、这个手机号刚刚要过验证码。没收到的话，请过 %(seconds)s 秒再要。")
            raise AskedTooOften(again, full.wait, seconds=_seconds(full.wait)) from None
        spent = msg(
            "这一户、这个手机号今天要过 %(most)s 次验证码，不能再要了。请凭户码进，或者打社区电话。"
        )
        raise AskedTooOften(spent, full.wait, most=SENT_IN_A_DAY) from None


def _apart(_sent: int) -> timedelta:
    return APART


def _seconds(wait: timedelta) -> int:
    return math.ceil(wait.total_seconds())


def _contact(building_id: int, door: Door, phone: str) -> int | None:
    return db.session.scalar(
        select(Contact.id)
        .join(Household, Household.id == Contact.household_id)
        .join(Premises, Premises.id == Household.premises_id)
        .join(Entrance, Entrance.id == Premises.entrance_id)
        .where(
            Entrance.building_id == building_id,
            Entrance.name == door.entrance,
            Premises.room == door.room,
            Contact.phone == phone,
            Contact.ended_at.is_(None),
        )
    )


def waiting() -> Sequence[int]:
    """Codes that were asked for by phones on file and are not drawn yet."""
    asked = select(PhoneCode.id).where(
        PhoneCode.contact_id.is_not(None),
        PhoneCode.code_hash.is_(None),
        PhoneCode.expires_at > clock.now(),
    )
    return db.session.scalars(asked.order_by(PhoneCode.id)).all()


def send(phone_code_id: int, key: str) -> bool:
    """Draw a code and queue its message, in the caller's transaction; False if another one does.

    Refuses `NumberSpent` when the phone got two today or one a moment ago, for whatever door, and
    `TooManyTries` when the building has used up its messages of the day: then nothing of the
    transaction may stay.
    """
    code, now = random_digits(DIGITS), clock.now()
    drawn = db.session.execute(
        update(PhoneCode)
        .where(PhoneCode.id == phone_code_id, PhoneCode.code_hash.is_(None))
        .values(code_hash=_hash(phone_code_id, code, key), expires_at=now + LIFE)
    )
    if not cast("CursorResult[Any]", drawn).rowcount:
        return False
    contact, building_id = _reached_by(phone_code_id)
    _take_of_number(contact.phone, key)
    limits.take(f"phone-budget:{building_id}", most=_budget(building_id), window=DAY)
    # Ten minutes would be told as nine if the clock moved on between here and there.
    with clock.pretending(now):
        tell_phone(
            contact.household_id,
            contact.phone,
            MessageKind.CODE,
            f"phone-code-{phone_code_id}",
            expires_at=now + LIFE,
            code=code,
        )
    return True


def _take_of_number(phone: str, key: str) -> None:
    name = f"phone-sent:{keyed_digest(key, phone)[:32]}"
    try:
        limits.take(name, most=SENT_IN_A_DAY, window=DAY, pause=_apart)
    except TooManyTries as full:
        raise NumberSpent(full.wait) from None


def _reached_by(phone_code_id: int) -> tuple[Contact, int]:
    row = db.session.execute(
        select(Contact, Entrance.building_id)
        .join(PhoneCode, PhoneCode.contact_id == Contact.id)
        .join(Household, Household.id == Contact.household_id)
        .join(Premises, Premises.id == Household.premises_id)
        .join(Entrance, Entrance.id == Premises.entrance_id)
        .where(PhoneCode.id == phone_code_id)
    ).one()
    return row[0], row[1]


def _budget(building_id: int) -> int:
    homes = db.session.scalar(
        select(func.count())
        .select_from(Household)
        .join(Premises, Premises.id == Household.premises_id)
        .join(Entrance, Entrance.id == Premises.entrance_id)
        .where(Entrance.building_id == building_id)
    )
    return max(1, -(-(homes or 0) * BUDGET_OF_TWO_HOMES // 2))


def put_off(phone_code_id: int, wait: timedelta) -> None:
    """Send this code when its phone has rested for a minute; never, if it had its two today."""
    if wait <= APART:
        jobs.call_later(SEND, _seconds(wait))
    else:
        _end(phone_code_id)


def _end(phone_code_id: int) -> None:
    over = update(PhoneCode).where(PhoneCode.id == phone_code_id)
    db.session.execute(over.values(expires_at=clock.now()))


def give_up(phone_code_id: int) -> None:
    """Send this code never: the building has used up its day, of which the operator is told."""
    _contact, building_id = _reached_by(phone_code_id)
    _end(phone_code_id)
    with contextlib.suppress(TooManyTries):
        limits.take(f"{_SPENT}{building_id}", most=1, window=DAY)
        log.warning("phone codes of the day are used up", building=building_id)


def budgets_spent() -> str | None:
    """What the operator is told while buildings may send no more codes (`core.alarms`)."""
    spent = select(Attempt.key).where(
        Attempt.key.startswith(_SPENT), Attempt.at > clock.now() - DAY
    )
    buildings = sorted(key.removeprefix(_SPENT) for key in db.session.scalars(spent))
    return f"phone codes used up at building {', '.join(buildings)}" if buildings else None


def use(browser: str, code: str, key: str) -> OnFile | None:
    """Judge a code that the browser which asked has typed; None when it is wrong or over.

    The try is counted before it is judged, asked for or not. A right code is good once. Refuses
    `CodeSpoilt` from the sixth try on.
    """
    digest = token_digest(browser)
    try:
        limits.spend(_tries_of(digest), most=TRIES, window=DAY)
    except TooManyTries:
        raise CodeSpoilt from None
    row = db.session.execute(
        select(PhoneCode.id, PhoneCode.code_hash, PhoneCode.used_at, PhoneCode.expires_at).where(
            PhoneCode.browser_digest == digest
        )
    ).one_or_none()
    is_live = row is not None and row.used_at is None and clock.now() < row.expires_at
    kept = row.code_hash if row is not None and is_live else None
    given = _hash(row.id if row is not None else 0, code, key)
    is_right = hmac.compare_digest(kept or "0" * len(given), given)
    return _use_up(row.id) if row is not None and is_right else None


def tries_left(browser: str) -> int:
    """How often this browser may still type a code, whether or not one was sent."""
    return TRIES - limits.taken(_tries_of(token_digest(browser)), window=DAY)


def _tries_of(digest: str) -> str:
    return f"phone-code:{digest[:32]}"


def _use_up(phone_code_id: int) -> OnFile | None:
    """What the code proves, to whoever comes first; nothing once the phone is off the file."""
    used = db.session.execute(
        update(PhoneCode)
        .where(PhoneCode.id == phone_code_id, PhoneCode.used_at.is_(None))
        .values(used_at=clock.now())
    )
    if not cast("CursorResult[Any]", used).rowcount:
        return None
    contact = _reached_by(phone_code_id)[0]
    if contact.ended_at is not None:
        return None
    homes = select(func.count()).where(Contact.phone == contact.phone, Contact.ended_at.is_(None))
    return OnFile(contact.id, contact.household_id, db.session.scalar(homes) or 1)


def forget(before: datetime) -> None:
    """Delete what was asked for before then: who asked for whom is worth nothing any more."""
    db.session.execute(delete(PhoneCode).where(PhoneCode.asked_at <= before))


def _hash(phone_code_id: int, code: str, key: str) -> str:
    return keyed_digest(key, f"phone code {phone_code_id} {code}")
