"""The proof of the caches: everything counted again from the journal, entry by entry."""

import json
from collections.abc import Iterable
from contextlib import closing
from dataclasses import asdict
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import current_app
from sqlalchemy import func, select

from app.core import clock
from app.core.db import db, reading, release
from app.journal.actions import book_of_round
from app.journal.queries import entries
from app.rounds.cases import Recount
from app.rounds.counting import Choice, Part, Track
from app.rounds.models import Channel, Matter, RegisterEntry, Round, Voice, Vote, VoteChoice
from app.rounds.replay import Replay, Told, replay
from app.rounds.steps import locked
from app.rounds.tallies import RoundTally, Standings, results, tally_of

# Households sleep; on the office's clock.
RECOUNT_AT = time(3)


def recount(round_: Round) -> RoundTally:
    """The tally of a round from its journal and its register; no cache takes part in it."""
    return tally_of(round_, _standings(round_, _register(round_.id), _told(round_.id)))


def counters_agree(round_: Round) -> bool:
    """Whether the caches of a round equal what its journal tells: every counter, every voice."""
    return not differences(round_)


def differences(round_: Round) -> list[str]:
    """Where the caches of a round say something else than its journal, one line each.

    For the operator: a household is named by its commitment.
    """
    register, told = _register(round_.id), _told(round_.id)
    recounted = tally_of(round_, _standings(round_, register, told))
    kept, found = _marks(round_.id), _marks_told(register, told)
    of_homes = [
        f"household {name[:16]}: cached {_said(kept, name)}, recounted {_said(found, name)}"
        for name in sorted({mark[0] for mark in kept ^ found})
    ]
    changed = {home for home, _matter, _choice in _choices(round_.id) ^ _choices_told(told)}
    of_choices = [
        f"household {name[:16]}: its choices are not those of the journal"
        for name in sorted(changed)
    ]
    return of_homes + of_choices + _differing(asdict(results(round_)), asdict(recounted), "")


def _said(marks: "Marks", name: str) -> str:
    """What is known of one household, without its name."""
    return " or ".join(str(mark[1:]) for mark in marks if mark[0] == name) or "nothing"


def _differing(cached: Any, counted: Any, where: str) -> list[str]:
    """The places inside two tallies at which they are not equal."""
    if isinstance(cached, dict) and isinstance(counted, dict) and cached.keys() == counted.keys():
        pairs = [(f"{where} {key}".strip(), cached[key], counted[key]) for key in cached]
    elif isinstance(cached, tuple) and isinstance(counted, tuple) and len(cached) == len(counted):
        pairs = [
            (f"{where}[{i}]", *both) for i, both in enumerate(zip(cached, counted, strict=True))
        ]
    else:
        return [] if cached == counted else [f"{where}: cached {cached}, recounted {counted}"]
    return [line for place, mine, theirs in pairs for line in _differing(mine, theirs, place)]


def remember_recount(round_: Round) -> bool:
    """Recount and keep the outcome, so that an alarm outlives the process; returns it.

    It ends the transaction it finds and reads in one that locks nothing; a difference is looked
    at again under the lock of the round, since a vote may have come between two readings.
    """
    round_id = round_.id
    release()
    with reading():
        agrees = counters_agree(db.session.get_one(Round, round_id))
        release()
    round_ = db.session.get_one(Round, round_id)
    agrees = agrees or counters_agree(locked(round_))
    found = db.session.get(Recount, round_id)
    if found is None:
        db.session.add(Recount(round_id=round_id, checked_at=clock.now(), agrees=agrees))
    else:
        found.checked_at, found.agrees = clock.now(), agrees
    db.session.flush()
    return agrees


def due_rounds() -> list[int]:
    """Rounds that were opened, are not put away, and were not recounted since the last night.

    Whatever kept the night's recount from happening, it is made up for at once.
    """
    zone = ZoneInfo(current_app.config["BABEL_DEFAULT_TIMEZONE"])
    here = clock.now().astimezone(zone)
    tonight = datetime.combine(here.date(), RECOUNT_AT, tzinfo=zone)
    last_night = tonight if here >= tonight else tonight - timedelta(days=1)
    last = func.coalesce(Recount.checked_at, Round.opened_at)
    due = (
        select(Round.id)
        .outerjoin(Recount, Recount.round_id == Round.id)
        .where(Round.opened_at.is_not(None), Round.archived_at.is_(None), last < last_night)
    )
    return list(db.session.scalars(due.order_by(Round.id)))


