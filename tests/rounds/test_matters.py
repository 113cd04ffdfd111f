"""The questions of a draft, and the document that is locked with them."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app.core import clock
from app.core.db import db
from app.roster.models import Building
from app.rounds import actions, matters
from app.rounds.counting import Track
from app.rounds.matters import BadMatter, MatterTerms
from app.rounds.models import Matter, MatterOption, Round, Scope, Subject
from app.rounds.profile import PRESETS, Revote, Sight, Switches, profile_hash
from app.rounds.steps import NotNow
from tests.factories import make_building, make_plan
from tests.rounds.offices import Office, journal_of

pytestmark = pytest.mark.usefixtures("session")
HIRE = MatterTerms(Subject.HIRE, "选聘物业公司", "同意选聘这家公司吗？", "owners-ordinary")
MENU = MatterTerms(
    Subject.MENU, "想先改什么", "想要哪些？", "menu", options=("路灯", "停车", "绿化")
)


@pytest.fixture
def office(session: sa.orm.Session) -> Office:
    return Office()


@pytest.fixture
def building(session: sa.orm.Session) -> Building:
    return make_building(homes=4, entrances=2)


@pytest.fixture
def draft(building: Building, office: Office) -> Round:
    make_plan(building.compound)
    now = clock.now()
    terms = actions.RoundTerms("一", now, now + timedelta(days=15), "0953-5550100")
    return actions.draft_round(building.compound, terms, by=office.first)


def lift(building: Building, *places: int) -> MatterTerms:
    scope, entrances = Scope.ENTRANCES, places or (building.entrances[0].id,)
    terms = MatterTerms(Subject.ELEVATOR, "加装电梯", "同意吗？", "elevator-entrance", scope)
    return replace(terms, places=entrances)


def add(draft: Round, terms: MatterTerms, office: Office) -> Matter:
    return matters.add_matter(draft, terms, by=office.first)


# Adding and taking back.


def test_every_round_asks_the_plan_and_its_management_each_at_eighty_percent(draft: Round) -> None:
    assert [(m.subject, m.preset, m.track) for m in draft.matters] == [
        (Subject.PLAN, "henan-80", Track.CONSULTATION),
        (Subject.MANAGEMENT, "henan-80", Track.CONSULTATION),
    ]
    assert [m.counting_rule for m in draft.matters] == [PRESETS["henan-80"].rule] * 2


def test_a_question_belongs_to_the_track_of_its_rule_and_keeps_its_place(
    draft: Round, building: Building, office: Office
) -> None:
    added = [add(draft, terms, office) for terms in (HIRE, lift(building), MENU)]
    assert [m.track for m in added] == [Track.OWNERS, Track.OWNERS, Track.PREFERENCE]
    assert [m.position for m in draft.matters] == [1, 2, 3, 4, 5]
    assert [option.title for option in added[2].options] == ["路灯", "停车", "绿化"]
    assert (added[1].scope, added[1].places) == (Scope.ENTRANCES, [building.entrances[0].id])
    assert not added[2].is_decision
    with pytest.raises(ValueError, match="preference"):
        _ = added[2].counting_rule


def test_a_question_is_taken_back_with_its_options_but_never_the_main_two(
    draft: Round, office: Office
) -> None:
    added = add(draft, MENU, office)
    matters.remove_matter(draft, added, by=office.first)
    db.session.flush()
    db.session.expire_all()
    assert [m.subject for m in draft.matters] == [Subject.PLAN, Subject.MANAGEMENT]
    assert db.session.query(MatterOption).count() == 0
    for main in draft.matters:
        with pytest.raises(BadMatter):
            matters.remove_matter(draft, main, by=office.first)


def test_a_question_that_was_taken_back_leaves_its_place_to_no_other(
    draft: Round, office: Office
) -> None:
    first = add(draft, HIRE, office)
    second = add(draft, MENU, office)
    matters.remove_matter(draft, first, by=office.first)
    third = add(draft, HIRE, office)
    db.session.flush()
    assert [m.position for m in (second, third)] == [4, 5]


@pytest.mark.parametrize(
    "changes",
    [
        {"subject": Subject.PLAN},
        {"subject": Subject.MANAGEMENT},
        {"preset": "eighty"},
        {"title": "改造方案"},
        {"scope": Scope.BUILDINGS},
        {"scope": Scope.ENTRANCES},
        {"scope": Scope.BUILDINGS, "places": (999_999,)},
        {"scope": Scope.ENTRANCES, "places": (999_999,)},
        {"preset": "elevator-entrance"},
        {"preset": "elevator-two-thirds"},
        {"options": ("甲", "乙")},
        {"preset": "menu"},
        {"preset": "menu", "options": ("甲",)},
        {"preset": "menu", "options": ("甲", "甲")},
        {"preset": "menu", "options": tuple("甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳午未申酉戌")},
    ],
)
def test_a_question_that_cannot_be_asked_is_refused(
    draft: Round, office: Office, changes: dict[str, Any]
) -> None:
    with pytest.raises(BadMatter):
        add(draft, replace(HIRE, **changes), office)
    assert len(draft.matters) == 2


def test_a_menu_has_two_to_twenty_options(draft: Round, office: Office) -> None:
    for options in (("甲", "乙"), tuple("甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳午未申酉")):
        assert add(draft, replace(MENU, title=options[-1], options=options), office).options


def test_an_elevator_is_asked_of_one_entrance_and_of_no_building(
    draft: Round, building: Building, office: Office
) -> None:
    both = tuple(entrance.id for entrance in building.entrances)
    in_buildings = replace(lift(building), scope=Scope.BUILDINGS, places=(building.id,))
    for terms in (lift(building, *both), in_buildings):
        with pytest.raises(BadMatter):
            add(draft, terms, office)
    for number, entrance in enumerate(both):
        add(draft, replace(lift(building, entrance), title=f"电梯{number}"), office)
    assert len(draft.matters) == 4


def test_places_of_another_compound_cannot_be_asked(draft: Round, office: Office) -> None:
    other = make_building()
    with pytest.raises(BadMatter):
        add(draft, lift(other), office)
    with pytest.raises(BadMatter):
        add(draft, replace(HIRE, scope=Scope.BUILDINGS, places=(other.id,)), office)


def test_a_round_asks_twelve_questions_at_most(draft: Round, office: Office) -> None:
    for number in range(10):
        add(draft, replace(HIRE, title=f"事项{number}"), office)
    with pytest.raises(BadMatter):
        add(draft, HIRE, office)
    assert len(draft.matters) == 12


def test_the_rule_of_the_main_two_is_chosen_among_consultations_for_both(
    draft: Round, office: Office
) -> None:
    add(draft, HIRE, office)
    switches = Switches(Revote.ONCE, Sight.HOUSEHOLDS, False, 5)
    matters.choose_profile(draft, "two-thirds", switches, by=office.first)
    assert [m.preset for m in draft.matters] == ["two-thirds", "two-thirds", "owners-ordinary"]
    assert draft.matters[0].counting_rule == PRESETS["two-thirds"].rule
    assert draft.switches == switches
    for other in ("owners-special", "menu", "eighty"):
        with pytest.raises(BadMatter):
            matters.choose_profile(draft, other, Switches(), by=office.first)
    assert draft.profile["name"] == "two-thirds"


def test_after_the_draft_neither_questions_nor_rules_change(draft: Round, office: Office) -> None:
    asked = add(draft, HIRE, office)
    actions.submit_round(draft, by=office.first)
    with pytest.raises(NotNow):
        add(draft, MENU, office)
    with pytest.raises(NotNow):
        matters.remove_matter(draft, asked, by=office.first)
    with pytest.raises(NotNow):
        matters.choose_profile(draft, "two-thirds", Switches(), by=office.first)
    assert len(journal_of(draft, "ROUND_DRAFT")) == 3


# The document.


def test_a_second_person_locks_exactly_this_document(draft: Round, office: Office) -> None:
    add(draft, MENU, office)
    actions.submit_round(draft, by=office.first)
    actions.confirm_profile(draft, by=office.second)
    expected = profile_hash(matters.profile_document(draft))
    assert draft.profile_hash == expected
    assert journal_of(draft, "PROFILE_CONFIRMED")[0]["profile"] == expected


CHANGES: list[tuple[str, Any]] = [
    ("position", 9),
    ("subject", Subject.OTHER),
    ("title", "另一个"),
    ("question", "另一个问题？"),
    ("track", Track.OWNERS),
    ("preset", "owners-special"),
    ("rule", {"approval": 1}),
    ("scope", Scope.BUILDINGS),
    ("places", [7]),
]


@pytest.mark.parametrize(("field", "value"), CHANGES)
def test_whatever_decides_about_a_question_stands_in_the_document(
    draft: Round, office: Office, field: str, value: Any
) -> None:
    asked = add(draft, MENU, office)
    before = profile_hash(matters.profile_document(draft))
    setattr(asked, field, value)
    assert profile_hash(matters.profile_document(draft)) != before


def test_no_column_of_a_question_is_left_out_of_the_document() -> None:
    columns = {column.key for column in sa.inspect(Matter).columns} - {"id", "round_id"}
    assert columns == {field for field, _value in CHANGES}


@pytest.mark.parametrize("switch", Switches().as_kept())
def test_every_switch_stands_in_the_document(draft: Round, switch: str) -> None:
    before = profile_hash(matters.profile_document(draft))
    draft.profile = {**draft.profile, switch: "else"}
    assert profile_hash(matters.profile_document(draft)) != before


def test_the_options_of_a_menu_stand_in_the_document_in_their_order(
    draft: Round, office: Office
) -> None:
    asked = add(draft, MENU, office)
    before = profile_hash(matters.profile_document(draft))
    asked.options[0].title = "充电桩"
    assert profile_hash(matters.profile_document(draft)) != before
