"""The rows of plain first votes, many at once: what `recording.write` leaves of each of them.

It checks nothing; `first_votes` calls it under the lock of the round.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from app.core.db import as_plain_utc, db, is_postgresql
from app.journal.actions import Recorded
from app.rounds.models import Channel, Voice
from app.rounds.recording import Ballot


@dataclass(frozen=True)
class FirstVote:
    """One vote to be stored: whose it is, what it says, and its place in the round's book.

    `counted` are the matters on which it counts by household; `session_id` sent it.
    """

    round_id: int
    plan_version_id: int
    entry_id: int
    building_id: int
    session_id: int
    ballot: Ballot
    counted: frozenset[int]
    recorded: Recorded


def store(votes: Sequence[FirstVote]) -> None:
    """Write votes, choices, wishes, counters, voices and the revisions of the rounds."""
    facts = {
        "channel": Channel.PHONE.value,
        "voice": Voice.COUNTED.value,
        "votes": json.dumps([_as_json(vote) for vote in votes], ensure_ascii=False),
    }
    execute = db.session.connection().execute
    for statement in _IN_POSTGRESQL if is_postgresql() else _IN_SQLITE:
        execute(statement, facts)


def _as_json(vote: FirstVote) -> dict[str, Any]:
    ballot = vote.ballot
    return {
        "round": vote.round_id,
        "plan": vote.plan_version_id,
        "seq": vote.recorded.seq,
        "at": as_plain_utc(vote.recorded.at),
        "receipt": vote.recorded.code,
        "entry": vote.entry_id,
        "building": vote.building_id,
        "session": vote.session_id,
        "request": ballot.request_id,
        "comment": ballot.comment,
        "call": ballot.may_call,
        "choices": ballot.choices,
        "counted": {m: c for m, c in ballot.choices.items() if m in vote.counted},
        "reasons": ballot.told_reasons,
        "wishes": list(ballot.wishes),
        "places": ballot.places,
    }


# One round trip under the locks, planned once for any number of votes.
_IN_POSTGRESQL = (
    text("""
    WITH sent AS MATERIALIZED (
        SELECT * FROM jsonb_to_recordset(CAST(:votes AS jsonb)) AS sent(
            round integer, plan integer, seq bigint, at timestamp, receipt text, entry bigint,
            building integer, session bigint, request text, comment text, call boolean,
            choices jsonb, counted jsonb, reasons jsonb, wishes jsonb, places jsonb
        )
    ), stored AS (
        INSERT INTO vote (
            round_id, entry_id, number, request_id, seq, receipt, channel, plan_version_id,
            session_id, cast_at, comment, may_call, is_current, is_held, is_void
        )
        SELECT
            round, entry, 1, request, seq, receipt, :channel, plan, session,
            at AT TIME ZONE 'UTC', comment, call, true, false, false
        FROM sent
        RETURNING id, receipt
    ), chosen AS (
        INSERT INTO vote_choice (vote_id, matter_id, choice, reason)
        SELECT stored.id, CAST(said.key AS integer), said.value, sent.reasons ->> said.key
        FROM sent JOIN stored USING (receipt), jsonb_each_text(sent.choices) AS said
    ), wished AS (
        INSERT INTO vote_wish (vote_id, option_id, rank)
        SELECT stored.id, CAST(ticked.value AS integer),
            CAST(sent.places ->> ticked.value AS integer)
        FROM sent JOIN stored USING (receipt), jsonb_array_elements_text(sent.wishes) AS ticked
    ), counted AS (
        UPDATE counter SET households = counter.households + more.households
        FROM (
            SELECT building, CAST(said.key AS integer) AS matter, said.value AS choice,
                count(*) AS households
            FROM sent, jsonb_each_text(sent.counted) AS said
            GROUP BY building, said.key, said.value
        ) AS more
        WHERE counter.building_id = more.building
            AND counter.matter_id = more.matter
            AND counter.choice = more.choice
    ), spoken AS (
        UPDATE register_entry SET votes = 1, voice = :voice
        FROM sent WHERE register_entry.id = sent.entry
    )
    UPDATE round SET revision = revision + more.votes
    FROM (SELECT sent.round, count(*) AS votes FROM sent GROUP BY sent.round) AS more
    WHERE round.id = more.round
    """),
)

# The same in the words of SQLite, which writes one table in one statement.
_IN_SQLITE = (
    text("""
    INSERT INTO vote (
        round_id, entry_id, number, request_id, seq, receipt, channel, plan_version_id,
        session_id, cast_at, comment, may_call, is_current, is_held, is_void
    )
    SELECT
        value ->> 'round', value ->> 'entry', 1, value ->> 'request', value ->> 'seq',
        value ->> 'receipt', :channel, value ->> 'plan', value ->> 'session', value ->> 'at',
        value ->> 'comment', value ->> 'call', true, false, false
    FROM json_each(:votes)
    """),
    text("""
    INSERT INTO vote_choice (vote_id, matter_id, choice, reason)
    SELECT vote.id, said.key, said.value,
        json_extract(sent.value, '$.reasons."' || said.key || '"')
    FROM json_each(:votes) AS sent
    JOIN vote ON vote.receipt = sent.value ->> 'receipt',
        json_each(sent.value, '$.choices') AS said
    """),
    text("""
    INSERT INTO vote_wish (vote_id, option_id, rank)
    SELECT vote.id, ticked.value, json_extract(sent.value, '$.places."' || ticked.value || '"')
    FROM json_each(:votes) AS sent
    JOIN vote ON vote.receipt = sent.value ->> 'receipt',
        json_each(sent.value, '$.wishes') AS ticked
    """),
    text("""
    UPDATE counter SET households = counter.households + more.households
    FROM (
        SELECT sent.value ->> 'building' AS building, CAST(said.key AS integer) AS matter,
            said.value AS choice, count(*) AS households
        FROM json_each(:votes) AS sent, json_each(sent.value, '$.counted') AS said
        GROUP BY building, matter, choice
    ) AS more
    WHERE counter.building_id = more.building
        AND counter.matter_id = more.matter
        AND counter.choice = more.choice
    """),
    text("""
    UPDATE register_entry SET votes = 1, voice = :voice
    WHERE id IN (SELECT value ->> 'entry' FROM json_each(:votes))
    """),
    text("""
    UPDATE round SET revision = revision + more.votes
    FROM (
        SELECT value ->> 'round' AS id, count(*) AS votes FROM json_each(:votes) GROUP BY 1
    ) AS more
    WHERE round.id = more.id
    """),
)
