"""What importing a ledger makes of the roster."""

from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.core import clock
from app.core.db import db
from app.core.sheets import Sheet
from app.journal.models import JournalEntry
from app.roster import actions, queries
from app.roster.areas import Ambiguous, Placement
from app.roster.importer import read_ledger
from app.roster.ledger import Ledger, position
from app.roster.models import (
    Area,
    AreaKind,
    Building,
    Compound,
    Contact,
    Entrance,
    Household,
    Owner,
    Premises,
    Tenure,
    Use,
)
from tests.factories import make_area, make_compound

HEADER = ("乡镇", "社区", "小区名称", "楼栋", "单元", "房号", "用途", "建筑面积", "业主姓名")
HEADER += ("联系电话", "产权性质", "居住情况", "备注")
PLACEMENT = Placement("裕西社区")


def row(room: object = "501", **changes: object) -> tuple[object, ...]:
    values: dict[str, object] = dict.fromkeys(HEADER)
    values |= {
        "小区名称": "甲小区",
        "楼栋": "3号楼",
        "单元": "2单元",
        "房号": room,
        "建筑面积": 86.5,
    }
    values |= {
        "业主姓名": "张三",
        "联系电话": f"138{int(str(room)[:3]) if str(room)[0].isdigit() else 1:08d}",
    }
    return tuple({**values, **changes}.values())


def ledger(*rows: tuple[object, ...]) -> Ledger:
    return read_ledger([Sheet("台账", [HEADER, *rows])])  # type: ignore[list-item]


def imported(*rows: tuple[object, ...], into: Placement = PLACEMENT) -> tuple[int, int, int]:
    done = actions.import_roster(ledger(*rows), into, by=None)
    db.session.expire_all()
    return done.added, done.changed, done.unchanged


def count(model: Any, *where: Any) -> int:
    return int(db.session.scalar(sa.select(sa.func.count()).select_from(model).where(*where)) or 0)


def premises() -> Premises:
    found = db.session.scalar(sa.select(Premises))
    assert found is not None
    return found


def phones() -> set[str]:
    return set(db.session.scalars(sa.select(Contact.phone).where(Contact.ended_at.is_(None))))


def owners() -> set[str]:
    held = sa.select(Owner.name).join(Tenure).where(Tenure.until.is_(None))
    return set(db.session.scalars(held))


