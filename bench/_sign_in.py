"""Prints the cookie of a signed-in member of staff of the installation of the environment."""

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from flask import session
from sqlalchemy import select

from app.accounts.models import Staff
from app.core import clock
from app.core.db import db
from app.core.guards import Role
from wsgi import app


def main() -> None:
    """The session as the sign-in page leaves it."""
    with app.app_context(), app.test_request_context():
        who = db.session.scalars(select(Staff).where(Staff.role == Role.ADMIN)).first()
        assert who, "nobody is there to sign in"
        now = int(clock.now().timestamp())
        moments = dict.fromkeys(("staff_began", "staff_seen", "staff_sure"), now)
        kept = {**session, "_user_id": who.identity.get_id(), "_fresh": True, **moments}
        signer: Any = app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]
        print(f"{app.config['SESSION_COOKIE_NAME']}={signer.dumps(kept)}")


if __name__ == "__main__":
    main()
