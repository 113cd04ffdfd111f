"""Reading projects and their plan versions."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import contains_eager, joinedload, selectinload

from app.core.db import db
from app.projects import comparison, completeness
from app.projects.comparison import Differences
from app.projects.completeness import Missing
from app.projects.contents import (
    Construction,
    Contents,
    Facts,
    Fund,
    Item,
    Management,
    Money,
    Paper,
)
from app.projects.models import Attachment, PlanVersion, Project, WorkItem
from app.roster.models import Area, Building, Compound, Entrance, Household, Premises

# Everything a page about one version shows, in a fixed number of statements.
_WHOLE = (
    selectinload(PlanVersion.items),
    selectinload(PlanVersion.sources),
    selectinload(PlanVersion.attachments),
)


def compound_of(compound_id: int) -> Compound | None:
    """The compound with its area, whose path tells whose scope it is in."""
    return db.session.scalar(
        select(Compound).options(joinedload(Compound.area)).where(Compound.id == compound_id)
    )


def project_of(compound_id: int) -> Project | None:
    """The one project of a compound."""
    return db.session.scalar(select(Project).where(Project.compound_id == compound_id))


def project(project_id: int) -> Project | None:
    """One project with its compound and area."""
    place = joinedload(Project.compound).joinedload(Compound.area)
    return db.session.get(Project, project_id, options=[place])


def plan_version(version_id: int) -> PlanVersion | None:
    """One version, published or not, with its project, compound and area."""
    return db.session.scalar(
        select(PlanVersion)
        .join(PlanVersion.project)
        .join(Project.compound)
        .join(Compound.area)
        .options(
            contains_eager(PlanVersion.project)
            .contains_eager(Project.compound)
            .contains_eager(Compound.area),
            *_WHOLE,
        )
        .where(PlanVersion.id == version_id)
    )


def current_version(compound_id: int) -> PlanVersion | None:
    """The published version residents of a compound read and vote on now: the highest number."""
    return db.session.scalar(_published(Project.compound_id == compound_id).limit(1))


def published_version(project_id: int, number: int | None = None) -> PlanVersion | None:
    """A published version by its number; without one, the highest (drafts are never found)."""
    place = joinedload(PlanVersion.project).joinedload(Project.compound).joinedload(Compound.area)
    published = _published(PlanVersion.project_id == project_id).options(place)
    if number is not None:
        published = published.where(PlanVersion.number == number)
    return db.session.scalar(published.options(*_WHOLE).limit(1))


def published_versions(project_id: int) -> Sequence[PlanVersion]:
    """All published versions, newest first."""
    return db.session.scalars(_published(PlanVersion.project_id == project_id)).all()


def versions(project_id: int) -> Sequence[PlanVersion]:
    """All versions, published or not, newest first."""
    return db.session.scalars(
        select(PlanVersion)
        .where(PlanVersion.project_id == project_id)
        .order_by(PlanVersion.number.desc())
    ).all()


def draft_of(project_id: int) -> PlanVersion | None:
    """The version being worked on or waiting for its second person; there is at most one."""
    return db.session.scalar(
        select(PlanVersion).where(
            PlanVersion.project_id == project_id, PlanVersion.published_at.is_(None)
        )
    )


def what_is_missing(version: PlanVersion) -> list[Missing]:
    """Every reason why `version` may not be published yet (RULES.md §3 pre-flight)."""
    return completeness.missing(contents_of(version))


def differences_of(version: PlanVersion) -> Differences | None:
    """What `version` changes against the published one before it; None for the first."""
    before = db.session.scalar(
        _published(PlanVersion.project_id == version.project_id)
        .where(PlanVersion.number < version.number)
        .options(*_WHOLE)
        .limit(1)
    )
    if before is None:
        return None
    return comparison.differences(contents_of(before), contents_of(version))


def differences_between(old: PlanVersion, new: PlanVersion) -> Differences:
    """What `new` changes against `old`, whatever was published between them."""
    return comparison.differences(contents_of(old), contents_of(new))


def contents_of(version: PlanVersion) -> Contents:
    """What `version` says, as plain values."""
    return Contents(
        facts=facts_of_version(version),
        summary=version.summary,
        items=tuple(_item(item) for item in version.items),
        money=Money(
            funds=tuple(
                Fund(str(source.source), source.amount, source.note) for source in version.sources
            ),
            share_per_household=version.share_per_household,
            share_per_area=version.share_per_area,
            share_note=version.share_note,
        ),
        design=version.design,
        construction=Construction(
            version.construction, version.starts_on, version.finishes_on, version.disruption
        ),
        management=Management(
            mode=str(version.mode) if version.mode else None,
            services=version.services,
            fee_per_area=version.fee_per_area,
            fee_note=version.fee_note,
            subsidy=version.subsidy,
        ),
        papers=tuple(
            Paper(str(paper.section), paper.caption, paper.media_type, paper.digest)
            for paper in version.attachments
        ),
        by_building=version.by_building,
    )


def facts_of(project: Project) -> Facts:
    """The facts of `project`, as plain values."""
    return Facts(**{name: getattr(project, name) for name in Facts.__dataclass_fields__})


def facts_of_version(version: PlanVersion) -> Facts:
    """The facts a version was published with; for a draft, those it would be published with."""
    return Facts.from_kept(version.facts) if version.facts else facts_of(version.project)


def size_of_home(household_id: int, compound_id: int) -> int | None:
    """The area in 0.01 m² of a household's dwelling, if it stands in this compound."""
    return db.session.scalar(
        select(Premises.size)
        .join(Household, Household.premises_id == Premises.id)
        .join(Entrance, Entrance.id == Premises.entrance_id)
        .join(Building, Building.id == Entrance.building_id)
        .where(Household.id == household_id, Building.compound_id == compound_id)
    )


@dataclass(frozen=True)
class Kept:
    """A kept file: how it was called, what it is, whether residents may see it, and whose it is."""

    caption: str
    media_type: str
    is_public: bool
    area_paths: tuple[str, ...]


def kept_file(digest: str) -> Kept | None:
    """What is attached anywhere under `digest`; public as soon as one published version has it."""
    rows = db.session.execute(
        select(Attachment.caption, Attachment.media_type, PlanVersion.published_at, Area.path)
        .join(PlanVersion, PlanVersion.id == Attachment.plan_version_id)
        .join(Project, Project.id == PlanVersion.project_id)
        .join(Compound, Compound.id == Project.compound_id)
        .join(Area, Area.id == Compound.area_id)
        .where(Attachment.digest == digest)
        .order_by(Attachment.id)
    ).all()
    if not rows:
        return None
    return Kept(
        caption=rows[0].caption,
        media_type=rows[0].media_type,
        is_public=any(row.published_at is not None for row in rows),
        area_paths=tuple(row.path for row in rows),
    )


def _published(condition: ColumnElement[bool]) -> Select[PlanVersion]:
    return (
        select(PlanVersion)
        .join(Project, Project.id == PlanVersion.project_id)
        .where(condition, PlanVersion.published_at.is_not(None))
        .order_by(PlanVersion.number.desc())
    )


def _item(item: WorkItem) -> Item:
    return Item(
        category=str(item.category),
        name=item.name,
        quantity=item.quantity,
        unit=item.unit,
        cost=item.cost,
        is_safety=item.is_safety,
        note=item.note,
    )
