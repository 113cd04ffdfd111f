"""The live parts of a board, kept in memory: an unchanged board costs no query and no rendering.

Per round and language one snapshot is held. At most twice a second one caller asks the database
for the round's revision; only a new revision is counted and rendered, once, whoever looks on
(PERFORMANCE.md rows 4 and 5).
"""

import gzip
import hashlib
import json
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass, field

from flask import render_template
from flask_babel import get_locale
from sqlalchemy import select

from app.core.db import db, release
from app.core.format import as_time_left
from app.desk.board import Board, board_of
from app.roster.models import Area, Compound
from app.rounds.models import Round

# Seconds: how long a snapshot is believed, and how old one may get while somebody renews it.
BELIEVED, PATIENCE = 0.5, 2.0
MOST_BOARDS = 200
PARTS = ("state", "total", "spoken", "owners", "buildings")


@dataclass(frozen=True)
class Snapshot:
    """A board at one revision: whose scope it is in, and its rendered parts as JSON, packed once.

    The page embeds the same partials, drawn from the same `board`.
    """

    area_path: str
    etag: str
    board: Board
    body: bytes
    packed: bytes


@dataclass
class _Slot:
    lock: threading.Lock = field(default_factory=threading.Lock)
    asked_at: float = float("-inf")
    snapshot: Snapshot | None = None

    @property
    def age(self) -> float:
        return time.monotonic() - self.asked_at


_slots: OrderedDict[tuple[int, str], _Slot] = OrderedDict()
_slots_lock = threading.Lock()


def snapshot_of(round_id: int) -> Snapshot | None:
    """The board of a round in the reader's language, at most `BELIEVED` seconds old.

    While one caller renews it, the others get the one before, for at most `PATIENCE` seconds.
    None when there is no such round.
    """
    slot = _slot(round_id, str(get_locale()))
    if slot.age <= BELIEVED:
        return slot.snapshot
    if slot.lock.acquire(blocking=False):
        return _renew(slot, round_id)
    if slot.snapshot is not None and slot.age <= PATIENCE:
        return slot.snapshot
    # Whoever waits must not hold a connection that the one who renews may need.
    release()
    slot.lock.acquire()
    return _renew(slot, round_id)


def forget() -> None:
    """Drop everything remembered, as when another database is put underneath."""
    with _slots_lock:
        _slots.clear()


def _slot(round_id: int, language: str) -> _Slot:
    key = (round_id, language)
    slot = _slots.get(key)
    if slot is None:
        with _slots_lock:
            slot = _slots.setdefault(key, _Slot())
            while len(_slots) > MOST_BOARDS:
                _slots.popitem(last=False)
    return slot


def _renew(slot: _Slot, round_id: int) -> Snapshot | None:
    """Look whether the round changed, and render it when it did; gives the slot's lock back."""
    try:
        if slot.age > BELIEVED:
            slot.snapshot = _current(round_id, slot.snapshot)
            slot.asked_at = time.monotonic()
        return slot.snapshot
    finally:
        slot.lock.release()


def _current(round_id: int, before: Snapshot | None) -> Snapshot | None:
    # The revision is read before the counters: parts may be newer than their tag, never older.
    row = db.session.execute(
        select(Round, Area.path)
        .join(Compound, Compound.id == Round.compound_id)
        .join(Area, Area.id == Compound.area_id)
        .where(Round.id == round_id)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if row is None:
        return None
    etag = _etag(row.Round)
    if before is not None and before.etag == etag:
        return before
    return _render(board_of(row.Round), row.path, etag)


def _etag(round_: Round) -> str:
    """Changes with everything the parts show: votes, state, language, and the words of the time

    left, which change once a day, on the last day once an hour, then once a minute.
    """
    shown = (
        round_.id,
        round_.drafted_at.isoformat(),
        round_.revision,
        str(round_.standing),
        as_time_left(round_.closes_at),
        str(get_locale()),
    )
    return hashlib.sha256("|".join(map(str, shown)).encode()).hexdigest()[:20]


def _render(board: Board, area_path: str, etag: str) -> Snapshot:
    parts = {name: render_template(f"desk/_{name}.html", board=board) for name in PARTS}
    body = json.dumps(parts, ensure_ascii=False).encode()
    return Snapshot(area_path, etag, board, body, gzip.compress(body, 6))
