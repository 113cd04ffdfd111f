"""The verbs of a plan: drafting section by section, submitting, publishing, starting anew.

Only a draft can be edited. It is submitted by one person and published by another; from then on
it never changes, and a new version starts as its copy (RULES.md §3).
"""

from collections.abc import Sequence
from dataclasses import asdict

from sqlalchemy import select

from app.accounts.vouching import check_second_person
from app.core import clock, files
from app.core.db import db, once
from app.core.errors import Refused, msg
from app.core.files import Picture
from app.core.guards import Identity
from app.core.i18n import say
from app.journal.actions import OFFICE, record
from app.journal.models import Kind
from app.projects import queries
from app.projects.completeness import Missing
from app.projects.contents import Construction, Facts, Item, Management, Money
from app.projects.fingerprint import fingerprints
from app.projects.models import (
    Attachment,
    Category,
    FundingSource,
    Mode,
    PlanVersion,
    Project,
    Section,
    Source,
    WorkItem,
)
from app.roster.models import Compound

MOST_ATTACHMENTS = 24


class ProjectExists(Refused):
    """A compound has one project."""


class NotADraft(Refused):
    """The version waits for its second person, or is published."""


class DraftExists(Refused):
    """A project has one version in work at a time."""


class NothingPublished(Refused):
    """There is no published version to start from."""


class PlanIncomplete(Refused):
    """Something a plan must say is missing; `missing` lists it all."""

    def __init__(self, missing: list[Missing]) -> None:
        words = "；".join(say(lack.message, **lack.params) for lack in missing)
        super().__init__(msg("方案还没写全：%(missing)s。"), missing=words)
        self.missing = missing


class NotWaiting(Refused):
    """Nobody asked to publish this version."""


class SamePerson(Refused):
    """Who submitted a version may not publish it."""


class TooManyAttachments(Refused):
    """A page with more than this would not open on a phone."""


def open_project(compound: Compound, facts: Facts, *, by: Identity) -> Project:
    """Give `compound` its project with an empty first draft; refuses with `ProjectExists`."""
    project = Project(compound_id=compound.id, **asdict(facts))
    with once(ProjectExists(msg("这个小区已经有改造项目了。"))):
        db.session.add(project)
    _add_version(project, 1, by)
    _record(Kind.PROJECT, {"project": project.id, "compound": compound.id, "did": "open"}, by)
    return project


def edit_project(project: Project, facts: Facts, *, by: Identity) -> None:
    """Change the facts of a project (RULES.md §8 rows 2 and 4) for the next published version.

    What is published keeps the facts it was published with. Refuses with `NotADraft` while a
    version waits: its second person publishes what was submitted, and nothing else.
    """
    _lock(project)
    draft = queries.draft_of(project.id)
    if draft is not None and draft.is_waiting:
        refuse_unless_draft(draft)
    for name, value in asdict(facts).items():
        setattr(project, name, value)
    _record(Kind.PROJECT, {"project": project.id, "did": "edit"}, by)


def edit_summary(
    version: PlanVersion,
    summary: str,
    change_note: str = "",
    by_building: str = "",
    *,
    by: Identity,
) -> None:
    """Say in a few words what is planned, what is different where, and what changed."""
    _check_draft(version)
    version.summary, version.change_note = summary, change_note
    version.by_building = by_building
    _record_edit(version, "summary", by)


def replace_items(version: PlanVersion, items: Sequence[Item], *, by: Identity) -> None:
    """Put `items`, in this order, in place of all work items."""
    _check_draft(version)
    version.items = [_work_item(item, at) for at, item in enumerate(items, start=1)]
    _record_edit(version, "items", by)


def edit_money(version: PlanVersion, money: Money, *, by: Identity) -> None:
    """Set where the money comes from and what one household pays (RULES.md §8 row 20)."""
    _check_draft(version)
    # The old rows must be gone before the new ones come, or each source would stand twice.
    version.sources = []
    db.session.flush()
    version.sources = [
        FundingSource(source=Source(fund.source), amount=fund.amount, note=fund.note)
        for fund in money.funds
    ]
    version.share_per_household = money.share_per_household
    version.share_per_area = money.share_per_area
    version.share_note = money.share_note
    _record_edit(version, "money", by)


