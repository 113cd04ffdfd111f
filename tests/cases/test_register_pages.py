"""The register at the desk: who counts where and why, and how two persons change it."""

from typing import Any

import pytest

from app.core.db import db
from app.core.guards import Role
from app.roster.models import Occupancy, Owner, Premises, Tenure, Use
from app.rounds import actions, decisions, register
from app.rounds.cases import Decision
from app.rounds.counting import Choice
from app.rounds.listing import Line, listing_of, since_publication
from app.rounds.matters import choose_profile
from app.rounds.models import RegisterEntry, Round
from app.rounds.profile import Case, Switches
from tests.client import Page, PageClient
from tests.factories import homes_of, make_area, make_building, make_round, make_staff
from tests.rounds.test_matter_pages import make_draft
from tests.rounds.test_register_page import make_published_register
from tests.rounds.voters import cast_quickly

WHY = {"reason": "入户核实", "evidence": "不动产权证，社区档案柜"}


def make_register(**facts: Any) -> Round:
    """A frozen register whose first premises are as `facts` say; three more are plain homes."""
    building = make_building(homes=4)
    first = homes_of(building)[0].premises
    for name, value in facts.items():
        setattr(first, name, value)
    db.session.flush()
    return make_round(building.compound, opened=False)


def entries(round_: Round) -> list[RegisterEntry]:
    found = db.session.query(RegisterEntry).filter_by(round_id=round_.id)
    return found.order_by(RegisterEntry.position).all()


def lines(round_: Round) -> list[Line]:
    return list(listing_of(round_).lines)


def shown(page: Page, room: str) -> str:
    """The first row of a room."""
    rows = [row for row in page.all("tr") if row.all("th") and row.all("th")[0].text == room]
    return rows[0].text


def approved(decision: Decision) -> None:
    decisions.approve(decision, by=make_staff().identity)


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({}, ("住宅", "算一户", "业主算一个人，面积计入")),
        (
            {"occupancy": Occupancy.LET},
            ("出租", "业主说了算；租户可以提意见，不计票", "租户要有业主的书面委托"),
        ),
        (
            {"occupancy": Occupancy.VACANT},
            ("空置", "计入总户数；没有表态不算同意", "业主算一个人"),
        ),
        (
            {"ownership": "直管公房"},
            ("公房", "住在里面的人家算一户", "产权单位另列一条"),
        ),
        (
            {"ownership": "开发商未售"},
            ("未售或未交付", "不算户：没有人住，单独列出", "业主是开发商，合起来算一个人"),
        ),
        (
            {"ownership": "未交付", "occupancy": Occupancy.OWNER},
            ("未办交付，已有人住", "已经有人住，算一户", "开发商另列一条"),
        ),
        ({"use": Use.SHOP}, ("商铺", "不算户；可以提意见", "业主算一个人，面积计入，用纸质表")),
    ],
)
def test_each_kind_of_premises_says_how_it_counts_and_why(
    client: PageClient, facts: dict[str, Any], words: tuple[str, ...]
) -> None:
    round_ = make_register(**facts)
    client.sign_in(make_staff(Role.WORKER))
    row = shown(client.get("cases_register.register", round_id=round_.id), "101")
    for word in words:
        assert word in row


def test_a_public_dwelling_is_no_household_where_the_profile_says_so(client: PageClient) -> None:
    round_ = make_draft()
    homes_of(round_.compound.buildings[0])[0].premises.ownership = "公房"
    switches = Switches(public_tenant_counts=False)
    choose_profile(round_, "henan-80", switches, by=make_staff().identity)
    client.sign_in(make_staff())
    page = client.get("cases_register.register", round_id=round_.id)
    assert "这一条是产权单位，不算户" in shown(page, "101")
    assert listing_of(round_).households == 3


def test_garages_stand_on_no_register(client: PageClient) -> None:
    round_ = make_draft()
    homes_of(round_.compound.buildings[0])[0].premises.use = Use.OTHER
    client.sign_in(make_staff())
    page = client.get("cases_register.register", round_id=round_.id)
    assert len(lines(round_)) == 3
    assert "3 户" in page.one("dl").text


