"""Signs households in and writes the request that each one's phone would send to vote.

`python bench/_phones.py COUNT FILE` works on the installation of the environment: one household
session each, the cookie and the token as the product makes them, and the ballot in the cookie
that the review page leaves there.
"""

import json
import random
import secrets
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from flask import Flask, session
from flask_wtf.csrf import generate_csrf
from sqlalchemy import insert, select

from app.accounts.models import HouseholdCode, HouseholdSession
from app.accounts.sessions import token_digest
from app.core import clock
from app.core.cookies import note_signer
from app.core.db import db
from app.rounds.models import Matter, RegisterEntry, Round
from bench._wire import request
from wsgi import app

_ANSWERS = ("agree", "agree", "agree", "agree", "disagree", "abstain")


def main() -> None:
    """Write the requests of so many households of the open rounds, in a random order."""
    count, path = int(sys.argv[1]), Path(sys.argv[2])
    with app.app_context():
        requests = list(_requests(app, count))
        db.session.commit()
    assert len(requests) == count, f"{len(requests)} households can vote, not {count}"
    path.write_text(json.dumps(requests))


def _requests(app: Flask, count: int) -> Iterator[str]:
    host = app.extensions["juyi_config"].host
    matters: dict[int, list[int]] = {}
    for matter in db.session.scalars(select(Matter).order_by(Matter.position)):
        matters.setdefault(matter.round_id, []).append(matter.id)
    homes = db.session.execute(
        select(RegisterEntry.round_id, HouseholdCode.household_id, HouseholdCode.id)
        .join(Round, Round.id == RegisterEntry.round_id)
        .join(HouseholdCode, HouseholdCode.household_id == RegisterEntry.household_id)
        .where(Round.opened_at.is_not(None), HouseholdCode.revoked_at.is_(None))
        .order_by(RegisterEntry.household_id)
    ).all()
    chance = random.Random(8)
    for round_id, household_id, code_id in chance.sample(homes, min(count, len(homes))):
        token = _sign_in(household_id, code_id)
        ballot = _ballot(matters[round_id], chance)
        cookie, csrf = _browser(app, token, round_id, household_id, ballot)
        body = urlencode({"csrf_token": csrf, **ballot})
        yield request(host, f"/rounds/{round_id}/vote", body, cookie)


def _sign_in(household_id: int, code_id: int) -> str:
    token = secrets.token_urlsafe(24)
    db.session.execute(
        insert(HouseholdSession).values(
            token_digest=token_digest(token),
            household_id=household_id,
            code_id=code_id,
            began_at=clock.now(),
        )
    )
    return token


def _ballot(matters: list[int], chance: random.Random) -> dict[str, str]:
    said = {f"matter-{matter}": chance.choice(_ANSWERS) for matter in matters}
    return {**said, "comment": "", "request_id": secrets.token_hex(12), "seen": "0.1"}


def _browser(
    app: Flask, token: str, round_id: int, household_id: int, ballot: dict[str, str]
) -> tuple[str, str]:
    """The cookie after the review page, and the token of its form."""
    # A context of its own, because the token of a request is remembered in it.
    with app.app_context(), app.test_request_context():
        csrf = generate_csrf()
        kept: dict[str, Any] = {
            **session,
            "_permanent": True,
            "building": secrets.token_urlsafe(9),
            "phone": "0951-2345678",
            "household": {"token": token, "seen": int(clock.now().timestamp())},
        }
        # What the review page leaves in the browser until the vote is recorded.
        answers = {name: ballot[name] for name in ballot if name.startswith("matter-")}
        note: dict[str, Any] = {
            "round": round_id,
            "home": household_id,
            "answers": answers,
            "words": b"",
            "request_id": ballot["request_id"],
            "seen": ballot["seen"],
        }
        written = note_signer("ballot").dumps(note)
    signer: Any = app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]
    return f"{app.config['SESSION_COOKIE_NAME']}={signer.dumps(kept)}; ballot={written}", csrf


if __name__ == "__main__":
    main()
