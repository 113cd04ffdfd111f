"""The projects feature."""

from flask import Flask

from app.projects import models as models
from app.projects import staff_views, views
from app.projects.models import Mode, Section, Source


def init_app(app: Flask) -> None:
    """Register pages, and the enums whose labels the templates show."""
    app.jinja_env.globals.update(Mode=Mode, Section=Section, Source=Source)
    app.register_blueprint(views.bp)
    app.register_blueprint(staff_views.bp)