def test_an_owner_of_two_homes_is_one_head_and_flagged_on_both(client: PageClient) -> None:
    building = make_building(homes=4)
    first, second = (home.premises for home in homes_of(building)[:2])
    second.tenures[0].owner_id = first.tenures[0].owner_id
    db.session.flush()
    db.session.expire_all()
    round_ = make_round(building.compound, opened=False)
    listing = listing_of(round_)
    assert (listing.households, listing.heads, listing.area) == (4, 3, 32_000)
    assert [line.held for line in listing.lines] == [2, 2, 1, 1]
    client.sign_in(make_staff())
    page = client.get("cases_register.register", round_id=round_.id)
    assert page.text.count("同一业主共 2 套，业主表决只算一人") == 2
    entry = entries(round_)[0]
    assert "同一业主共 2 套，只算一人" in client.get("cases_register.entry", entry_id=entry.id).text


def test_what_is_no_household_is_listed_apart_with_its_area(client: PageClient) -> None:
    round_ = make_register(ownership="未售", size=12_345)
    client.sign_in(make_staff())
    sums = client.get("cases_register.register", round_id=round_.id).one(
        "section", aria_labelledby="sums"
    )
    assert "3 户" in sums.text
    assert "4 人，363.45 ㎡" in sums.text
    assert "未售或未交付 1 套，123.45 ㎡：不算户：没有人住，单独列出" in sums.text


def test_before_the_freeze_it_follows_the_roster_and_tells_what_changed_since(
    client: PageClient,
) -> None:
    building = make_building(homes=2)
    client.sign_in(make_staff())
    round_ = make_published_register(building.compound)
    page = client.get("cases_register.register", round_id=round_.id)
    assert "公示时 2 户，现在 2 户" in page.text
    assert "名册没有改过" in page.text
    premises = homes_of(building)[0].premises
    form = {"use": "shop", "ownership": "", "occupancy": "unknown", "size": "80"}
    client.post("roster_staff.edit_home", form, premises_id=premises.id)
    page = client.get("cases_register.register", round_id=round_.id)
    assert "公示时 2 户，现在 1 户" in page.text
    assert "1号楼1单元101：更正用途" in page.text
    since = since_publication(round_)
    assert since is not None
    assert since.households_then == 2
    actions.freeze_register(round_, by=make_staff().identity)
    assert since_publication(round_) is None


def test_the_frozen_register_says_its_hash_and_every_change(client: PageClient) -> None:
    round_ = make_register()
    first, second = entries(round_)[:2]
    office = make_staff().identity
    removal = register.propose_removal(first, decisions.Grounds("重复登记"), by=office)
    approved(removal)
    register.propose_removal(second, decisions.Grounds("也是重复"), by=office)
    client.sign_in(make_staff())
    page = client.get("cases_register.register", round_id=round_.id)
    assert round_.register_hash is not None
    assert round_.register_hash in page.text
    assert "增加 0 户，去掉 1 户" in page.text
    [gone] = page.all("tr", class_="removed")
    assert "重复登记" in gone.text
    assert "已去掉，不计" in gone.text
    assert "登记册去掉一户，等第二个人" in shown(page, "102")
    assert "3 户" in page.one("section", aria_labelledby="sums").text


def test_a_register_that_the_roster_left_behind_is_marked(client: PageClient) -> None:
    round_ = make_register()
    entry = entries(round_)[0]
    entry.premises.size = 9000
    db.session.flush()
    client.sign_in(make_staff())
    page = client.get("cases_register.register", round_id=round_.id)
    assert "名册已经改了" in shown(page, "101")
    assert "名册已经改了" not in shown(page, "102")
    assert "80.00" in shown(page, "101")


def test_a_removal_is_proposed_with_what_it_does_and_waits(client: PageClient) -> None:
    round_ = make_register()
    entry = entries(round_)[0]
    client.sign_in(make_staff(Role.WORKER))
    page = client.get("cases_register.remove", entry_id=entry.id)
    changed = page.one("table", class_="changes").text
    assert "总户数4 户3 户" in changed
    assert "4 户3 户" in changed.split("改造方案")[1]
    answer = client.post("cases_register.remove", WHY, entry_id=entry.id)
    assert "等另一位同事同意" in client.follow(answer).text
    assert entry.removed_at is None
    [decision] = decisions.waiting(round_.id)
    assert (decision.reason, decision.evidence) == (WHY["reason"], WHY["evidence"])
    again = client.post("cases_register.remove", WHY, 422, entry_id=entry.id)
    assert "已经有人提了" in again.text
    approved(decision)
    assert listing_of(round_).households == 3
    gone = client.get("cases_register.entry", entry_id=entry.id)
    assert "已经去掉了" in gone.text
    assert not gone.all("a", href=f"/desk/entries/{entry.id}/remove")


