"""The proof of the caches: everything counted again from the journal, entry by entry."""

import json
from collections.abc import Iterable
from contextlib import closing

from sqlalchemy import select

from app.core import clock
from app.core.db import db
from app.journal.actions import book_of_round
from app.journal.queries import entries
from app.rounds.cases import Recount
from app.rounds.counting import Choice, Part, Track
from app.rounds.models import Channel, Matter, RegisterEntry, Round, Voice, Vote
from app.rounds.replay import Replay, Told, replay
from app.rounds.tallies import RoundTally, Standings, results, tally_of


def recount(round_: Round) -> RoundTally:
    """The tally of a round from its journal and its register; no cache takes part in it."""
    return tally_of(round_, _standings(round_, _register(round_.id), _told(round_.id)))


def counters_agree(round_: Round) -> bool:
    """Whether the caches of a round equal what its journal tells: every counter, every voice."""
    register, told = _register(round_.id), _told(round_.id)
    recounted = tally_of(round_, _standings(round_, register, told))
    return _marks(round_.id) == _marks_told(register, told) and results(round_) == recounted


def remember_recount(round_: Round) -> bool:
    """Recount and keep the outcome, so that an alarm outlives the process; returns it."""
    agrees = counters_agree(round_)
    found = db.session.get(Recount, round_.id)
    if found is None:
        db.session.add(Recount(round_id=round_.id, checked_at=clock.now(), agrees=agrees))
    else:
        found.checked_at, found.agrees = clock.now(), agrees
    db.session.flush()
    return agrees


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
