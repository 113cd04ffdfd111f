"""The desk at which two persons settle what befalls a round: decisions, conflicts, objections."""

from flask import Flask

from app.cases import (
    complaint_views,
    conflict_views,
    desk_views,
    models,
    register_views,
    sight,
    staff_views,
)

# One blueprint holds the pages of every kind; importing a module puts its pages there.
_PAGES = (desk_views, staff_views, conflict_views, complaint_views)


# Whoever creates the tables has to know them.
_TABLES = (models.CaseFile, models.CaseEvent)


def init_app(app: Flask) -> None:
    """Register pages."""
    app.register_blueprint(sight.bp)
    app.register_blueprint(register_views.bp)
