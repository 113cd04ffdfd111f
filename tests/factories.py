"""Plain functions that make sensible rows; what a test cares about is said in its call."""

import itertools
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from argon2 import PasswordHasher

from app.accounts import second_factor
from app.accounts.actions import (
    HomeRef,
    PreparedCode,
    home_ref,
    issue_codes,
    selectors_in_use,
)
from app.accounts.codes import draw_code
from app.accounts.models import Staff
from app.core import clock
from app.core.db import db
from app.core.guards import Identity, Role
from app.core.sealing import seal
from app.core.tokens import keyed_digest
from app.projects.models import (
    Category,
    FundingSource,
    Mode,
    PlanVersion,
    Project,
    Source,
    WorkItem,
)
from app.projects.queries import facts_of
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
)
from app.rounds import actions as rounds
from app.rounds.models import Round

CODE_KEY = "test-code-key-" + "c" * 32
PASSWORD, OTP_SECRET = "a long enough password", "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
# Argon2 at full cost would dominate the tests; how dear a hash is stands in the hash itself.
CHEAPLY = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
# PASSWORD, hashed once.
_PASSWORD_HASH: list[str] = []
_numbers = itertools.count(1)


def make_area(
    kind: AreaKind = AreaKind.COMMUNITY, name: str | None = None, parent: Area | None = None
) -> Area:
    """An area; a community gets a town and a district above it when no parent is given."""
    above = {AreaKind.COMMUNITY: AreaKind.TOWN, AreaKind.TOWN: AreaKind.DISTRICT}
    if parent is None and kind in above:
        parent = make_area(above[kind])
    names = {AreaKind.COMMUNITY: "社区", AreaKind.TOWN: "镇", AreaKind.DISTRICT: "区"}
    area = Area(
        kind=kind, name=name or f"测试{next(_numbers)}{names[kind]}", parent=parent, path=""
    )
    db.session.add(area)
    db.session.flush()
    area.path = f"{parent.path if parent else '/'}{area.id}/"
    return area


def make_compound(name: str | None = None, area: Area | None = None, **facts: Any) -> Compound:
    """A compound without buildings."""
    compound = Compound(
        name=name or f"测试小区{next(_numbers)}",
        area=area or make_area(),
        phone=facts.pop("phone", "0953-5550100"),
        **facts,
    )
    db.session.add(compound)
    db.session.flush()
    return compound


def make_building(
    compound: Compound | None = None,
    name: str | None = None,
    homes: int = 6,
    entrances: int = 1,
    size: int = 8000,
) -> Building:
    """A building with `homes` households spread over its entrances, two to a floor."""
    compound = compound or make_compound()
    position = len(compound.buildings) + 1
    building = Building(
        compound=compound,
        name=name or f"{position}号楼",
        position=position,
        check_phrase="清风 石榴",
    )
    db.session.add(building)
    for number in range(1, entrances + 1):
        building.entrances.append(Entrance(name=f"{number}单元", position=number))
    db.session.flush()
    for index in range(homes):
        entrance = building.entrances[index % entrances]
        place = index // entrances
        make_household(entrance, f"{place // 2 + 1}0{place % 2 + 1}", size)
    return building


def make_household(
    entrance: Entrance, room: str, size: int = 8000, owner: str = "王小明", phone: str = ""
) -> Household:
    """A household with an owner and, when given, a phone."""
    premises = Premises(entrance=entrance, room=room, position=int(room), size=size)
    held_by = Owner(compound_id=entrance.building.compound_id, name=owner)
    premises.tenures.append(Tenure(owner=held_by, since=clock.now()))
    household = Household(premises=premises)
    if phone:
        household.contacts.append(Contact(phone=phone, since=clock.now()))
    db.session.add(household)
    db.session.flush()
    return household


def homes_of(building: Building) -> list[Household]:
    """The households of a building in the order in which they were made."""
    rows = (
        sa.select(Household)
        .join(Premises, Premises.id == Household.premises_id)
        .join(Entrance, Entrance.id == Premises.entrance_id)
        .where(Entrance.building_id == building.id)
        .order_by(Household.id)
    )
    return list(db.session.scalars(rows))


def make_staff(role: Role = Role.OFFICE, area: Area | None = None, username: str = "") -> Staff:
    """A member of staff with `PASSWORD` and `OTP_SECRET`; without an area: of everything."""
    number = next(_numbers)
    staff = Staff(
        username=username or f"staff{number}",
        name=f"工作人员{number}",
        role=role,
        area=area,
        password_hash=_cheap_hash(),
        otp_sealed=seal(OTP_SECRET.encode()),
        otp_step=0,
        enrolled_at=clock.now(),
        created_at=clock.now(),
    )
    db.session.add(staff)
    db.session.flush()
    return staff


