"""Going from door to door: every attempt to reach a home, and who walks where."""

from flask import Flask
from flask_login import user_logged_out

from app.doors import assist_views, staff_views, views


def init_app(app: Flask) -> None:
    """Register the pages; signing out ends what one was helping with."""
    app.register_blueprint(views.bp)
    app.register_blueprint(staff_views.bp)
    app.register_blueprint(assist_views.bp)
    user_logged_out.connect(assist_views.end_at_sign_out, app)
