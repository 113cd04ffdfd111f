"""Two communities that know nothing of each other, each with one of everything an address names.

Whoever adds a parameter to an address adds one line to `_things`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import time_machine

from app.accounts import desk_sessions
from app.accounts.desk_sessions import token_digest as _digest
from app.accounts.models import Staff
from app.comments.templates import add_template
from app.core import clock, files
from app.core.db import db
from app.core.guards import Role
from app.core.jobs import Job
from app.core.sealing import seal
from app.doors.actions import Attempt, record_visit, share_out
from app.doors.models import Outcome
from app.households.actions import Evidence, PhoneChange, propose_phone
from app.households.models import HomeChange
from app.paper.models import PaperBatch
from app.projects.models import Attachment, PlanVersion, Section
from app.reports.queries import POSTERS
from app.roster.areas import Placement
from app.roster.findings import keep_report, summary_of
from app.roster.ledger import Ledger
from app.roster.models import Area, AreaKind, Building, Household
from app.roster.queries import PREVIEW, preview
from app.rounds import actions as rounds
from app.rounds.assisting import HelpReason, Reason, begin
from app.rounds.audit import sample_of
from app.rounds.break_glass import look
from app.rounds.cases import AuditItem, Decision, Objection, ObjectionKind
from app.rounds.changes import propose_extension
from app.rounds.counting import Choice
from app.rounds.decisions import Grounds
from app.rounds.models import Channel, Round
from app.rounds.objections import Complaint, raise_objection
from tests.comments.saying import ask
from tests.factories import (
    homes_of,
    issue_code,
    make_area,
    make_building,
    make_compound,
    make_household,
    make_plan,
    make_round,
    make_staff,
)
from tests.households.homes import EVIDENCE
from tests.paper.papers import Desk
from tests.projects.plans import png
from tests.rounds.disagreeing import make_conflict
from tests.rounds.offices import entry_at, open_round, say

CANARY_NAME, CANARY_PHONE = "金丝雀", "13812345678"
# Kind of what belongs to one person → the parameter that names it, where it is not `job_id`.
_NAMES = {"sign-in": "session_id", "assisted": "session_id", "look": "look_id"}
GROUNDS = Grounds("社区开会定的", "会议记录")
# Where each role stands; without an entry its scope is the community.
_REACH = {
    Role.OFFICE: AreaKind.TOWN,
    Role.DISTRICT: AreaKind.DISTRICT,
    Role.AUDITOR: AreaKind.DISTRICT,
}


@dataclass
class Place:
    """One community: its people by role, a household with its code, and what its addresses name."""

    people: dict[str, Staff]
    building: Building
    home: Household
    digits: str
    things: dict[str, Any] = field(default_factory=dict)
    # What belongs to one person alone, as background work to whoever asked for it: (kind, role).
    own: dict[tuple[str, str], int] = field(default_factory=dict)

    def values(self, names: set[str], role: str, own: str) -> dict[str, Any]:
        """What this place puts into an address with these parameters; `own` is a kind of thing."""
        theirs = {_NAMES.get(own, "job_id"): self.own.get((own, role), 0)} if own else {}
        return {name: value for name, value in {**self.things, **theirs}.items() if name in names}


def make_place() -> Place:
    """A community of its own district, with everything in it."""
    district = make_area(AreaKind.DISTRICT)
    town = make_area(AreaKind.TOWN, parent=district)
    community = make_area(AreaKind.COMMUNITY, parent=town)
    people = _people({area.kind: area for area in (district, town, community)})
    building = make_building(make_compound(area=community), homes=12)
    # Two that wait for their next step: a round, and a plan.
    make_plan(make_building(make_compound(area=community)).compound)
    make_building(make_compound(area=community))
    make_household(building.entrances[0], "901", owner=CANARY_NAME, phone=CANARY_PHONE)
    round_ = make_round(building.compound, days=40)
    home = homes_of(building)[0]
    place = Place(people, building, home, issue_code(home))
    place.things = _things(place, round_)
    for number, role in enumerate(("worker", "office", "admin"), start=7):
        why = Reason(HelpReason.NO_PHONE)
        entry = entry_at(round_, homes_of(building)[number])
        place.own["assisted", role] = begin(entry, why, by=people[role].identity).id
    spoken = entry_at(round_, home)
    for role in ("office", "district", "admin"):
        by = people[role].identity
        place.own["look", role] = look(spoken, "住户来电核实。", by=by).id
    for role, person in people.items():
        for kind in (POSTERS, PREVIEW):
            place.own[kind, role] = _finished_job(kind, person, building.compound_id)
        place.own["sign-in", role] = _sign_in(person)
        why = "核对住户来电说的话"
        opened = look(entry_at(round_, home), why, by=person.identity)
        place.own["look", role] = opened.id
    db.session.flush()
    return place


def _things(place: Place, round_: Round) -> dict[str, Any]:
    """Parameter of an address → the one thing of this place that it means."""
    homes, office = homes_of(place.building), place.people["office"]
    worker = place.people["worker"]
    # What an address names is the home of the canary, so that its page would tell.
    canary = homes[-1]
    closed, audited = _closed_with_paper(place.building.compound.area, office)
    comment = ask(place.building, "换不换水管？")
    draft = _draft_with_picture(place, office)
    receipt = say(round_, place.home, Choice.AGREE)
    conflict = make_conflict(round_, homes[3], office)
    return {
        "token": place.building.token,
        "building_id": place.building.id,
        "compound_id": place.building.compound_id,
        "comment_id": comment.id,
        "round_id": round_.id,
        "matter_id": round_.matters[0].id,
        "project_id": draft.project_id,
        "version_id": draft.id,
        "attachment_id": draft.attachments[0].id,
        "digest": draft.attachments[0].digest,
        "premises_id": canary.premises_id,
        "household_id": canary.id,
        "home_change_id": _change(canary, place.people["worker"]).id,
        "entry_id": entry_at(round_, canary).id,
        "conflict_id": conflict.id,
        "subject_id": conflict.id,
        "decision_id": _with_photo(_decision(round_, office)).id,
        "objection_id": _with_photo(_objection(closed, office)).id,
        "item_id": audited.id,
        "code": receipt.code,
        **_colleague(place.building.compound.area),
        "assignment": _assignment(round_, homes[1], worker),
        "visit_id": _knock(round_, homes[1], worker),
        "template_id": add_template("谢谢", "谢谢您的意见。", by=worker.identity).id,
        **_papers(place, round_),
    }


def _change_of_phone(home: Household) -> HomeChange:
    change = PhoneChange("13712345679", "女儿", None)
    made = propose_phone(home, change, EVIDENCE, by=make_staff(Role.WORKER).identity)
    made.photo = _photo()
    return made


def _photo() -> str:
    """Something handed in, as it is kept."""
    return files.keep(seal(png()))


def _assignment(round_: Round, home: Household, worker: Staff) -> int:
    doors = [entry_at(round_, home).id]
    return share_out(round_, doors, worker, by=worker.identity).change_id


def _knock(round_: Round, home: Household, worker: Staff) -> int:
    was_there = Attempt(Outcome.SPOKEN, f"knock-{home.id}")
    return record_visit(entry_at(round_, home), was_there, by=worker.identity).visit_id


def _papers(place: Place, round_: Round) -> dict[str, Any]:
    """A form that came back and was photographed, and one that two persons keyed alike."""
    desk = Desk(place.building, round_, [make_staff(Role.WORKER) for _ in range(3)])
    waiting, counted = desk.photographed(10), desk.counted(11)
    # Its PDF is not drawn here; that it is gone is told to whoever may have it.
    db.session.get_one(PaperBatch, waiting.batch_id).job.finished_at = clock.now()
    return {
        "form_id": waiting.id,
        "batch_id": waiting.batch_id,
        "serial": waiting.serial,
        "vote_id": counted.vote_id,
    }


def _with_photo(case: Any) -> Any:
    case.evidence_digest = _photo()
    return case


def _colleague(area: Area) -> dict[str, int]:
    colleague = make_staff(Role.WORKER, area)
    return {"staff_id": colleague.id, "session_id": _sign_in(colleague)}


def _sign_in(person: Staff) -> int:
    token = desk_sessions.begin(person.id, "Chrome · Windows")
    db.session.flush()
    (found,) = (s for s in desk_sessions.standing(person.id) if s.token_digest == _digest(token))
    return found.id


def _people(areas: Mapping[str, Area]) -> dict[str, Staff]:
    reach = {role: areas[_REACH.get(role, AreaKind.COMMUNITY)] for role in Role}
    people = {role.value: make_staff(role, area) for role, area in reach.items()}
    people["admin"] = make_staff(Role.ADMIN)
    return people


def _draft_with_picture(place: Place, office: Staff) -> PlanVersion:
    """A second version that is still being written, after the published one."""
    draft = make_plan(place.building.compound, publish=False)
    shown = {"section": Section.DESIGN, "caption": "总平面图", "media_type": "image/png"}
    kept = {"digest": files.keep(png(colour=f"#{draft.id:06x}")), "width": 40, "height": 30}
    for version in draft.project.versions:
        version.attachments.append(Attachment(position=1, **shown, **kept))
    db.session.flush()
    return draft


def _change(home: Household, worker: Staff) -> HomeChange:
    """Another phone for a home, with a picture of the paper."""
    evidence = Evidence(GROUNDS.reason, GROUNDS.evidence, files.keep_alone(seal(png())))
    return propose_phone(home, PhoneChange("13900000077"), evidence, by=worker.identity)


def _decision(round_: Round, office: Staff) -> Decision:
    later = round_.closes_at + timedelta(days=7)
    return propose_extension(round_, later, GROUNDS, by=office.identity)


def _closed_with_paper(community: Area, keyer: Staff) -> tuple[Round, AuditItem]:
    """A round that closed with a vote on paper, which the lot drew; somebody objects to it."""
    with time_machine.travel(clock.now() - timedelta(days=16), tick=False):
        building = make_building(make_compound(area=community), homes=2)
        round_ = open_round(building.compound, days=15)
        say(round_, homes_of(building)[0], Choice.AGREE, Channel.PAPER, keyed_by_id=keyer.id)
    assert round_ in rounds.close_due_rounds()
    (item,) = sample_of(round_.id)
    rounds.publish_result(round_, by=make_staff().identity)
    return round_, item


def _objection(round_: Round, office: Staff) -> Objection:
    complaint = Complaint(ObjectionKind.NOT_RECEIVED, "1号楼101", "没有收到户码单。")
    return raise_objection(round_, complaint, by=office.identity)


def _finished_job(kind: str, person: Staff, compound_id: int) -> int:
    """A preview with nothing in it, or posters whose file lies there."""
    ledger = Ledger((), (), (), ())
    report = keep_report(preview(ledger, Placement("")), ledger)
    results = {
        PREVIEW: {**summary_of(preview(ledger, Placement(""))), "report": report},
        POSTERS: {"digest": files.keep(b"%PDF-1.7"), "pages": 1},
    }
    params = {"compound_id": compound_id, "digest": report, "filename": "台账.xlsx"}
    job = Job(kind=kind, params=params, asked_by_id=person.id, asked_at=clock.now())
    job.finished_at, job.result = clock.now(), results[kind]
    db.session.add(job)
    db.session.flush()
    return job.id