def edit_design(version: PlanVersion, design: str, *, by: Identity) -> None:
    """Set the text of 规划设计."""
    _check_draft(version)
    version.design = design
    _record_edit(version, "design", by)


def edit_construction(version: PlanVersion, plan: Construction, *, by: Identity) -> None:
    """Set the text of 施工组织, its two days, and what is loud or cut off meanwhile."""
    _check_draft(version)
    version.construction, version.disruption = plan.text, plan.disruption
    version.starts_on, version.finishes_on = plan.starts_on, plan.finishes_on
    _record_edit(version, "construction", by)


def edit_management(version: PlanVersion, plan: Management, *, by: Identity) -> None:
    """Set the four fields of the management plan (RULES.md §7 D6)."""
    _check_draft(version)
    version.mode = Mode(plan.mode) if plan.mode else None
    version.services, version.subsidy = plan.services, plan.subsidy
    version.fee_per_area, version.fee_note = plan.fee_per_area, plan.fee_note
    _record_edit(version, "management", by)


def attach_picture(
    version: PlanVersion, section: Section, caption: str, picture: Picture, *, by: Identity
) -> Attachment:
    """Add a picture that `files.shrink_picture` made."""
    digest = files.keep(picture.content)
    return attach(
        version,
        Attachment(
            section=section,
            caption=caption,
            media_type=picture.media_type,
            digest=digest,
            width=picture.width,
            height=picture.height,
        ),
        by=by,
    )


def attach_pdf(
    version: PlanVersion, section: Section, caption: str, content: bytes, *, by: Identity
) -> Attachment:
    """Add a PDF that `files.checked_pdf` let through."""
    digest = files.keep(content)
    paper = Attachment(
        section=section, caption=caption, media_type="application/pdf", digest=digest
    )
    return attach(version, paper, by=by)


def attach(version: PlanVersion, paper: Attachment, *, by: Identity) -> Attachment:
    """Add an attachment whose bytes are kept already; refuses with `TooManyAttachments`."""
    _check_draft(version)
    if len(version.attachments) >= MOST_ATTACHMENTS:
        raise TooManyAttachments(
            msg("一版方案最多放 %(most)s 个图片和文件，请先删掉一些。"), most=MOST_ATTACHMENTS
        )
    paper.position = max((other.position for other in version.attachments), default=0) + 1
    version.attachments.append(paper)
    _record_edit(version, "attachment", by, digest=paper.digest)
    return paper


def remove_attachment(version: PlanVersion, paper: Attachment, *, by: Identity) -> None:
    """Take a picture or PDF out of a draft; its bytes stay, another version may show them."""
    _check_draft(version)
    version.attachments.remove(paper)
    _record_edit(version, "attachment", by, removed=paper.digest)


def start_version(project: Project, *, by: Identity) -> PlanVersion:
    """Start the next draft as a copy of the current published version.

    Refuses with `NothingPublished`, or with `DraftExists` while one is in work.
    """
    _lock(project)
    if queries.draft_of(project.id) is not None:
        raise DraftExists(msg("已经有一版在起草，请先改那一版。"))
    current = queries.published_version(project.id)
    if current is None:
        raise NothingPublished(msg("还没有公布过的方案，不能写下一版。"))
    version = _add_version(project, current.number + 1, by)
    _copy(current, version)
    db.session.flush()
    _record_edit(version, "start", by)
    return version


def submit_version(version: PlanVersion, *, by: Identity) -> None:
    """Ask a second person to publish; refuses with `PlanIncomplete` and everything missing."""
    _lock(version.project)
    _check_draft(version)
    missing = queries.what_is_missing(version)
    if missing:
        raise PlanIncomplete(missing)
    version.submitted_at, version.submitted_by_id = clock.now(), by.id
    version.return_note = ""
    _record(Kind.PLAN_SUBMITTED, _place(version), by)


