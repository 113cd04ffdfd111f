"""The WSGI entry point: `gunicorn wsgi:app`, and `FLASK_APP=wsgi` for the commands."""

from app import create_app
from app.core.web import serve_static

app = create_app()
if not app.debug:
    serve_static(app)
