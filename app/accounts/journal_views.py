"""What the office did, read from its book of the journal; nothing here changes anything."""

from typing import Any

from flask import Blueprint, Flask, Response, request
from flask_login import current_user

from app.accounts import office_book
from app.core.guards import Role, staff
from app.core.paging import paged
from app.core.web import asked_number, page
from app.journal.models import Kind

bp = Blueprint("accounts_journal", __name__, url_prefix="/desk")


def init_app(app: Flask) -> None:
    """Register the page."""
    app.register_blueprint(bp)


@bp.get("/journal")
@staff(Role.OFFICE, Role.DISTRICT, Role.AUDITOR)
def journal() -> Response:
    """The entries a page at a time, of one kind when it is asked for."""
    kind = request.args.get("kind", type=Kind)
    stretch = paged(office_book.entries(current_user, kind), asked_number("page"))
    lines = office_book.as_lines([row[0] for row in stretch.rows])
    kinds = [(one.value, label) for one, label in office_book.KINDS.items()]
    shown: dict[str, Any] = {"stretch": stretch, "lines": lines, "kinds": kinds, "kind": kind}
    return page("accounts/staff/journal.html", **shown)
