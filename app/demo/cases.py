"""What befalls the sample's rounds besides votes: a conflict, objections, the audit, more time."""

import secrets
from datetime import datetime, timedelta

from app.core import clock
from app.core.guards import Identity
from app.rounds import casting, effects, queries
from app.rounds.audit import check_item, sample_of
from app.rounds.cases import Objection, ObjectionKind
from app.rounds.casting import Ballot, cast
from app.rounds.changes import propose_extension
from app.rounds.counting import Choice
from app.rounds.decisions import Grounds, approve
from app.rounds.models import Channel, RegisterEntry, Round, Voice
from app.rounds.objections import Answer, Complaint, propose_answer, raise_objection, take

_HOUR = timedelta(hours=1)


def ask_for_more_time(round_: Round, at: datetime, *, by: Identity) -> None:
    """Propose a later deadline; nobody has decided it yet."""
    grounds = Grounds(
        "有六户在外地打工，电话里都说要看过方案再表态，请求多给三天。",
        "社区工作例会记录第 12 号",
    )
    with clock.pretending(at):
        propose_extension(round_, round_.closes_at + timedelta(days=3), grounds, by=by)


def hand_in_another_form(round_: Round, at: datetime, *, by: Identity) -> None:
    """A household that agreed on the phone hands in a form that says no: a conflict."""
    entry = _who_spoke(round_, Channel.PHONE, 0)
    asked = casting.matters_asked(round_, entry)
    choices = {matter.id: Choice.DISAGREE for matter in asked}
    ballot = Ballot(choices, secrets.token_hex(12), entry.votes, 1)
    with clock.pretending(at):
        cast(round_, entry.household_id or 0, ballot, via=Channel.PAPER, keyed_by_id=by.id)


def object_after_the_close(round_: Round, *, first: Identity, second: Identity) -> None:
    """Two households object; one has its answer, the other waits for it."""
    complaint = _complaint(
        _who_is_silent(round_), ObjectionKind.NOT_RECEIVED, "没收到户码单，等知道的时候已经截止了。"
    )
    doubt = _complaint(
        _who_spoke(round_, Channel.PAPER, 0),
        ObjectionKind.KEYED_WRONGLY,
        "我交的纸上物业那项填的是不同意，回执上看不出来，请帮我核对一下。",
    )
    answer = (
        "查了户码单签收表，单子 3 日由同住的家人签收。截止以后不能补表态，"
        "这一户仍算未表态。下次我们另外打电话提醒。"
    )
    with clock.pretending(round_.closes_at + 3 * _HOUR):
        objection = raise_objection(round_, complaint)
    # Told in the order in which it happens, as the journal does.
    with clock.pretending(round_.closes_at + 4 * _HOUR):
        raise_objection(round_, doubt)
    _answer(objection, answer, round_.closes_at + 5 * _HOUR, first, second)


def object_to_the_result(round_: Round, *, first: Identity, second: Identity) -> None:
    """One household objects in time and is answered by two persons."""
    complaint = _complaint(
        _who_spoke(round_, Channel.PHONE, 1),
        ObjectionKind.CONTENT,
        "门口那棵老槐树要是挪了我就不同意，方案里没写清楚。",
    )
    answer = "老槐树不动，图 1 里标了保留。已请设计单位在施工图上再写明一次。"
    begun = round_.preliminary_at or round_.closes_at
    with clock.pretending(begun + 26 * _HOUR):
        objection = raise_objection(round_, complaint)
    _answer(objection, answer, begun + 28 * _HOUR, first, second)


def compare_forms(round_: Round, at: datetime, *, by: Identity) -> None:
    """Compare every drawn form with its vote; all of them agree."""
    with clock.pretending(at):
        for item in sample_of(round_.id):
            check_item(round_, item, agrees=True, why="", by=by)


def _answer(
    objection: Objection, words: str, taken_at: datetime, first: Identity, second: Identity
) -> None:
    """Somebody takes it up, answers the next morning, and a second person agrees."""
    with clock.pretending(taken_at):
        take(objection, by=first)
    with clock.pretending(taken_at + 18 * _HOUR):
        decision = propose_answer(objection, Answer(words), by=first)
    with clock.pretending(taken_at + 20 * _HOUR):
        approve(decision, by=second)


def _complaint(entry: RegisterEntry, kind: ObjectionKind, words: str) -> Complaint:
    return Complaint(kind, entry.label, words, household_id=entry.household_id)


def _who_is_silent(round_: Round) -> RegisterEntry:
    return next(e for e in queries.register_of(round_.id) if e.voice == Voice.SILENT)


def _who_spoke(round_: Round, via: Channel, place: int) -> RegisterEntry:
    """A household whose vote came that way and agrees to everything."""
    found = []
    for entry in queries.register_of(round_.id):
        vote = effects.current_vote(entry)
        if vote and vote.channel == via and all(c.choice == Choice.AGREE for c in vote.choices):
            found.append(entry)
    return found[place]