@pytest.mark.usefixtures("session")
class TestImport:
    """Each test starts from an empty roster."""

    def test_a_row_becomes_everything_a_home_needs(self) -> None:
        assert imported(row(产权性质="房改", 居住情况="出租", 备注="独居")) == (1, 0, 0)
        home = premises()
        building = home.entrance.building
        assert (building.compound.name, building.name, home.entrance.name) == (
            "甲小区",
            "3号楼",
            "2单元",
        )
        assert (home.room, home.size, home.floor, home.use) == ("501", 8650, 5, "dwelling")
        assert (home.ownership, home.occupancy, home.note) == ("房改房", "let", "独居")
        assert building.floors == 5
        assert len(building.check_phrase.split()) == 2
        assert len(building.token) == 12
        assert owners() == {"张三"}
        assert phones() == {"13800000501"}
        household = db.session.scalar(sa.select(Household))
        assert household is not None
        assert household.address == "3号楼2单元501"

    def test_the_same_ledger_again_changes_nothing_and_records_nothing(self) -> None:
        rows = [row("501"), row("502", 业主姓名="李四、王五"), row("门面1", 用途="商铺")]
        assert imported(*rows) == (3, 0, 0)
        before = {table: count(table) for table in (Premises, Household, Owner, Tenure, Contact)}
        assert imported(*rows) == (0, 0, 3)
        assert {table: count(table) for table in before} == before
        assert count(JournalEntry) == 1

    def test_a_journal_entry_names_counts_and_nobody(self) -> None:
        imported(row())
        entry = db.session.scalar(sa.select(JournalEntry.entry)) or ""
        assert '"added":1' in entry
        assert "张三" not in entry
        assert "13800000501" not in entry

    def test_values_that_differ_are_changed(self) -> None:
        imported(row(), row("502"))
        assert imported(row(建筑面积=90, 居住情况="空置"), row("502")) == (0, 1, 1)
        home = db.session.scalar(sa.select(Premises).where(Premises.room == "501"))
        assert home is not None
        assert (home.size, home.occupancy) == (9000, "vacant")

    def test_empty_cells_erase_nothing(self) -> None:
        imported(row(产权性质="房改", 居住情况="出租", 备注="独居"))
        assert imported(row(业主姓名=None, 联系电话=None)) == (0, 0, 1)
        assert phones() == {"13800000501"}
        assert owners() == {"张三"}
        assert premises().note == "独居"

    def test_a_new_phone_ends_the_old_one_and_keeps_it(self) -> None:
        imported(row(联系电话="13812345678、13912345678"))
        assert imported(row(联系电话="13912345678、13712345678")) == (0, 1, 0)
        assert phones() == {"13912345678", "13712345678"}
        assert count(Contact) == 3

    def test_a_new_owner_ends_the_tenure_of_the_old_one(self) -> None:
        imported(row(业主姓名="张三、李四"))
        assert imported(row(业主姓名="李四、王五")) == (0, 1, 0)
        assert owners() == {"李四", "王五"}
        assert count(Tenure, Tenure.until.is_not(None)) == 1
        assert imported(row(业主姓名="张三")) == (0, 1, 0)
        assert imported(row(业主姓名="张三")) == (0, 0, 1)

    def test_one_name_with_a_shared_phone_is_one_owner_of_several_homes(self) -> None:
        imported(
            row("101", 联系电话="13812345678"),
            row("102", 联系电话="13812345678、13912345678"),
            row("201", 联系电话="13912345678"),
            row("202", 联系电话="13700000000"),
            row("301", 业主姓名="李四", 联系电话="13812345678"),
            row("302", 联系电话=None),
        )
        assert count(Owner) == 4
        imported(row("401", 联系电话="13912345678"))
        assert count(Owner) == 4

    def test_owners_of_different_compounds_are_different_owners(self) -> None:
        imported(row(联系电话="13812345678"), row(小区名称="乙小区", 联系电话="13812345678"))
        assert count(Owner) == 2

    def test_a_shop_is_premises_but_no_household(self) -> None:
        imported(row("门面1", 用途="商铺"))
        assert premises().use == Use.SHOP
        assert (count(Household), count(Contact), count(Tenure)) == (0, 0, 1)
        assert imported(row("门面1", 用途="住宅")) == (0, 1, 0)
        assert (premises().use, count(Household), len(phones())) == ("dwelling", 1, 1)

    def test_a_household_does_not_become_a_shop_by_a_ledger_alone(self) -> None:
        imported(row())
        assert imported(row(用途="商铺")) == (0, 0, 1)
        assert premises().use == Use.DWELLING

    def test_homes_that_are_not_in_the_ledger_stay(self) -> None:
        imported(row("501"), row("502"), row(小区名称="乙小区"))
        found = queries.preview(ledger(row("501")), PLACEMENT)
        assert (found.unchanged, found.absent) == (1, 1)
        assert imported(row("501")) == (0, 0, 1)
        assert count(Household) == 3

    def test_a_ledger_with_errors_changes_nothing(self) -> None:
        with pytest.raises(actions.NotImportable) as refusal:
            actions.import_roster(ledger(row("501"), row("502", 建筑面积=0)), PLACEMENT, by=None)
        assert [problem.row for problem in refusal.value.problems] == [3]
        assert count(Area) == count(Compound) == count(Premises) == 0

    def test_buildings_and_rooms_come_in_the_order_people_read_them(self) -> None:
        names = ["10号楼", "东楼", "2号楼", "B栋", "A栋", "2-1号楼"]
        imported(*(row("101", 楼栋=name) for name in names))
        found = db.session.scalars(sa.select(Building.name).order_by(Building.position))
        assert list(found) == ["2号楼", "2-1号楼", "10号楼", "A栋", "B栋", "东楼"]
        rooms = ["1001", "101", "201", "5-1", "门面1", "102"]
        assert sorted(rooms, key=position) == ["5-1", "101", "102", "201", "1001", "门面1"]

    def test_a_building_without_entrances_has_one_without_a_name(self) -> None:
        imported(row(单元=None), row("502", 单元=None))
        assert list(db.session.scalars(sa.select(Entrance.name))) == [""]

    def test_areas_are_made_from_town_and_community(self) -> None:
        imported(row(乡镇="胜利镇"), row(乡镇="金星镇", 社区="金花园社区", 小区名称="乙小区"))
        names = {compound.name: compound.area.full_name for compound in db.session.query(Compound)}
        assert names == {"甲小区": "本区县 胜利镇 裕西社区", "乙小区": "本区县 金星镇 金花园社区"}
        area = db.session.scalar(sa.select(Area).where(Area.name == "金花园社区"))
        assert area is not None
        assert area.path == f"{area.parent.path}{area.id}/" if area.parent else False

    def test_without_a_town_the_community_that_exists_is_taken(self) -> None:
        community = make_area(name="裕西社区")
        imported(row())
        assert [compound.area_id for compound in db.session.query(Compound)] == [community.id]

    def test_without_a_town_a_new_community_stands_below_an_unnamed_town(self) -> None:
        imported(row(), into=Placement("裕西社区", district="利通区"))
        (compound,) = db.session.query(Compound)
        assert compound.area.full_name == "利通区 未填乡镇 裕西社区"

    def test_namesakes_without_a_town_are_refused(self) -> None:
        town = make_area(AreaKind.TOWN)
        make_area(name="裕西社区", parent=town)
        make_area(name="裕西社区", parent=make_area(AreaKind.TOWN, parent=town.parent))
        with pytest.raises(Ambiguous):
            imported(row())

    def test_rows_that_name_their_own_community_and_rows_that_do_not_are_one_compound(self) -> None:
        assert imported(row("501"), row("502", 社区="裕西社区")) == (2, 0, 0)
        assert count(Compound) == 1
        found = queries.preview(ledger(row("501"), row("501", 社区="裕西社区")), PLACEMENT)
        assert [problem.row for problem in found.errors] == [3]

    def test_nothing_outside_the_scope_is_reached(self) -> None:
        own = make_area(name="东社区")
        make_area(name="西社区", parent=own.parent)
        for into in ("西社区", "新社区"):
            with pytest.raises(actions.NotImportable):
                imported(row(), into=Placement(into, scope=own.path))
        assert imported(row(), into=Placement("东社区", scope=own.path)) == (1, 0, 0)
        assert own.parent is not None
        assert imported(row(), into=Placement("新社区", scope=own.parent.path)) == (1, 0, 0)

    def test_progress_reaches_its_total(self) -> None:
        steps: list[tuple[int, int]] = []
        rows = [row(str(number)) for number in range(101, 110)]
        actions.import_roster(
            ledger(*rows), PLACEMENT, report=lambda *step: steps.append(step), by=None
        )
        assert steps[-1] == (9, 9)


