"""Questions of households about the plan, and the office's answers."""

from flask import Flask

from app.comments import staff_views, template_views, views


def init_app(app: Flask) -> None:
    """Register the pages of residents and of staff."""
    app.register_blueprint(views.bp)
    app.register_blueprint(staff_views.bp)
    app.register_blueprint(template_views.bp)
