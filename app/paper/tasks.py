"""The job that lays out a batch of forms, and the minute's round that deletes what is fetched."""

from datetime import timedelta
from typing import Any

from flask import Flask

from app.core import clock, files
from app.core.db import db, release
from app.core.jobs import Report, every_minute, handles
from app.paper import printing, queries
from app.paper.actions import purge_expired
from app.paper.models import PaperBatch
from app.paper.sheet import heading_of, sheets_of

# Long enough for a stubborn printer; it can be laid out again with the same numbers.
KEPT_FOR = timedelta(hours=24)


@handles(queries.FORMS)
def print_forms(params: dict[str, Any], report: Report) -> dict[str, Any]:
    """Lay the forms of a batch out; their numbers were given when they were ordered."""
    batch = db.session.get_one(PaperBatch, params["batch_id"])
    heading, sheets = heading_of(batch.round), sheets_of(batch)
    release()
    name = files.keep_alone(printing.forms_pdf(heading, sheets, report))
    expires_at = clock.now() + KEPT_FOR
    return {"file": name, "forms": len(sheets), "expires_at": expires_at.isoformat()}


def purge_forms() -> None:
    """Delete the PDFs whose time is over."""
    if purge_expired(clock.now()):
        db.session.commit()


def init_app(app: Flask) -> None:
    """Look for expired files every minute."""
    every_minute(app, purge_forms)
