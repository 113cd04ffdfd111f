"""A round that asks of everything, and a household in front of its pages."""

from dataclasses import dataclass
from typing import Any

from app.projects.models import PlanVersion
from app.roster.models import Building, Household
from app.rounds import changes
from app.rounds.decisions import Grounds
from app.rounds.matters import MatterTerms
from app.rounds.models import Matter, Round, Scope, Subject
from app.rounds.profile import Switches
from tests.client import Page, PageClient
from tests.factories import homes_of, issue_code, make_building, make_plan
from tests.rounds.offices import Office, open_round

HIRE = MatterTerms(Subject.HIRE, "选聘物业公司", "您同意请安居物业来管吗？", "owners-ordinary")
MENU = MatterTerms(
    Subject.MENU,
    "先改什么",
    "您家最想先改什么？",
    "menu",
    options=("楼道灯", "充电桩", "晾衣架"),
)


def elevator(building: Building, entrance: int = 0) -> MatterTerms:
    """The question of one entrance alone."""
    places = (building.entrances[entrance].id,)
    question = "您同意本单元加装电梯吗？"
    preset = "elevator-entrance"
    return MatterTerms(Subject.ELEVATOR, "加装电梯", question, preset, Scope.ENTRANCES, places)


@dataclass(frozen=True)
class Asked:
    """One household of an open round, signed in in this browser."""

    building: Building
    round: Round
    home: Household
    office: Office

    def matter(self, subject: Subject) -> Matter:
        """The question about this."""
        return next(matter for matter in self.round.matters if matter.subject == subject)

    @property
    def homes(self) -> list[Household]:
        """Every household of the building; the first is the one that is signed in."""
        return homes_of(self.building)


def asked(
    client: PageClient, *terms: MatterTerms, switches: Switches | None = None, homes: int = 6
) -> Asked:
    """The first household of a building with two entrances, whose round also asks `terms`."""
    building = make_building(homes=homes, entrances=2)
    return at_home(client, building, *terms, switches=switches)


def at_home(
    client: PageClient,
    building: Building,
    *terms: MatterTerms,
    switches: Switches | None = None,
    home: int = 0,
) -> Asked:
    """A household of this building, signed in, in front of its round."""
    round_ = open_round(building.compound, *terms, switches=switches)
    own = homes_of(building)[home]
    client.enter(building, issue_code(own))
    return Asked(building, round_, own, Office())


def ballot(page: Page, choice: str = "agree", **others: Any) -> dict[str, Any]:
    """What the form would send with the same choice on every decision, nothing of a menu."""
    values: dict[str, Any] = page.form_values("/review")
    radios = {
        node["name"]
        for node in page.all("input", type="radio")
        if node["name"].startswith("matter-")
    }
    return {**values, **dict.fromkeys(radios, choice), **others}


def vote(client: PageClient, asked: Asked, choice: str = "agree", **others: Any) -> Page:
    """Form, and straight to the server; the receipt."""
    form = client.get("rounds.vote", round_id=asked.round.id)
    values = ballot(form, choice, **others)
    return client.follow(client.post("rounds.cast", values, round_id=asked.round.id))


def change_plan(asked: Asked, *, is_material: bool = True, note: str = "") -> PlanVersion:
    """A newer version is published, and two persons put the round on it."""
    version = make_plan(asked.building.compound, change_note=note or "屋面改成坡屋顶。")
    grounds = Grounds("设计改了", "会议记录")
    decision = changes.propose_plan_change(
        asked.round, version, is_material=is_material, grounds=grounds, by=asked.office.first
    )
    asked.office.agrees(decision)
    return version
