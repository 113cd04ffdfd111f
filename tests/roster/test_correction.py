"""The office puts one home of the roster right, and the journal hears what was changed."""

import json

import pytest
import sqlalchemy as sa

from app.core.db import db
from app.core.guards import Role
from app.journal.models import JournalEntry, Kind
from app.roster.models import Household, Occupancy, Premises, Use
from tests.client import PageClient
from tests.factories import homes_of, make_area, make_building, make_staff


def make_home() -> Premises:
    return homes_of(make_building(homes=1))[0].premises


def changes() -> list[dict[str, object]]:
    told = sa.select(JournalEntry.entry).where(JournalEntry.kind == Kind.ROSTER_CHANGE)
    return [json.loads(entry) for entry in db.session.scalars(told.order_by(JournalEntry.seq))]


def typed(**values: str) -> dict[str, str]:
    form = {"use": "dwelling", "ownership": "", "occupancy": "unknown", "size": "80"}
    return {**form, **values}


def test_what_is_put_right_stands_on_the_roster_and_in_the_journal(client: PageClient) -> None:
    home = make_home()
    client.sign_in(make_staff(Role.WORKER))
    page = client.get("roster_staff.edit_home", premises_id=home.id)
    form = page.form_values("/edit")
    assert form["size"] == "80"
    form |= {"ownership": " 直管公房 ", "occupancy": "vacant", "size": "86.5"}
    client.post("roster_staff.edit_home", form, premises_id=home.id)
    assert (home.ownership, home.occupancy, home.size) == ("直管公房", Occupancy.VACANT, 8650)
    [told] = changes()
    assert (told["premises"], told["facts"]) == (home.id, ["ownership", "occupancy", "size"])
    assert "公房" not in json.dumps(told, ensure_ascii=False)


def test_what_stays_the_same_is_not_recorded(client: PageClient) -> None:
    home = make_home()
    client.sign_in(make_staff())
    done = client.post("roster_staff.edit_home", typed(), premises_id=home.id)
    assert "没有改动" in client.follow(done).text
    assert changes() == []


def test_a_shop_that_becomes_a_dwelling_is_a_household_and_keeps_it_as_a_shop(
    client: PageClient,
) -> None:
    home = make_home()
    shop = Premises(entrance=home.entrance, room="1", position=1, size=5000, use=Use.SHOP)
    db.session.add(shop)
    db.session.flush()
    client.sign_in(make_staff())
    for use in ("dwelling", "shop", "dwelling"):
        client.post("roster_staff.edit_home", typed(use=use), premises_id=shop.id)
        assert shop.use == Use(use)
        found = sa.select(sa.func.count()).where(Household.premises_id == shop.id)
        assert db.session.scalar(found) == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("size", "0"),
        ("size", ""),
        ("size", "八十"),
        ("size", "-3"),
        ("size", "100000.01"),
        ("use", "castle"),
        ("occupancy", "haunted"),
        ("ownership", "公" * 41),
    ],
)
def test_what_no_home_can_be_is_refused(client: PageClient, field: str, value: str) -> None:
    home = make_home()
    client.sign_in(make_staff())
    page = client.post("roster_staff.edit_home", typed(**{field: value}), 422, premises_id=home.id)
    assert page.one(role="alert")
    assert (home.size, home.use, home.ownership) == (8000, Use.DWELLING, "")


def test_homes_of_other_places_are_out_of_reach(client: PageClient) -> None:
    home = make_home()
    client.sign_in(make_staff(Role.OFFICE, make_area()))
    client.get("roster_staff.edit_home", 403, premises_id=home.id)
    client.post("roster_staff.edit_home", typed(size="1"), 403, premises_id=home.id)
    client.get("roster_staff.edit_home", 404, premises_id=999_999)
    assert home.size == 8000


def test_the_list_of_homes_leads_to_each(client: PageClient) -> None:
    home = make_home()
    client.sign_in(make_staff())
    page = client.get("roster_staff.households", compound_id=home.entrance.building.compound_id)
    assert page.all("a", href=f"/desk/premises/{home.id}/edit")
