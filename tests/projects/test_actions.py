"""The verbs of a plan: what they do, what they refuse, and that refusing changes nothing."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core import files
from app.core.guards import Role
from app.journal.actions import OFFICE
from app.journal.models import JournalEntry, Kind
from app.projects import actions, queries
from app.projects.contents import Construction, Facts, Management, Money
from app.projects.fingerprint import fingerprints
from app.projects.models import PlanVersion, Project, Section, WorkItem
from tests.factories import make_compound
from tests.projects.plans import (
    COMPLETE,
    LAMPS,
    PICTURE,
    PIPES,
    fill,
    open_draft,
    publish,
    someone,
)

pytestmark = pytest.mark.usefixtures("session")


def journalled(session: Session, kind: Kind) -> list[dict[str, Any]]:
    rows = session.scalars(
        sa.select(JournalEntry.entry)
        .where(JournalEntry.book == OFFICE, JournalEntry.kind == kind)
        .order_by(JournalEntry.seq)
    )
    return [json.loads(row) for row in rows]


def entries(session: Session) -> int:
    return session.scalar(sa.select(sa.func.count()).select_from(JournalEntry)) or 0


def test_opening_a_project_starts_its_first_draft(session: Session) -> None:
    compound, worker = make_compound(), someone(Role.WORKER)
    facts = Facts("利水南苑改造项目", phone="0953-5550101", budget=166_000_000)

    project = actions.open_project(compound, facts, by=worker)

    assert queries.project_of(compound.id) is project
    assert queries.facts_of(project) == facts
    (version,) = queries.versions(project.id)
    assert (version.number, version.created_by_id, version.is_draft) == (1, worker.id, True)
    (entry,) = journalled(session, Kind.PROJECT)
    assert entry["actor"] == worker.commitment
    assert entry["compound"] == compound.id


def test_a_compound_has_one_project(session: Session) -> None:
    version = open_draft()
    with pytest.raises(actions.ProjectExists):
        actions.open_project(version.project.compound, Facts("又一个"), by=someone())
    assert session.scalar(sa.select(sa.func.count()).select_from(Project)) == 1
    assert len(journalled(session, Kind.PROJECT)) == 1


def test_a_published_version_keeps_the_facts_it_was_published_with(session: Session) -> None:
    version = publish(fill(open_draft()))
    later = Facts("新名", builder="宁建三公司", starts_on=date(2027, 4, 6))
    actions.edit_project(version.project, later, by=someone())
    session.flush()
    session.expire_all()
    assert queries.facts_of(version.project) == later
    assert queries.facts_of_version(version) == COMPLETE.facts
    assert fingerprints(queries.contents_of(version)).plan == version.plan_hash

    draft = actions.start_version(version.project, by=someone())
    assert queries.facts_of_version(draft) == later
    publish(draft)
    session.expire_all()
    assert queries.facts_of_version(draft) == later
    assert draft.plan_hash != version.plan_hash
    assert draft.management_hash == version.management_hash


def test_while_a_version_waits_the_facts_stay_as_they_were_submitted(session: Session) -> None:
    version = fill(open_draft())
    actions.submit_version(version, by=someone())
    recorded = entries(session)
    with pytest.raises(actions.NotADraft):
        actions.edit_project(version.project, Facts("新名"), by=someone())
    session.expire_all()
    assert queries.facts_of(version.project) == COMPLETE.facts
    assert entries(session) == recorded


def test_what_is_written_section_by_section_is_what_the_plan_says() -> None:
    version = fill(open_draft())
    written = queries.contents_of(version)
    digest = files.keep(PICTURE.content)
    assert written == replace(COMPLETE, papers=(replace(COMPLETE.papers[0], digest=digest),))
    assert queries.what_is_missing(version) == []


def test_replacing_work_items_and_sources_leaves_none_of_the_old(session: Session) -> None:
    version = fill(open_draft())
    actions.replace_items(version, [LAMPS, PIPES], by=someone())
    actions.edit_money(version, Money(COMPLETE.money.funds[:1], 5, 6, "新"), by=someone())
    session.flush()
    assert [item.name for item in version.items] == [LAMPS.name, PIPES.name]
    assert session.scalar(sa.select(sa.func.count()).select_from(WorkItem)) == 2
    assert queries.contents_of(version).money == Money(COMPLETE.money.funds[:1], 5, 6, "新")


def test_every_edit_stands_in_the_journal_with_its_part_and_person(session: Session) -> None:
    worker = someone(Role.WORKER)
    version = fill(open_draft(by=worker), by=worker)
    entries = journalled(session, Kind.PLAN_EDITED)
    assert [entry["part"] for entry in entries] == [
        *("summary", "items", "money", "design", "construction", "management", "attachment"),
    ]
    assert {entry["actor"] for entry in entries} == {worker.commitment}
    assert {entry["plan_version"] for entry in entries} == {version.id}


EDITS: dict[str, Callable[[PlanVersion], object]] = {
    "summary": lambda v: actions.edit_summary(v, "别的", by=someone()),
    "items": lambda v: actions.replace_items(v, [LAMPS], by=someone()),
    "money": lambda v: actions.edit_money(v, Money(), by=someone()),
    "design": lambda v: actions.edit_design(v, "别的", by=someone()),
    "construction": lambda v: actions.edit_construction(v, Construction(), by=someone()),
    "management": lambda v: actions.edit_management(v, Management(), by=someone()),
    "picture": lambda v: actions.attach_picture(v, Section.WORK, "图", PICTURE, by=someone()),
    "pdf": lambda v: actions.attach_pdf(v, Section.WORK, "文件", b"%PDF-1.7", by=someone()),
    "remove": lambda v: actions.remove_attachment(v, v.attachments[0], by=someone()),
    "submit": lambda v: actions.submit_version(v, by=someone()),
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS.keys())
@pytest.mark.parametrize("is_published", [False, True], ids=["waiting", "published"])
def test_a_waiting_or_published_version_refuses_every_edit(
    session: Session, edit: Callable[[PlanVersion], object], is_published: bool
) -> None:
    version = fill(open_draft())
    actions.submit_version(version, by=someone())
    if is_published:
        actions.publish_version(version, by=someone())
    before, recorded = queries.contents_of(version), entries(session)

    with pytest.raises(actions.NotADraft):
        edit(version)

    session.expire_all()
    assert queries.contents_of(version) == before
    assert entries(session) == recorded


def test_a_picture_and_a_pdf_are_kept_and_stand_in_order() -> None:
    version = fill(open_draft())
    paper = actions.attach_pdf(version, Section.MANAGEMENT, "服务合同", b"%PDF-1.7", by=someone())
    assert files.read(paper.digest) == b"%PDF-1.7"
    assert files.read(version.attachments[0].digest) == PICTURE.content
    assert [p.position for p in version.attachments] == [1, 2]
    assert paper.media_type == "application/pdf"


def test_a_removed_picture_is_gone_from_the_draft_only(session: Session) -> None:
    version = fill(open_draft())
    paper = version.attachments[0]
    actions.remove_attachment(version, paper, by=someone())
    session.flush()
    session.expire_all()
    assert version.attachments == []
    assert files.read(paper.digest) == PICTURE.content


def test_more_attachments_than_a_page_can_bear_are_refused() -> None:
    version = fill(open_draft())
    for _ in range(actions.MOST_ATTACHMENTS - 1):
        actions.attach_picture(version, Section.WORK, "图", PICTURE, by=someone())
    with pytest.raises(actions.TooManyAttachments):
        actions.attach_picture(version, Section.WORK, "图", PICTURE, by=someone())
    assert len(version.attachments) == actions.MOST_ATTACHMENTS


def test_an_incomplete_draft_is_refused_with_everything_it_lacks(session: Session) -> None:
    version = fill(open_draft())
    actions.edit_summary(version, "", by=someone())
    actions.edit_management(version, replace(COMPLETE.management, subsidy=""), by=someone())
    with pytest.raises(actions.PlanIncomplete) as refused:
        actions.submit_version(version, by=someone())
    assert [lack.part for lack in refused.value.missing] == ["summary", "management"]
    assert "写一段简介" in str(refused.value)
    assert "写补贴措施" in str(refused.value)
    assert version.is_draft
    assert journalled(session, Kind.PLAN_SUBMITTED) == []


def test_a_complete_draft_waits_for_its_second_person(session: Session) -> None:
    version, worker = fill(open_draft()), someone(Role.WORKER)
    actions.submit_version(version, by=worker)
    assert version.is_waiting
    assert version.submitted_by_id == worker.id
    assert journalled(session, Kind.PLAN_SUBMITTED)[0]["plan_version"] == version.id


def test_publishing_by_another_person_fixes_both_hashes(session: Session) -> None:
    version, second = fill(open_draft()), someone()
    actions.submit_version(version, by=someone())
    actions.publish_version(version, by=second)

    hashes = fingerprints(queries.contents_of(version))
    assert version.is_published
    assert version.published_by_id == second.id
    assert (version.plan_hash, version.management_hash) == (hashes.plan, hashes.management)
    (entry,) = journalled(session, Kind.PLAN_PUBLISHED)
    assert (entry["plan"], entry["management"]) == (hashes.plan, hashes.management)
    assert entry["actor"] == second.commitment


def test_nobody_publishes_what_they_submitted(session: Session) -> None:
    version, only_one = fill(open_draft()), someone(Role.ADMIN)
    actions.submit_version(version, by=only_one)
    with pytest.raises(actions.SamePerson):
        actions.publish_version(version, by=only_one)
    session.expire_all()
    assert version.is_waiting
    assert version.plan_hash is None
    assert journalled(session, Kind.PLAN_PUBLISHED) == []


def test_the_database_itself_keeps_the_two_persons_apart(session: Session) -> None:
    version, only_one = fill(open_draft()), someone()
    actions.submit_version(version, by=only_one)
    version.published_by_id = only_one.id
    with pytest.raises(sa.exc.IntegrityError), session.begin_nested():
        session.flush()


@pytest.mark.parametrize("is_published", [False, True], ids=["draft", "published"])
def test_only_what_waits_can_be_published_or_returned(is_published: bool) -> None:
    version = fill(open_draft())
    if is_published:
        publish(version)
    verbs: list[Callable[[], None]] = [
        lambda: actions.publish_version(version, by=someone()),
        lambda: actions.return_version(version, "改", by=someone()),
    ]
    for verb in verbs:
        with pytest.raises(actions.NotWaiting):
            verb()


def test_a_returned_version_is_a_draft_again_with_the_reason(session: Session) -> None:
    version = fill(open_draft())
    actions.submit_version(version, by=someone())
    actions.return_version(version, "工期写错了", by=someone())
    assert version.is_draft
    assert version.return_note == "工期写错了"
    assert len(journalled(session, Kind.PLAN_RETURNED)) == 1

    actions.edit_design(version, "改好了", by=someone())
    actions.submit_version(version, by=someone())
    assert version.return_note == ""


def test_a_new_version_starts_as_a_copy_and_the_old_one_stays(session: Session) -> None:
    old = publish(fill(open_draft()))
    before = queries.contents_of(old)

    new = actions.start_version(old.project, by=someone())
    assert (new.number, new.is_draft, new.change_note) == (2, True, "")
    assert queries.contents_of(new) == before
    assert fingerprints(queries.contents_of(new)).plan == old.plan_hash

    actions.replace_items(new, [PIPES], by=someone())
    actions.remove_attachment(new, new.attachments[0], by=someone())
    session.flush()
    session.expire_all()
    assert queries.contents_of(old) == before


def test_a_second_draft_is_refused_while_one_is_in_work(session: Session) -> None:
    project = publish(fill(open_draft())).project
    draft = actions.start_version(project, by=someone())
    with pytest.raises(actions.DraftExists):
        actions.start_version(project, by=someone())
    assert queries.draft_of(project.id) is draft
    assert len(queries.versions(project.id)) == 2


def test_without_a_published_version_there_is_nothing_to_copy(session: Session) -> None:
    project = Project(compound_id=make_compound().id, name="改造项目")
    session.add(project)
    session.flush()
    with pytest.raises(actions.NothingPublished):
        actions.start_version(project, by=someone())
    assert queries.versions(project.id) == []


def test_the_highest_published_number_is_the_current_version() -> None:
    first = publish(fill(open_draft()))
    project = first.project
    assert queries.published_version(project.id) is first
    second = actions.start_version(project, by=someone())
    assert queries.current_version(project.compound_id) is first
    publish(second)
    assert queries.current_version(project.compound_id) is second
    assert queries.published_version(project.id, 1) is first
    assert queries.published_version(project.id, 3) is None
    assert list(queries.published_versions(project.id)) == [second, first]


def test_the_differences_of_a_version_are_those_to_the_published_one_before() -> None:
    first = publish(fill(open_draft()))
    assert queries.differences_of(first) is None
    second = actions.start_version(first.project, by=someone())
    assert queries.differences_of(second).is_empty
    actions.replace_items(second, [PIPES], by=someone())
    changes = queries.differences_of(second)
    assert [(c.name, c.new) for c in changes.items] == [(LAMPS.name, None)]
