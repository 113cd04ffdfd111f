"""Forms on paper: numbered, given out, taken back, photographed, keyed by two, counted."""

from flask import Flask

from app.paper import entry_views, form_desk, staff_views, tasks

# They stand on one blueprint; importing a module puts its pages there.
_DESKS = (staff_views, entry_views)


def init_app(app: Flask) -> None:
    """Register pages and background work."""
    app.register_blueprint(form_desk.bp)
    tasks.init_app(app)
