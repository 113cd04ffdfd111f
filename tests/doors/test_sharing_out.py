"""Who walks where: given in bulk, taken back within ten minutes, never to a stranger."""

from datetime import timedelta

import pytest
import time_machine

from app.accounts.models import Staff
from app.core import clock
from app.core.db import db
from app.core.guards import Role
from app.doors import queries
from app.doors.actions import NoDoors, NotTheirs, TooLate, share_out, take_back
from app.doors.models import AssignmentChange, Outcome
from app.doors.queries import Wanted
from tests.doors.conftest import Street, entries_of
from tests.factories import make_area, make_building, make_round, make_staff


def workers_of(street: Street) -> list[str]:
    return [door.worker for door in queries.all_doors(street.round.id, Wanted())]


def give(street: Street, *places: int, to: Staff | None) -> AssignmentChange:
    doors = [street.entries[at].id for at in places]
    shared = share_out(street.round, doors, to, by=street.worker.identity)
    assert shared.doors == len(doors)
    return db.session.get_one(AssignmentChange, shared.change_id)


def test_doors_are_given_and_taken_back_to_whose_they_were(street: Street) -> None:
    first, second = street.worker, make_staff(Role.WORKER, street.round.compound.area)
    give(street, 0, 1, to=first)
    change = give(street, 1, 2, to=second)
    assert workers_of(street) == [first.name, second.name, second.name, "", "", ""]
    take_back(change, by=street.worker.identity)
    assert workers_of(street) == [first.name, first.name, "", "", "", ""]


def test_doors_are_given_to_nobody_and_that_too_is_taken_back(street: Street) -> None:
    give(street, 0, 1, to=street.worker)
    change = give(street, 0, 1, to=None)
    assert workers_of(street) == [""] * 6
    give(street, 1, to=street.worker)
    take_back(change, by=street.worker.identity)
    assert workers_of(street)[:3] == [street.worker.name, street.worker.name, ""]


def test_what_went_to_a_third_person_since_stays_there(street: Street) -> None:
    second, third = (make_staff(Role.WORKER, street.round.compound.area) for _ in range(2))
    change = give(street, 0, 1, to=second)
    give(street, 0, to=third)
    assert take_back(change, by=street.worker.identity).doors == 1
    assert workers_of(street)[:2] == [third.name, ""]


def test_it_is_taken_back_once_by_the_same_person_within_ten_minutes(street: Street) -> None:
    by, start = street.worker.identity, clock.now()
    change = give(street, 0, to=street.worker)
    with pytest.raises(TooLate):
        take_back(change, by=make_staff().identity)
    with time_machine.travel(start + timedelta(minutes=11), tick=False), pytest.raises(TooLate):
        take_back(change, by=by)
    take_back(change, by=by)
    with pytest.raises(TooLate):
        take_back(change, by=by)


def test_nobody_of_another_area_or_office_and_no_closed_account_walks_here(street: Street) -> None:
    area = street.round.compound.area
    closed = make_staff(Role.WORKER, area)
    closed.closed_at = clock.now()
    strangers = (make_staff(Role.WORKER, make_area()), make_staff(Role.DISTRICT), closed)
    for stranger in strangers:
        with pytest.raises(NotTheirs):
            give(street, 0, to=stranger)
    walkers = queries.walkers_of(street.round.compound)
    assert street.worker in walkers
    assert not [one for one in strangers if one in walkers]


def test_doors_of_another_round_and_none_at_all_are_refused(street: Street) -> None:
    other = entries_of(make_round(make_building().compound))[0]
    by = street.worker.identity
    for doors in ([], [other.id], [street.entries[0].id, other.id]):
        with pytest.raises(NoDoors):
            share_out(street.round, doors, street.worker, by=by)
    assert workers_of(street) == [""] * 6


def test_the_list_is_narrowed_by_place_state_outcome_day_and_person(street: Street) -> None:
    street.knock(0, Outcome.NOT_AT_HOME, next_on=queries.today())
    street.knock(4, Outcome.REFUSES)
    give(street, 0, 3, to=street.worker)

    def found(**wanted: object) -> list[int]:
        ids = queries.door_ids(street.round.id, Wanted(**wanted))  # type: ignore[arg-type]
        return sorted(street.entries.index(e) for e in street.entries if e.id in ids)

    first = street.entries[0]
    assert found(building_id=first.building_id) == [0, 1, 2, 3, 4, 5]
    assert found(entrance_id=first.entrance_id) == [0, 1, 2]
    assert found(outcome="refuses") == [4]
    assert found(outcome="never") == [1, 2, 3, 5]
    assert found(is_due=True) == [0]
    assert found(worker_id=street.worker.id) == [0, 3]
    assert found(worker_id=0) == [1, 2, 4, 5]
    assert found(worker_id=street.worker.id, is_due=True) == [0]
