"""Forms on paper: numbered, given out, taken back, photographed, keyed by two, counted."""

from flask import Flask

from app.cases.sight import Sheet, papers
from app.core.guards import Identity
from app.paper import entry_views, form_desk, staff_views, tasks
from app.paper.queries import form_of_vote, sees_photo

# They stand on one blueprint; importing a module puts its pages there.
_DESKS = (staff_views, entry_views)


def init_app(app: Flask) -> None:
    """Register pages and background work."""
    app.register_blueprint(form_desk.bp)
    papers.sheet_of = _sheet_of
    tasks.init_app(app)


def _sheet_of(vote_id: int, by: Identity) -> Sheet | None:
    form = form_of_vote(vote_id)
    if form is None:
        return None
    reason = next((entry.reason for entry in form.entries if entry.reason), "")
    return Sheet(reason, form.photo_file is not None and sees_photo(form, by))
