"""The story of one home, and who may speak for it."""

from flask import Flask

from app.households import change_views, home_desk, look_views, staff_views

# Importing a module puts its pages on the one blueprint.
_PAGES = (staff_views, change_views, look_views)


def init_app(app: Flask) -> None:
    """Register the pages of the desk."""
    app.register_blueprint(home_desk.bp)
