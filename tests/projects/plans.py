"""Complete contents of a plan, to be changed in one place by each test."""

from datetime import date

from app.projects.contents import (
    Construction,
    Contents,
    Fund,
    Item,
    Management,
    Money,
    Paper,
)

PIPES = Item("basic", "更换给水管", 31_000, "米", 8_835_000, True, "埋在冻土层下面")
LAMPS = Item("improved", "补装路灯", 1_200, "盏", 1_165_000)
FUNDS = (Fund("central", 8_000_000), Fund("district", 2_000_000, "列入区级预算"))
MONEY = Money(FUNDS, 0, 0, "您家不用出钱。")
BUILD = Construction("四月进场，九月完工。", date(2027, 4, 6), date(2027, 9, 28))
CARE = Management("assured", "- 保洁\n- 门卫", 35, "每平方米 0.35 元", "第一年补一半")
DRAWING = Paper("design", "改造总平面图", "image/png", "d" * 64)

COMPLETE = Contents(
    summary="换水管、补路灯。",
    items=(PIPES, LAMPS),
    money=MONEY,
    design="院子分三块。",
    construction=BUILD,
    management=CARE,
    papers=(DRAWING,),
)
