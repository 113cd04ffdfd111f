"""The facts of a compound, and the list of who lives where."""

from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from app.core import clock
from app.core.guards import Role
from app.journal.models import JournalEntry, Kind
from app.roster import actions
from app.roster.models import Contact, Premises, Tenure, Use
from tests.client import PageClient
from tests.factories import (
    homes_of,
    make_area,
    make_building,
    make_compound,
    make_household,
    make_staff,
)


@pytest.fixture
def worker(client: PageClient) -> PageClient:
    client.sign_in(make_staff(Role.WORKER))
    return client


def recorded(session: Any) -> list[str]:
    kept = sa.select(JournalEntry.entry).where(JournalEntry.kind == Kind.ROSTER_CHANGE)
    return list(session.scalars(kept))


def test_facts_are_corrected_and_shown(worker: PageClient, session: Any) -> None:
    compound = make_compound("甲小区", built_year=1985)
    page = worker.get("desk.compound", compound_id=compound.id)
    assert "修改" in [a.text for a in page.all("a") if a["href"].endswith("/facts")]
    form = worker.get("roster_staff.facts", compound_id=compound.id)
    assert "居民页上的电话" in form.text
    values = form.form_values("/facts")
    assert (values["built_year"], values["phone"]) == ("1985", "0953-5550100")
    values |= {"built_year": "1998年", "address": "裕民街 3 号", "phone": "０９５３ 5550333"}
    done = worker.post("roster_staff.facts", values, compound_id=compound.id)
    text = worker.follow(done).text
    assert "裕民街 3 号" in text
    assert "1998" in text
    assert compound.phone == "0953 5550333"
    (entry,) = recorded(session)
    assert '"facts":["address","built_year","phone"]' in entry
    assert "5550333" not in entry


def test_facts_sent_unchanged_record_nothing(worker: PageClient, session: Any) -> None:
    compound = make_compound(needs="换水管\n修屋面")
    values = worker.get("roster_staff.facts", compound_id=compound.id).form_values("/facts")
    worker.post("roster_staff.facts", values, compound_id=compound.id)
    assert recorded(session) == []


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("built_year", "八五年", "四位数"),
        ("built_year", "1085", "1900"),
        ("built_year", str(clock.now().year + 1), "建成年份要在"),
        ("phone", "王主任", "只能有数字"),
        ("address", "路" * 201, "太长了，最多 200 个字"),
    ],
)
def test_facts_that_cannot_be_are_refused(
    worker: PageClient, session: Any, name: str, value: str, words: str
) -> None:
    compound = make_compound()
    values = worker.get("roster_staff.facts", compound_id=compound.id).form_values("/facts")
    page = worker.post(
        "roster_staff.facts", {**values, name: value}, status=422, compound_id=compound.id
    )
    assert words in page.one(role="alert").text
    assert recorded(session) == []


def test_a_year_before_any_such_house_is_refused_before_anything_changes(session: Any) -> None:
    compound = make_compound(address="旧址")
    facts = actions.CompoundFacts("新址", "", 1899, "", "", "", "", "", "", "")
    with pytest.raises(actions.BadFact):
        actions.edit_compound(compound, facts, by=make_staff().identity)
    assert compound.address == "旧址"


def test_homes_are_listed_by_entrance_with_masked_phones(worker: PageClient, session: Any) -> None:
    compound = make_compound()
    first = make_building(compound, homes=0, entrances=2)
    make_building(compound, "2号楼", homes=4)
    make_household(first.entrances[1], "1001", 9050, "李四", "13812345678")
    make_household(first.entrances[0], "102", owner="王五")
    home = make_household(first.entrances[0], "101", owner="张三")
    shop = Premises(entrance=first.entrances[0], room="门面1", position=10**9, size=300)
    shop.use = Use.SHOP
    session.add(shop)
    past = Contact(household=home, phone="13911112222", since=clock.now(), ended_at=clock.now())
    session.add(past)
    session.scalars(
        sa.select(Tenure).where(Tenure.premises_id == home.premises_id)
    ).one().until = clock.now()
    page = worker.get("roster_staff.households", compound_id=compound.id)
    assert [heading.text for heading in page.all("h2")] == ["1号楼1单元 2 户", "1号楼2单元 1 户"]
    assert [row.all("th")[0].text for row in page.all("tr") if row.all("td")] == [
        "101",
        "102",
        "门面1 商铺",
        "1001",
    ]
    cells = [[cell.text for cell in row.all("td")] for row in page.all("tr") if row.all("td")]
    assert cells[0] == ["80.00", "—", "—", "—", "未填", "改101"]
    assert cells[3] == ["90.50", "李**", "138****5678", "—", "未填", "改1001"]
    assert "13812345678" not in page.html
    (other,) = [a["href"] for a in page.all("a") if a.text == "2号楼"]
    assert worker.visit(other).one("h2").text == "2号楼1单元 4 户"


def test_the_list_leads_nowhere_else(worker: PageClient) -> None:
    compound, other = make_compound(), make_building()
    page = worker.get("roster_staff.households", compound_id=compound.id)
    assert "还没有楼栋" in page.text
    url = f"/desk/compounds/{compound.id}/households?building={other.id}"
    worker.visit(url, status=404)


def test_a_list_of_many_homes_takes_as_many_queries_as_one_of_few(
    worker: PageClient, count_queries: Any
) -> None:
    few, many = make_building(homes=2), make_building(homes=40, entrances=2)
    assert len(homes_of(many)) == 40
    taken = []
    for building in (few, many):
        worker.get("roster_staff.households", compound_id=building.compound_id)
        with count_queries() as statements:
            worker.get("roster_staff.households", compound_id=building.compound_id)
        taken.append(len(statements))
    assert taken[0] == taken[1]


@pytest.mark.parametrize("endpoint", ["roster_staff.facts", "roster_staff.households"])
def test_compounds_out_of_scope_and_strangers_are_kept_out(
    app: Flask, client: PageClient, endpoint: str
) -> None:
    compound = make_compound()
    client.sign_in(make_staff(Role.WORKER, make_area()))
    client.get(endpoint, status=403, compound_id=compound.id)
    client.get(endpoint, status=404, compound_id=compound.id + 999)
    stranger = PageClient(app)
    path = endpoint.rsplit(".", 1)[1]
    answer = stranger.raw("get", f"/desk/compounds/{compound.id}/{path}")
    assert answer.status_code == 303
    client.sign_in(make_staff(Role.WORKER, compound.area))
    client.get(endpoint, compound_id=compound.id)


def test_facts_out_of_scope_cannot_be_changed(client: PageClient, session: Any) -> None:
    compound = make_compound(address="旧址")
    client.sign_in(make_staff(Role.OFFICE, make_area()))
    client.post("roster_staff.facts", {"address": "新址"}, status=403, compound_id=compound.id)
    assert compound.address == "旧址"