@pytest.mark.parametrize("verb", ["remove", "transfer"])
@pytest.mark.parametrize("missing", ["reason", "evidence"])
def test_nothing_is_proposed_without_a_reason_and_a_paper(
    client: PageClient, verb: str, missing: str
) -> None:
    round_ = make_register()
    entry = entries(round_)[0]
    client.sign_in(make_staff())
    form = {**WHY, "names": "李四", missing: "  "}
    page = client.post(f"cases_register.{verb}", form, 422, entry_id=entry.id)
    assert "请写明" in page.one(role="alert").text
    assert decisions.waiting(round_.id) == []


def test_a_correction_shows_register_and_roster_side_by_side(client: PageClient) -> None:
    round_ = make_register()
    entry = entries(round_)[0]
    client.sign_in(make_staff())
    same = client.get("cases_register.correct", entry_id=entry.id)
    assert "没有要更正的" in same.text
    assert same.all("a", href=f"/desk/premises/{entry.premises_id}/edit")
    entry.premises.occupancy, entry.premises.ownership = Occupancy.VACANT, "未售"
    page = client.get("cases_register.correct", entry_id=entry.id)
    assert "住宅未售或未交付" in page.all("table")[0].text
    assert "总户数4 户3 户" in page.all("table")[1].text
    client.post("cases_register.correct", WHY, entry_id=entry.id)
    [decision] = decisions.waiting(round_.id)
    assert entry.case == Case.OWNED
    approved(decision)
    assert entry.removed_at is not None
    (now,) = (e for e in entries(round_) if e.case == Case.UNDELIVERED)
    assert (now.premises_id, now.is_household, now.is_property) == (entry.premises_id, False, True)


@pytest.mark.usefixtures("client")
def test_what_turned_out_to_be_a_garage_counts_in_nothing_and_stays_listed() -> None:
    round_ = make_register()
    entry = entries(round_)[0]
    entry.premises.use = Use.OTHER
    why = decisions.Grounds("是车库")
    approved(register.propose_correction(entry, why, by=make_staff().identity))
    listing = listing_of(round_)
    assert (listing.households, listing.heads, listing.area) == (3, 3, 24_000)
    [gone] = (line for line in listing.lines if line.removed_at)
    assert gone.premises_id == entry.premises_id


def test_a_transfer_takes_one_name_a_line_and_keeps_names_off_the_journal(
    client: PageClient,
) -> None:
    round_ = make_register()
    entry = entries(round_)[0]
    client.sign_in(make_staff())
    form = {**WHY, "names": "李四\n\n 王五 \n李四"}
    client.post("cases_register.transfer", form, entry_id=entry.id)
    [decision] = decisions.waiting(round_.id)
    assert len(decision.params["owners"]) == 2
    approved(decision)
    assert entry.transferred_at is not None
    held = db.session.query(Tenure).filter_by(premises_id=entry.premises_id, until=None)
    names = [db.session.get_one(Owner, tenure.owner_id).name for tenure in held]
    assert sorted(names) == ["李四", "王五"]
    page = client.get("cases_register.register", round_id=round_.id)
    assert "过户，以前表的态有效" in shown(page, "101")


@pytest.mark.parametrize(("voted", "heads"), [(False, 4), (True, 3)])
def test_a_buyer_is_a_head_of_its_own_unless_the_seller_had_spoken(
    client: PageClient, voted: bool, heads: int
) -> None:
    building = make_building(homes=4)
    homes = homes_of(building)
    homes[1].premises.tenures[0].owner_id = homes[0].premises.tenures[0].owner_id
    db.session.flush()
    db.session.expire_all()
    round_ = make_round(building.compound)
    entry = entries(round_)[0]
    if voted:
        cast_quickly(round_, homes[0], Choice.AGREE, "r" * 24)
    sale = register.propose_transfer(
        entry, ["钱买房"], decisions.Grounds("买卖"), by=make_staff().identity
    )
    approved(sale)
    assert listing_of(round_).heads == heads
    assert register.differences(entry) == {}
    client.sign_in(make_staff())
    assert "名册已经改了" not in client.get("cases_register.entry", entry_id=entry.id).text


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (" \n ", "请填新业主的姓名"),
        ("长" * 81, "姓名太长"),
        ("\n".join("甲乙丙丁戊己庚辛壬癸子"), "10"),
    ],
)
def test_names_that_cannot_be_are_refused(client: PageClient, names: str, words: str) -> None:
    entry = entries(make_register())[0]
    client.sign_in(make_staff())
    form = {**WHY, "names": names}
    page = client.post("cases_register.transfer", form, 422, entry_id=entry.id)
    assert words in page.one(role="alert").text