def test_an_import_takes_the_same_number_of_queries_for_few_homes_and_for_many(
    count_queries: Any,
) -> None:
    def queries_for(compound: str, homes: int) -> int:
        rows = [row(str(number), 小区名称=compound) for number in range(101, 101 + homes)]
        with count_queries() as statements:
            imported(*rows)
        with count_queries() as again:
            imported(*rows)
        return len([s for s in (*statements, *again) if not s.startswith("INSERT")])

    queries_for("零", 1)
    assert queries_for("甲", 3) == queries_for("乙", 300)


homes = st.builds(
    row,
    st.integers(101, 110),
    建筑面积=st.integers(1, 30_000).map(lambda hundredths: hundredths / 100),
    业主姓名=st.sampled_from([None, "张三", "李四、王五"]),
    联系电话=st.sampled_from([None, "13812345678", "13812345678、13912345678"]),
    单元=st.sampled_from([None, "1", "2"]),
    居住情况=st.sampled_from([None, "自住", "空置"]),
)


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(homes, min_size=1, max_size=6, unique_by=lambda home: home[5]))
def test_what_was_imported_read_again_is_the_ledger(session: Any, rows: list[Any]) -> None:
    compound = f"小区{clock.now().timestamp()}"
    read = ledger(*(replace_compound(home, compound) for home in rows))
    actions.import_roster(read, PLACEMENT, by=None)
    found = queries.preview(read, PLACEMENT)
    assert (found.added, found.changed, found.unchanged) == (0, 0, len(rows))
    (arrival,) = found.arrivals
    assert arrival.compound is not None
    standing = queries.standing_homes(arrival.compound)
    for home in read.homes:
        known = standing[home.place]
        assert known.size == home.area
        assert set(known.tenures) == set(home.owners)
        assert set(known.contacts) == set(home.phones)


def replace_compound(home: tuple[Any, ...], compound: str) -> tuple[Any, ...]:
    return tuple(
        compound if name == "小区名称" else value for name, value in zip(HEADER, home, strict=True)
    )


def doubts(*rows: tuple[object, ...], into: Placement = PLACEMENT) -> list[str]:
    return [doubt.text for doubt in queries.preview(ledger(*rows), into).doubts]


@pytest.mark.usefixtures("session")
def test_two_new_communities_of_one_ledger_with_nearly_one_name_are_warned_of_once() -> None:
    rows = (
        row("101", 社区="水渠巷"),
        row("102", 社区="水渠巷"),
        row("201", 社区="水渠巷社区"),
        row("301", 社区="金花园社区"),
    )
    (told,) = doubts(*rows)
    assert told.startswith("「本区县 未填乡镇 水渠巷社区」是新社区")
    assert "名字和「本区县 未填乡镇 水渠巷」很像" in told


@pytest.mark.usefixtures("session")
def test_a_namesake_out_of_scope_or_in_another_district_is_not_told() -> None:
    here = make_area(name="东社区")
    make_compound("甲小区", area=make_area(name="西社区", parent=here.parent))
    make_compound("甲小区")
    all_of_town = Placement("东社区", scope=here.parent.path if here.parent else "")
    assert len(doubts(row(), into=all_of_town)) == 1
    assert doubts(row(), into=Placement("东社区", scope=here.path)) == []


@pytest.mark.usefixtures("session")
def test_the_community_that_was_picked_is_meant_unless_the_row_names_another_town() -> None:
    picked = make_area(name="东社区")
    make_area(name="东社区", parent=make_area(AreaKind.TOWN, parent=picked.parent.parent))  # type: ignore[union-attr]
    town = picked.parent
    assert town is not None
    into = Placement("东社区", area_id=picked.id)
    assert imported(row("101"), row("102", 乡镇=town.name, 社区="东社区"), into=into) == (2, 0, 0)
    assert [compound.area_id for compound in db.session.query(Compound)] == [picked.id]
    imported(row("101", 乡镇="别的镇"), into=into)
    assert {c.area.parent.name for c in db.session.query(Compound) if c.area.parent} == {
        town.name,
        "别的镇",
    }
