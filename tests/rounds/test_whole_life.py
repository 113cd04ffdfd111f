"""Random lives of a round: whatever happens in whatever order, every number is the right one.

P1 every acknowledged vote stands in the journal once. P2 every vote there was asked for, once per
request. P3 boards, recount and a reckoning by hand agree. P4 each household's votes stand in their
order. P5 what was refused never appears. P6 the same request again has the same end (FAULTS.md §1).
`JUYI_LIVES=2000` runs so many lives.
"""

import os

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from app.core.db import db
from tests.rounds.living import make_world
from tests.rounds.living_ends import Life

LIVES = int(os.environ.get("JUYI_LIVES", "0"))


@pytest.mark.usefixtures("session")
def test_every_life_of_a_round_is_counted_as_by_hand() -> None:
    connection = db.session.connection()
    assert isinstance(connection, sa.Connection)

    class Here(Life):
        world = make_world(connection)

    run_state_machine_as_test(
        Here,
        settings=settings(
            max_examples=LIVES or 25,
            stateful_step_count=50,
            deadline=None,
            database=None,
            print_blob=False,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate],
        ),
    )
    print(f"\n{Here.lives} lives, {Here.steps} events")
    assert Here.steps > Here.lives
