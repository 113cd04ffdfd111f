"""How often a household's code may be tried: little by strangers, and still by whoever belongs in.

The limits of THREATS.md T01, and why a guesser keeps nobody out: decision 11. Every try is
counted, under what was typed and never under what is true, before it is judged; so a code that
does not exist runs out of tries exactly as one that does.
"""

import contextlib
import hashlib
from dataclasses import dataclass
from datetime import timedelta

import structlog
from sqlalchemy import func, select

from app.accounts.codes import Code
from app.core import clock, limits
from app.core.db import db
from app.core.errors import Refused, msg
from app.core.limits import Attempt, TooManyTries

DAY = timedelta(hours=24)
# Together at most ten wrong secrets of a home are compared in a day.
OPEN_TRIES = 5
ROOM_TRIES = 5
# Who was in before pauses from its fourth slip on, and is never refused for a day.
FREE_SLIPS = 3
LONGEST_PAUSE = timedelta(minutes=30)
GUESSES, GUESSING_WINDOW = 200, timedelta(hours=1)

log = structlog.get_logger()
_GUESSED = "guessed:"


class NeedsDoor(Refused):
    """The 12 digits alone are not enough at the moment: entrance and room must be typed too."""


@dataclass(frozen=True)
class Door:
    """The home that somebody says the slip is for: the name of its entrance, and its room."""

    entrance: str
    room: str


def try_code(building_id: int, code: Code, door: Door | None) -> int:
    """Take a stranger's try of a code, durably; returns its number, for `give_back`.

    Refuses `NeedsDoor` when the tries without a door are used up, or the whole building is being
    guessed at; `TooManyTries` when those with this door are.
    """
    key = f"code:{building_id}:{code.selector}"
    if door is not None:
        told = hashlib.sha256(f"{door.entrance} {door.room}".encode()).hexdigest()[:32]
        return limits.spend(f"{key}:{told}", most=ROOM_TRIES, window=DAY, pause=_doubling)
    if is_being_guessed(building_id):
        raise _needs_door()
    try:
        return limits.spend(key, most=OPEN_TRIES, window=DAY)
    except TooManyTries:
        raise _needs_door() from None


def try_known(code_id: int, browser: str) -> int:
    """Take a try of a browser that has been in with this very code, whatever strangers do."""
    return limits.spend(f"known:{code_id}:{browser}", most=50, window=DAY, pause=_lenient)


def note_wrong(building_id: int) -> None:
    """Count a wrong code of a building; at the 200th of an hour the operator is told."""
    with contextlib.suppress(TooManyTries):
        limits.spend(f"{_GUESSED}{building_id}", most=GUESSES, window=GUESSING_WINDOW)
        if is_being_guessed(building_id):
            log.warning("codes are being guessed", building=building_id)


def is_being_guessed(building_id: int) -> bool:
    """Whether so many wrong codes came for a building within the hour that it is no accident."""
    return limits.taken(f"{_GUESSED}{building_id}", window=GUESSING_WINDOW) >= GUESSES


def guessing_now() -> str | None:
    """What the operator is told while somebody guesses at a building (`core.alarms`)."""
    guessed = (
        select(Attempt.key)
        .where(Attempt.key.startswith(_GUESSED), Attempt.at > clock.now() - GUESSING_WINDOW)
        .group_by(Attempt.key)
        .having(func.count() >= GUESSES)
    )
    buildings = sorted(key.removeprefix(_GUESSED) for key in db.session.scalars(guessed))
    if not buildings:
        return None
    return f"household codes are being guessed at building {', '.join(buildings)}"


def _doubling(wrong: int) -> timedelta:
    """1, 2, 4, 8 … minutes, at most half an hour."""
    return min(timedelta(minutes=2 ** min(wrong - 1, 10)), LONGEST_PAUSE)


def _lenient(wrong: int) -> timedelta:
    return _doubling(wrong - FREE_SLIPS + 1) if wrong >= FREE_SLIPS else timedelta(0)


def _needs_door() -> NeedsDoor:
    return NeedsDoor(
        msg(
            "这个户码试错的次数多了。为了不让别人冒充，请在户码下面再填单元和房号，填对了马上能进。"
        )
    )
