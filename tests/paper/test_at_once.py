"""Two persons at the same moment: one form becomes one vote, whoever is faster."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
import sqlalchemy as sa
from flask import Flask

from app.accounts.models import Staff
from app.core.db import db
from app.core.errors import Refused
from app.paper import queries
from app.paper.keying import key
from app.paper.models import PaperForm
from app.rounds.counting import Choice
from app.rounds.models import Vote
from app.rounds.recounting import differences
from tests.apart import app_apart
from tests.paper.papers import make_desk


@pytest.mark.parametrize("choices", [("agree", "agree"), ("agree", "disagree")])
def test_two_second_entries_at_once_make_one_vote(
    tmp_path: Path, worker_id: str, choices: tuple[str, str]
) -> None:
    with app_apart(tmp_path, f"paper_{worker_id}") as app:
        with app.app_context():
            desk = make_desk()
            form = desk.photographed()
            desk.keys(form, 0, Choice.AGREE)
            said = [desk.said(form, Choice(choice)) for choice in choices]
            form_id, people = form.id, [person.id for person in desk.people[1:]]
            db.session.commit()
        start = Barrier(2)

        def enter(who: int) -> str:
            return _key(app, form_id, people[who], said[who], start)

        with ThreadPoolExecutor(2) as pool:
            became = sorted(pool.map(enter, range(2)))
        with app.app_context():
            _check_one_vote(form_id, became)


def _key(app: Flask, form_id: int, staff_id: int, said: object, start: Barrier) -> str:
    with app.app_context():
        start.wait()
        by = db.session.get_one(Staff, staff_id).identity
        try:
            outcome = key(db.session.get_one(PaperForm, form_id), said, by=by)  # type: ignore[arg-type]
            db.session.commit()
        except Refused as refusal:
            return type(refusal).__name__
        return outcome.became.value


def _check_one_vote(form_id: int, became: list[str]) -> None:
    form = db.session.get_one(PaperForm, form_id)
    votes = db.session.scalars(sa.select(Vote).filter_by(entry_id=form.entry_id)).all()
    assert [vote.id for vote in votes] == [form.vote_id]
    # The slower one finds it counted, or settled a mismatch that the faster one made.
    assert became in (["WrongState", "counted"], ["counted", "mismatch"])
    assert queries.sums_of(form.round_id).counted == 1
    assert differences(form.round) == []