def test_what_is_on_the_roster_only_can_be_put_on_the_register(client: PageClient) -> None:
    round_ = make_register()
    entrance = entries(round_)[0].premises.entrance
    client.sign_in(make_staff())
    assert "都在登记册上了" in client.get("cases_register.add", round_id=round_.id).text
    late = Premises(entrance=entrance, room="501", position=501, size=7000, use=Use.SHOP)
    garage = Premises(entrance=entrance, room="901", position=901, size=700, use=Use.OTHER)
    db.session.add_all([late, garage])
    db.session.flush()
    offered = client.get("cases_register.add", round_id=round_.id)
    assert [item.one("a").text for item in offered.all("li") if item.all("small")] == [
        "1号楼1单元501"
    ]
    page = client.get("cases_register.add", round_id=round_.id, premises=late.id)
    assert "不算户；可以提意见" in page.text
    client.post("cases_register.add", WHY, round_id=round_.id, premises=late.id)
    [decision] = decisions.waiting(round_.id)
    approved(decision)
    assert [line.room for line in lines(round_)] == ["101", "102", "201", "202", "501"]
    assert listing_of(round_).heads == 5


def test_what_was_struck_off_can_come_back(client: PageClient) -> None:
    round_ = make_register()
    entry = entries(round_)[0]
    removal = register.propose_removal(entry, decisions.Grounds("x"), by=make_staff().identity)
    approved(removal)
    client.sign_in(make_staff())
    offered = client.get("cases_register.add", round_id=round_.id)
    assert "以前去掉过" in offered.text
    client.post("cases_register.add", WHY, round_id=round_.id, premises=entry.premises_id)
    [decision] = decisions.waiting(round_.id)
    approved(decision)
    assert entry.removed_at is None
    page = client.get("cases_register.register", round_id=round_.id)
    assert "增加 1 户，去掉 1 户" in page.text


def test_before_the_freeze_there_is_nothing_to_propose(client: PageClient) -> None:
    round_ = make_draft()
    client.sign_in(make_staff())
    premises = homes_of(round_.compound.buildings[0])[0].premises
    page = client.post("cases_register.add", WHY, 422, round_id=round_.id, premises=premises.id)
    assert "起草中" in page.one(role="alert").text
    assert not client.get("cases_register.register", round_id=round_.id).all(
        "a", href=f"/desk/rounds/{round_.id}/register/add"
    )


def test_premises_of_another_compound_are_not_found(client: PageClient) -> None:
    round_ = make_register()
    other = make_building()
    client.sign_in(make_staff())
    premises = homes_of(other)[0].premises
    client.get("cases_register.add", 404, round_id=round_.id, premises=premises.id)
    client.get("cases_register.register", 404, round_id=round_.id, building=other.id)


def test_the_register_of_other_places_is_out_of_reach(client: PageClient) -> None:
    round_ = make_register()
    entry = entries(round_)[0]
    client.sign_in(make_staff(Role.OFFICE, make_area()))
    for endpoint in ("register", "add"):
        client.get(f"cases_register.{endpoint}", 403, round_id=round_.id)
    for endpoint in ("entry", "remove", "correct", "transfer"):
        client.get(f"cases_register.{endpoint}", 403, entry_id=entry.id)
        client.get(f"cases_register.{endpoint}", 404, entry_id=999_999)
    client.post("cases_register.remove", WHY, 403, entry_id=entry.id)
    assert decisions.waiting(round_.id) == []


def test_a_compound_without_homes_says_so(client: PageClient) -> None:
    round_ = make_draft(make_building(homes=0).compound)
    client.sign_in(make_staff())
    page = client.get("cases_register.register", round_id=round_.id)
    assert "还没有住户" in page.text


def test_words_typed_as_a_reason_are_shown_and_never_run(client: PageClient) -> None:
    round_ = make_register()
    entry = entries(round_)[0]
    reason = "<script>alert(1)</script> 100%s"
    grounds = decisions.Grounds(reason)
    approved(register.propose_removal(entry, grounds, by=make_staff().identity))
    client.sign_in(make_staff())
    assert reason in client.get("cases_register.register", round_id=round_.id).text
    assert reason in client.get("cases_register.entry", entry_id=entry.id).text