def return_version(version: PlanVersion, note: str, *, by: Identity) -> None:
    """Send a waiting version back to drafting, with the reason; refuses with `NotWaiting`."""
    _check_waiting(version)
    version.submitted_at = version.submitted_by_id = None
    version.return_note = note
    _record(Kind.PLAN_RETURNED, _place(version), by)


def publish_version(version: PlanVersion, *, by: Identity) -> None:
    """Show a waiting version to residents, for good, with the two hashes votes are bound to.

    It keeps the project's facts of this moment, and the hash of the plan covers them. Refuses
    with `NotWaiting`, or with `SamePerson` when `by` submitted it (RULES.md §8 row 9).
    """
    _lock(version.project)
    _check_waiting(version)
    same = SamePerson(msg("这一版是您自己提交的，要由另一个人来公布。"))
    check_second_person(version.submitted_by_id, by, same)
    version.facts = queries.facts_of(version.project).as_kept()
    hashes = fingerprints(queries.contents_of(version))
    version.plan_hash, version.management_hash = hashes.plan, hashes.management
    version.published_at, version.published_by_id = clock.now(), by.id
    told = {"plan": hashes.plan, "management": hashes.management}
    _record(Kind.PLAN_PUBLISHED, {**_place(version), **told}, by)


def refuse_unless_draft(version: PlanVersion) -> None:
    """Refuse with `NotADraft` what is waiting or published."""
    if version.is_published:
        raise NotADraft(msg("这一版已经公布，不能再改。要改，请写下一版。"))
    if version.is_waiting:
        raise NotADraft(msg("这一版正等第二个人公布，不能改。要改，请先退回。"))


def refuse_unless_waiting(version: PlanVersion) -> None:
    """Refuse with `NotWaiting` what nobody asked to publish, or what is published already."""
    if not version.is_waiting:
        raise NotWaiting(msg("这一版没有在等公布。"))


def _check_draft(version: PlanVersion) -> None:
    _lock(version)
    refuse_unless_draft(version)


def _check_waiting(version: PlanVersion) -> None:
    _lock(version)
    refuse_unless_waiting(version)


def _lock(row: Project | PlanVersion) -> None:
    """Lock, then read again: nobody edits, submits or publishes between check and change."""
    model = type(row)
    db.session.execute(select(model.id).where(model.id == row.id).with_for_update())
    db.session.refresh(row)


def _add_version(project: Project, number: int, by: Identity) -> PlanVersion:
    version = PlanVersion(
        project=project, number=number, created_at=clock.now(), created_by_id=by.id
    )
    db.session.add(version)
    db.session.flush()
    return version


def _work_item(item: Item, position: int) -> WorkItem:
    values = asdict(item) | {"category": Category(item.category)}
    return WorkItem(position=position, **values)


_COPIED = (
    *("summary", "share_per_household", "share_per_area", "share_note", "design", "construction"),
    *("starts_on", "finishes_on", "mode", "services", "fee_per_area", "fee_note", "subsidy"),
    *("by_building", "disruption"),
)


def _copy(old: PlanVersion, new: PlanVersion) -> None:
    for name in _COPIED:
        setattr(new, name, getattr(old, name))
    contents = queries.contents_of(old)
    new.items = [_work_item(item, at) for at, item in enumerate(contents.items, start=1)]
    new.sources = [FundingSource(**asdict(fund)) for fund in contents.money.funds]
    new.attachments = [_copy_of(paper) for paper in old.attachments]


def _copy_of(paper: Attachment) -> Attachment:
    names = ("position", "section", "caption", "media_type", "digest", "width", "height")
    return Attachment(**{name: getattr(paper, name) for name in names})


def _place(version: PlanVersion) -> dict[str, int | str]:
    return {
        "project": version.project_id,
        "plan_version": version.id,
        "number": version.number,
    }


def _record_edit(version: PlanVersion, part: str, by: Identity, **facts: str) -> None:
    _record(Kind.PLAN_EDITED, {**_place(version), "part": part, **facts}, by)


def _record(kind: Kind, facts: dict[str, int | str], by: Identity) -> None:
    record(OFFICE, kind, dict(facts), actor=by.commitment)
