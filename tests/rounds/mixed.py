"""A round that asks more than the plan and its management, and votes of its households."""

from datetime import timedelta

from app.core import clock
from app.rounds import actions as rounds
from app.rounds.casting import Ballot, cast, matters_asked
from app.rounds.counting import Choice
from app.rounds.matters import MatterTerms, add_matter
from app.rounds.models import Channel, Round, Scope, Subject
from app.rounds.queries import register_of
from tests.factories import (
    issue_all_codes,
    make_building,
    make_compound,
    make_plan,
    make_staff,
)


def open_mixed_round(homes: int = 12) -> Round:
    """An open round that asks owners twice and has a menu, in a building of two entrances."""
    building = make_building(make_compound(name="银塔北区"), homes=homes, entrances=2)
    make_plan(building.compound)
    drafter, second = make_staff().identity, make_staff().identity
    now = clock.now()
    terms = rounds.RoundTerms("第一轮征询", now, now + timedelta(days=15), "0953-5550100")
    round_ = rounds.draft_round(building.compound, terms, by=drafter)
    entrance = (building.entrances[0].id,)
    for asked in (
        MatterTerms(Subject.USE_FUND, "使用维修资金", "同意吗？", "owners-ordinary"),
        MatterTerms(
            Subject.ELEVATOR, "加装电梯", "同意吗？", "elevator-entrance", Scope.ENTRANCES, entrance
        ),
        MatterTerms(Subject.MENU, "先改什么", "选几样", "menu", options=("晾衣架", "长椅")),
    ):
        add_matter(round_, asked, by=drafter)
    rounds.submit_round(round_, by=drafter)
    rounds.confirm_profile(round_, by=second)
    rounds.publish_register(round_, by=drafter)
    rounds.freeze_register(round_, by=drafter)
    issue_all_codes(building.compound)
    rounds.note_posters_printed(building.compound, by=drafter)
    rounds.open_round(round_, by=drafter)
    return round_


def let_vote(round_: Round, *said: Choice) -> None:
    """The first households of the register vote the same on everything; all want benches."""
    bench = round_.matters[-1].options[-1:]
    for entry, choice in zip(register_of(round_.id), said, strict=False):
        asked = matters_asked(round_, entry)
        choices = {matter.id: choice for matter in asked if matter.is_decision}
        wishes = frozenset(option.id for option in bench)
        number = round_.plan_version.number if round_.plan_version else 0
        ballot = Ballot(
            choices, f"say-{entry.id}-{entry.votes}", entry.votes, number, wishes=wishes
        )
        cast(round_, entry.household_id or 0, ballot, via=Channel.PHONE)
