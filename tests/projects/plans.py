"""A complete plan, as values to be changed in one place by each test and as rows."""

import io
from datetime import date

from PIL import Image

from app.core.files import Picture
from app.core.guards import Identity, Role
from app.projects import actions
from app.projects.contents import (
    Construction,
    Contents,
    Facts,
    Fund,
    Item,
    Management,
    Money,
    Paper,
)
from app.projects.models import PlanVersion, Section
from app.roster.models import Compound
from tests.factories import make_compound, make_staff

PIPES = Item("basic", "更换给水管", 31_000, "米", 8_835_000, True, "埋在冻土层下面")
LAMPS = Item("improved", "补装路灯", 1_200, "盏", 1_165_000)
FUNDS = (Fund("central", 8_000_000), Fund("district", 2_000_000, "列入区级预算"))
MONEY = Money(FUNDS, 0, 0, "您家不用出钱。")
BUILD = Construction("四月进场，九月完工。", date(2027, 4, 6), date(2027, 9, 28))
CARE = Management("assured", "- 保洁\n- 门卫", 35, "每平方米 0.35 元", "第一年补一半")
DRAWING = Paper("design", "改造总平面图", "image/png", "d" * 64)


def png(width: int = 40, height: int = 30, colour: str = "white") -> bytes:
    """A small picture as somebody uploads it."""
    out = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(out, "PNG")
    return out.getvalue()


PICTURE = Picture(png(), "image/png", 40, 30)
FACTS = Facts("改造项目", phone="0953-5550101")
COMPLETE = Contents(
    facts=FACTS,
    summary="换水管、补路灯。",
    items=(PIPES, LAMPS),
    money=MONEY,
    design="院子分三块。",
    construction=BUILD,
    management=CARE,
    papers=(DRAWING,),
)


def open_draft(compound: Compound | None = None, by: Identity | None = None) -> PlanVersion:
    """The empty first draft of a new project."""
    project = actions.open_project(compound or make_compound(), COMPLETE.facts, by=by or someone())
    return project.versions[0]


def fill(version: PlanVersion, by: Identity | None = None) -> PlanVersion:
    """Write everything that `COMPLETE` says into a draft."""
    by = by or someone()
    actions.edit_summary(version, COMPLETE.summary, by=by)
    actions.replace_items(version, COMPLETE.items, by=by)
    actions.edit_money(version, COMPLETE.money, by=by)
    actions.edit_design(version, COMPLETE.design, by=by)
    actions.edit_construction(version, COMPLETE.construction, by=by)
    actions.edit_management(version, COMPLETE.management, by=by)
    actions.attach_picture(version, Section.DESIGN, DRAWING.caption, PICTURE, by=by)
    return version


def publish(version: PlanVersion) -> PlanVersion:
    """Submit and publish by two people."""
    actions.submit_version(version, by=someone())
    actions.publish_version(version, by=someone())
    return version


def someone(role: Role = Role.OFFICE) -> Identity:
    """A member of staff whose scope is everything."""
    return make_staff(role).identity
