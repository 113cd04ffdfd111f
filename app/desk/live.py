"""The live parts of a board, kept in memory: an unchanged board costs no query and no rendering.

A board is that of a round, or the door plan of one of its buildings. Per board and language one
snapshot is held. At most twice a second one caller asks the database for the round's revision;
only a new revision is counted and rendered, once, whoever looks on
(PERFORMANCE.md rows 4 and 5).
"""

import gzip
import hashlib
import json
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

from flask import render_template
from flask_babel import get_locale
from sqlalchemy import select

from app.core import clock
from app.core.db import db, release
from app.core.format import as_time_left, local
from app.desk.board import board_of
from app.desk.door_plan import door_plan
from app.doors.queries import last_outcomes
from app.roster.models import Area, Compound
from app.rounds.models import Round

# Seconds: how long a snapshot is believed, and how old one may get while somebody renews it.
BELIEVED, PATIENCE = 0.5, 2.0
# A board that is slow to draw is believed a little longer, so that drawing it again and again takes
# but a small share of the processor from the votes.
LONGEST, DRAWINGS = 0.7, 16
MOST_BOARDS = 200
PARTS = ("state", "total", "spoken", "owners", "buildings", "course")
PLAN_PARTS = ("doors",)


@dataclass(frozen=True)
class Snapshot:
    """A board at one revision: whose scope it is in, and its rendered parts as JSON, packed once.

    The page embeds the same partials, drawn from the same `shown` (`Board` or `DoorPlan`).
    """

    area_path: str
    etag: str
    shown: Any
    body: bytes
    packed: bytes


@dataclass
class _Slot:
    lock: threading.Lock = field(default_factory=threading.Lock)
    asked_at: float = float("-inf")
    believed: float = BELIEVED
    snapshot: Snapshot | None = None

    @property
    def age(self) -> float:
        return time.monotonic() - self.asked_at

    @property
    def is_believed(self) -> bool:
        return self.age <= self.believed


# A round, a building of it (0 for the whole), a language, and whether its reader goes to doors.
Key = tuple[int, int, str, bool]
_slots: OrderedDict[Key, _Slot] = OrderedDict()
_slots_lock = threading.Lock()


def snapshot_of(round_id: int, building_id: int = 0, *, walks: bool = True) -> Snapshot | None:
    """The board of a round, or of one of its buildings, some `BELIEVED` seconds old.

    In the reader's language, with ways to the doors where the reader `walks` there. While one
    caller renews it, the others get the one before, for at most `PATIENCE` seconds. None when
    there is no such round, or no such building in it.
    """
    key = (round_id, building_id, str(get_locale()), walks)
    slot = _slot(key)
    if slot.is_believed:
        return slot.snapshot
    if slot.lock.acquire(blocking=False):
        return _renew(slot, key)
    if slot.snapshot is not None and slot.age <= PATIENCE:
        return slot.snapshot
    # Whoever waits must not hold a connection that the one who renews may need.
    release()
    slot.lock.acquire()
    return _renew(slot, key)


def from_memory(key: Key) -> Snapshot | None:
    """The same without asking anybody: None when it must be looked up, or renewed by who asks."""
    slot = _slots.get(key)
    if slot is None:
        return None
    is_good = slot.is_believed or (slot.lock.locked() and slot.age <= PATIENCE)
    return slot.snapshot if is_good else None


def forget() -> None:
    """Drop everything remembered, as when another database is put underneath."""
    with _slots_lock:
        _slots.clear()


def _slot(key: Key) -> _Slot:
    slot = _slots.get(key)
    if slot is None:
        with _slots_lock:
            slot = _slots.setdefault(key, _Slot())
            while len(_slots) > MOST_BOARDS:
                _slots.popitem(last=False)
    return slot


def _renew(slot: _Slot, key: Key) -> Snapshot | None:
    """Look whether the round changed, and render it when it did; gives the slot's lock back."""
    try:
        if not slot.is_believed:
            before, began = slot.snapshot, time.thread_time()
            slot.snapshot = _current(key, before)
            slot.asked_at = time.monotonic()
            # The first drawing of all also reads the templates.
            cost = DRAWINGS * (time.thread_time() - began) if before else 0.0
            slot.believed = min(max(BELIEVED, cost), LONGEST)
        return slot.snapshot
    finally:
        slot.lock.release()


def _current(key: Key, before: Snapshot | None) -> Snapshot | None:
    # The revision is read before the counters: parts may be newer than their tag, never older.
    row = db.session.execute(
        select(Round, Area.path)
        .join(Compound, Compound.id == Round.compound_id)
        .join(Area, Area.id == Compound.area_id)
        .where(Round.id == key[0])
        .execution_options(populate_existing=True)
    ).one_or_none()
    if row is None:
        return None
    etag = _etag(row.Round)
    if before is not None and before.etag == etag:
        return before
    return _draw(row.Round, key, row.path, etag)


def _etag(round_: Round) -> str:
    """Changes with everything the parts show: votes, state, language, and the words of the time

    left, which change once a day, on the last day once an hour, then once a minute; and what is
    foretold, once an hour.
    """
    shown = (
        round_.id,
        round_.drafted_at.isoformat(),
        round_.revision,
        str(round_.standing),
        as_time_left(round_.closes_at),
        f"{local(clock.now()):%Y%m%d%H}" if round_.is_open else "",
        str(get_locale()),
    )
    return hashlib.sha256("|".join(map(str, shown)).encode()).hexdigest()[:20]


def _draw(round_: Round, key: Key, area_path: str, etag: str) -> Snapshot | None:
    _, building_id, _language, walks = key
    if not building_id:
        return _render("board", board_of(round_), walks, area_path, etag)
    visits = {id_: str(outcome.label) for id_, outcome in last_outcomes(round_.id).items()}
    plan = door_plan(round_, building_id, visits)
    return _render("plan", plan, walks, area_path, etag) if plan else None


def _render(name: str, shown: Any, walks: bool, area_path: str, etag: str) -> Snapshot:
    names = {"board": PARTS, "plan": PLAN_PARTS}[name]
    context = {name: shown, "walks": walks}
    parts = {part: render_template(f"desk/_{part}.html", **context) for part in names}
    body = json.dumps(parts, ensure_ascii=False).encode()
    return Snapshot(area_path, etag, shown, body, gzip.compress(body, 6, mtime=0))