def mark_invited(staff: Staff, by: Staff | Identity, *, vouched: bool = True) -> None:
    """Let it be that `by` invited somebody, and that a third person vouched for them."""
    staff.made_by_id = by.id
    voucher = make_staff() if vouched else None
    staff.vouched_by_id = voucher.id if voucher else None
    staff.vouched_at = clock.now() if voucher else None
    db.session.flush()


def login_of(staff: Staff, **others: str) -> dict[str, str]:
    """What the login form of somebody from `make_staff` would send at this moment."""
    return {
        "username": staff.username,
        "password": PASSWORD,
        "otp": second_factor.code_now(staff),
        **others,
    }


def make_plan(compound: Compound, publish: bool = True, **facts: Any) -> PlanVersion:
    """A complete plan version of a compound's project, published unless told otherwise."""
    project = db.session.query(Project).filter_by(compound_id=compound.id).one_or_none()
    project = project or Project(compound=compound, name=f"{compound.name}改造项目")
    db.session.add(project)
    db.session.flush()
    version = PlanVersion(
        project_id=project.id,
        number=len(project.versions) + 1,
        summary="换水管、修屋面、补路灯，明年四月动工，每户不用出钱。",
        share_note="居民不出资。",
        design="楼顶加保温层，外墙刷浅黄色。",
        construction="四月进场，九月完工，每天八点到六点施工。",
        mode=Mode.ASSURED,
        services="- 保洁\n- 门卫",
        fee_per_area=40,
        subsidy="第一年由镇里补贴一半。",
        created_at=clock.now(),
        **facts,
    )
    version.items = [
        WorkItem(
            position=1,
            category=Category.BASIC,
            name="更换给水管",
            quantity=120_000,
            unit="米",
            cost=50_000_000,
            is_safety=True,
        )
    ]
    version.sources = [FundingSource(source=Source.CENTRAL, amount=50_000_000)]
    db.session.add(version)
    if publish:
        version.submitted_at = version.published_at = clock.now()
        version.plan_hash, version.management_hash = "a" * 64, "b" * 64
        version.facts = facts_of(project).as_kept()
    db.session.flush()
    db.session.refresh(project)
    return version


def make_round(compound: Compound, opened: bool = True, days: int = 15, **facts: Any) -> Round:
    """A round with a frozen register; open unless told otherwise, codes not yet issued."""
    make_plan(compound)
    terms = rounds.RoundTerms(
        title=facts.pop("title", "第一轮征询"),
        opens_at=clock.now(),
        closes_at=facts.pop("closes_at", clock.now() + timedelta(days=days)),
        phone="0953-5550100",
    )
    drafter, second = make_staff().identity, make_staff().identity
    round_ = rounds.draft_round(compound, terms, by=drafter)
    rounds.submit_round(round_, by=drafter)
    rounds.confirm_profile(round_, by=second)
    rounds.publish_register(round_, by=drafter)
    rounds.freeze_register(round_, by=drafter)
    if opened:
        issue_all_codes(compound)
        rounds.note_posters_printed(compound, by=drafter)
        rounds.open_round(round_, by=drafter)
    return round_


def issue_all_codes(compound: Compound) -> dict[int, str]:
    """Issue a code to every household; household id → 12 digits."""
    homes = [home_ref(h) for b in compound.buildings for h in homes_of(b)]
    return _issue(homes)


def issue_code(household: Household) -> str:
    """Issue one household its code and return the 12 digits."""
    return _issue([home_ref(household)])[household.id]


def _issue(homes: list[HomeRef]) -> dict[int, str]:
    taken = selectors_in_use(homes)
    prepared = [_prepare_cheaply(home, taken) for home in homes]
    issue_codes(prepared, by=None)
    return {one.home.household_id: one.digits for one in prepared}


def _prepare_cheaply(home: HomeRef, taken: set[tuple[int, str]]) -> PreparedCode:
    """As `prepare_codes` does, at a fraction of the cost: what proves a code reads it from it."""
    code = draw_code()
    while (home.building_id, code.selector) in taken:
        code = draw_code()
    taken.add((home.building_id, code.selector))
    return PreparedCode(home, code, CHEAPLY.hash(keyed_digest(CODE_KEY, code.secret)))


def _cheap_hash() -> str:
    if not _PASSWORD_HASH:
        _PASSWORD_HASH.append(CHEAPLY.hash(PASSWORD))
    return _PASSWORD_HASH[0]