def disagreement() -> str | None:
    """The alarm: which rounds did not agree with their journal when they were last recounted."""
    bad = select(Recount.round_id).where(Recount.agrees.is_(False)).order_by(Recount.round_id)
    rounds = ", ".join(str(round_id) for round_id in db.session.scalars(bad))
    return f"the recount of round {rounds} differs from its counters" if rounds else None


def _told(round_id: int) -> Replay:
    with closing(entries(book_of_round(round_id))) as streamed:
        return replay(json.loads(entry.entry) for entry in streamed)


def _register(round_id: int) -> list[RegisterEntry]:
    in_order = select(RegisterEntry).where(RegisterEntry.round_id == round_id)
    return list(db.session.scalars(in_order.order_by(RegisterEntry.position)))


def _standings(round_: Round, register: Iterable[RegisterEntry], told: Replay) -> Standings:
    standings = Standings({}, {})
    matters = list(round_.matters)
    for matter in matters:
        if matter.track == Track.OWNERS:
            standings.parts[matter.id] = []
    for entry in register:
        home = told.homes.get(entry.commitment, Told())
        if not home.is_removed:
            _add_owner(standings, matters, entry, home)
            if entry.is_household:
                _add_home(standings, matters, entry, home)
    return standings


def _add_home(
    standings: Standings, matters: list[Matter], entry: RegisterEntry, home: Told
) -> None:
    key = (entry.building_id, entry.entrance_id, Voice(home.standing))
    standings.voices[key] = standings.voices.get(key, 0) + 1
    vote = home.counted
    if vote is None:
        return
    channel = Channel(vote["channel"])
    standings.channels[channel] = standings.channels.get(channel, 0) + 1
    for option in vote["wish"]:
        standings.wishes[option] = standings.wishes.get(option, 0) + 1
    for order in vote.get("rank", {}).values():
        standings.firsts[order[0]] = standings.firsts.get(order[0], 0) + 1
    for matter in matters:
        said = vote["choice"].get(str(matter.id))
        if said and matter.track == Track.CONSULTATION:
            place = (matter.id, entry.building_id, Choice(said))
            standings.counts[place] = standings.counts.get(place, 0) + 1


def _add_owner(
    standings: Standings, matters: list[Matter], entry: RegisterEntry, home: Told
) -> None:
    for matter in matters:
        if matter.track == Track.OWNERS and matter.counts(entry):
            said = (home.counted or {"choice": {}})["choice"].get(str(matter.id))
            part = Part(entry.holder, entry.size, Choice(said) if said else None)
            standings.parts[matter.id].append(part)


# (commitment, voice, number of the current vote, votes so far) of every entry.
Marks = set[tuple[str, str, int | None, int]]


def _marks(round_id: int) -> Marks:
    current = (Vote.entry_id == RegisterEntry.id) & Vote.is_current
    rows = db.session.execute(
        select(RegisterEntry.commitment, RegisterEntry.voice, Vote.number, RegisterEntry.votes)
        .outerjoin(Vote, current)
        .where(RegisterEntry.round_id == round_id)
    )
    return {(row[0], row[1].value, row[2], row[3]) for row in rows}


def _marks_told(register: Iterable[RegisterEntry], told: Replay) -> Marks:
    homes = [(e.commitment, told.homes.get(e.commitment, Told())) for e in register]
    return {(name, home.standing, home.current, len(home.votes)) for name, home in homes}


# (commitment, matter, choice) of every current vote; never printed.
Choices = set[tuple[str, int, str]]


def _choices(round_id: int) -> Choices:
    rows = db.session.execute(
        select(RegisterEntry.commitment, VoteChoice.matter_id, VoteChoice.choice)
        .join(Vote, Vote.entry_id == RegisterEntry.id)
        .join(VoteChoice, VoteChoice.vote_id == Vote.id)
        .where(RegisterEntry.round_id == round_id, Vote.is_current)
    )
    return {(row[0], row[1], row[2].value) for row in rows}


def _choices_told(told: Replay) -> Choices:
    return {
        (name, int(matter), choice)
        for name, home in told.homes.items()
        if home.current is not None
        for matter, choice in home.votes[home.current]["choice"].items()
    }
