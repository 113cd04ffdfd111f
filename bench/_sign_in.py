"""Makes accounts of the installation of the environment and signs each of them in.

`python bench/_sign_in.py COUNT FILE` writes the cookies, one for each, as a JSON list.
"""

import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from app.accounts import desk_sessions
from app.accounts.models import Staff
from app.core import clock
from app.core.db import db
from app.core.guards import Role
from wsgi import app


def main() -> None:
    """The sessions as the sign-in page leaves them."""
    count, path = int(sys.argv[1]), Path(sys.argv[2])
    with app.app_context():
        people = [_made(number) for number in range(count)]
        db.session.add_all(people)
        db.session.flush()
        cookies = [_signed_in(person) for person in people]
        db.session.commit()
    path.write_text(json.dumps(cookies))


def _made(number: int) -> Staff:
    return Staff(
        username=f"viewer-{number}",
        name="观众",
        role=Role.OFFICE,
        password_hash="",
        created_at=clock.now(),
    )


def _signed_in(person: Staff) -> str:
    now = int(clock.now().timestamp())
    moments = dict.fromkeys(("staff_began", "staff_seen", "staff_sure"), now)
    token = desk_sessions.begin(person.id, "")
    kept = {"_user_id": token, "_fresh": True, **moments}
    signer: Any = app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]
    return f"{app.config['SESSION_COOKIE_NAME']}={signer.dumps(kept)}"


if __name__ == "__main__":
    main()
