"""Reading projects and their plan versions."""

from sqlalchemy import select

from app.core.db import db
from app.projects.models import PlanVersion, Project


def current_version(compound_id: int) -> PlanVersion | None:
    """The published version residents of a compound read and vote on now: the highest number."""
    return db.session.scalar(
        select(PlanVersion)
        .join(Project, Project.id == PlanVersion.project_id)
        .where(Project.compound_id == compound_id, PlanVersion.published_at.is_not(None))
        .order_by(PlanVersion.number.desc())
        .limit(1)
    )
