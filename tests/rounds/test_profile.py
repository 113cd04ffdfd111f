"""The profile of a round: its rules of law, its switches, and how each kind of premises counts."""

from typing import Any

import pytest

from app.rounds.counting import Track
from app.rounds.profile import (
    PRESETS,
    Case,
    Revote,
    Sight,
    Switches,
    case_of,
    common_words_of,
    consultation_words_of,
    counts_as_household,
    counts_as_property,
    holder_of,
    places_of,
    profile_hash,
    rule_as_kept,
    rule_of,
    switches_of,
    words_of,
)
from tests.rounds import law

# The presets are rows of the table of law (RULES.md §2.1).


@pytest.mark.parametrize(
    ("preset", "track", "row"),
    [
        ("henan-80", Track.CONSULTATION, law.R1),
        ("two-thirds", Track.CONSULTATION, law.R2),
        ("owners-ordinary", Track.OWNERS, law.R6),
        ("owners-ordinary", Track.OWNERS, law.R9),
        ("owners-special", Track.OWNERS, law.R7),
        ("owners-special", Track.OWNERS, law.R9_SPECIAL),
        ("elevator-entrance", Track.OWNERS, law.R12),
        ("elevator-two-thirds", Track.OWNERS, law.R11),
    ],
)
def test_a_preset_is_a_rule_of_law(preset: str, track: Track, row: str) -> None:
    assert (PRESETS[preset].track, PRESETS[preset].rule) == (track, law.RULES[row])


def test_nothing_can_be_chosen_that_is_no_rule_of_law_except_a_menu() -> None:
    ruled = {preset.rule for preset in PRESETS.values() if preset.name != "menu"}
    assert ruled <= set(law.RULES.values())
    assert (PRESETS["menu"].track, PRESETS["menu"].rule) == (Track.PREFERENCE, None)


def test_every_preset_stands_under_its_own_name_and_says_in_words_what_it_does() -> None:
    assert [preset.name for preset in PRESETS.values()] == list(PRESETS)
    assert all(preset.title and all(preset.words) and preset.words for preset in PRESETS.values())


def test_the_share_of_the_start_condition_is_kept_as_it_is_written() -> None:
    assert rule_as_kept(PRESETS["henan-80"].rule) == {
        "measures": ["households"],
        "approval": {"part": 80, "whole": 100, "inclusive": True},
        "base": "all",
    }


def test_an_owners_rule_is_kept_with_its_participation() -> None:
    assert rule_as_kept(PRESETS["owners-ordinary"].rule) == {
        "measures": ["heads", "area"],
        "approval": {"part": 1, "whole": 2, "inclusive": False},
        "base": "participants",
        "participation": {"part": 2, "whole": 3, "inclusive": True},
    }


@pytest.mark.parametrize("row", law.RULES)
def test_every_rule_of_law_comes_back_as_it_was_kept(row: str) -> None:
    assert rule_of(rule_as_kept(law.RULES[row])) == law.RULES[row]


def test_a_preference_has_no_rule_and_stays_without() -> None:
    assert rule_as_kept(None) == {}
    assert rule_of({}) is None


# The switches.

OTHERWISE = Switches(Revote.ONCE, Sight.HOUSEHOLDS, public_tenant_counts=False, audit_votes=7)


@pytest.mark.parametrize("switches", [Switches(), OTHERWISE])
def test_switches_come_back_as_they_were_kept(switches: Switches) -> None:
    assert switches_of(switches.as_kept()) == switches


def test_what_a_stored_profile_does_not_name_has_its_default() -> None:
    assert switches_of({}) == Switches()
    assert Switches() == Switches(Revote.UNTIL_CLOSE, Sight.TOTALS, True, 60)


def test_switches_are_kept_under_the_words_that_never_change() -> None:
    assert OTHERWISE.as_kept() == {
        "revote": "once",
        "staff_see_choices": "households",
        "public_tenant_counts": False,
        "audit_votes": 7,
    }


@pytest.mark.parametrize("name", ["revote", "staff_see_choices"])
def test_a_switch_that_nobody_knows_is_an_error_and_no_default(name: str) -> None:
    with pytest.raises(ValueError, match="sometimes"):
        switches_of({name: "sometimes"})


# Every kind of premises (RULES.md §2.2): what it is, and where it counts.


@pytest.mark.parametrize(
    ("ownership", "occupancy", "case"),
    [
        ("商品房", "owner", Case.OWNED),
        ("商品房", "unknown", Case.OWNED),
        ("商品房", "let", Case.LET),
        ("商品房", "vacant", Case.VACANT),
        ("", "owner", Case.OWNED),
        ("", "vacant", Case.VACANT),
        ("房改房", "owner", Case.OWNED),
        ("已购公房", "owner", Case.OWNED),
        ("已购公房", "let", Case.LET),
        ("房改公房", "vacant", Case.VACANT),
        ("直管公房", "owner", Case.PUBLIC),
        ("直管公房", "let", Case.PUBLIC),
        ("直管公房", "vacant", Case.PUBLIC),
        ("单位自管公房", "let", Case.PUBLIC),
        ("单位自管", "unknown", Case.PUBLIC),
        ("公产", "unknown", Case.PUBLIC),
        ("公租房", "let", Case.PUBLIC),
        ("廉租房", "let", Case.PUBLIC),
        ("未售公房", "let", Case.PUBLIC),
        ("未房改", "owner", Case.PUBLIC),
        ("未房改公房", "unknown", Case.PUBLIC),
        ("未售", "vacant", Case.UNDELIVERED),
        ("未售", "unknown", Case.UNDELIVERED),
        ("开发商未售", "vacant", Case.UNDELIVERED),
        ("未交付", "unknown", Case.UNDELIVERED),
        ("未交房", "vacant", Case.UNDELIVERED),
        ("开发商", "unknown", Case.UNDELIVERED),
        ("未交付", "owner", Case.OCCUPIED_UNDELIVERED),
        ("未售", "let", Case.OCCUPIED_UNDELIVERED),
    ],
)
def test_a_dwelling_is_treated_as_the_ledger_calls_it(
    ownership: str, occupancy: str, case: Case
) -> None:
    assert case_of("dwelling", ownership, occupancy) == case


@pytest.mark.parametrize(("use", "case"), [("shop", Case.SHOP), ("other", Case.OTHER)])
@pytest.mark.parametrize("ownership", ["", "直管公房", "未售"])
def test_what_is_no_dwelling_is_treated_by_its_use_whoever_owns_it(
    use: str, case: Case, ownership: str
) -> None:
    assert case_of(use, ownership, "owner") == case


# Case → its entries on the register: (as a household, as a property), one for each voice.
BOTH, HOME, PROPERTY = (True, True), (True, False), (False, True)
PLACES = {
    Case.OWNED: (BOTH,),
    Case.LET: (BOTH,),
    Case.VACANT: (BOTH,),
    Case.PUBLIC: (HOME, PROPERTY),
    Case.UNDELIVERED: (PROPERTY,),
    Case.OCCUPIED_UNDELIVERED: (HOME, PROPERTY),
    Case.SHOP: (PROPERTY,),
    Case.OTHER: (),
}


@pytest.mark.parametrize("case", Case)
def test_every_kind_of_premises_counts_where_the_rules_say(case: Case) -> None:
    switches = Switches(public_tenant_counts=True)
    assert places_of(case, switches) == PLACES[case]
    assert counts_as_household(case, switches) == any(home for home, _ in PLACES[case])
    assert counts_as_property(case) == any(held for _, held in PLACES[case])


@pytest.mark.parametrize("case", Case)
def test_only_the_tenants_of_public_housing_depend_on_the_switch(case: Case) -> None:
    expected = (PROPERTY,) if case == Case.PUBLIC else PLACES[case]
    assert places_of(case, Switches(public_tenant_counts=False)) == expected


@pytest.mark.parametrize(
    ("case", "ownership", "owner_ids", "holder"),
    [
        (Case.OWNED, "商品房", [7], "owners:7"),
        (Case.LET, "", [9, 7], "owners:7,9"),
        (Case.VACANT, "", [10, 9], "owners:9,10"),
        (Case.SHOP, "", [7], "owners:7"),
        (Case.OWNED, "", [], "unknown:3"),
        (Case.UNDELIVERED, "未售", [], "developer"),
        (Case.UNDELIVERED, "未交付", [7], "developer"),
        (Case.OCCUPIED_UNDELIVERED, "未交付", [7], "developer"),
        (Case.PUBLIC, "直管公房", [7], "public:直管公房"),
    ],
)
def test_one_head_is_whoever_holds_the_premises(
    case: Case, ownership: str, owner_ids: list[int], holder: str
) -> None:
    assert holder_of(case, ownership, owner_ids, premises_id=3) == holder


def test_two_premises_of_unknown_owners_are_two_heads() -> None:
    assert holder_of(Case.OWNED, "", [], 1) != holder_of(Case.OWNED, "", [], 2)


# In words, and in a hash.


def test_each_switch_that_residents_must_know_of_changes_the_words() -> None:
    texts = [words_of(Switches(revote=revote)) for revote in Revote]
    texts.append(words_of(Switches(public_tenant_counts=False)))
    assert len(set(texts)) == len(texts)
    assert all(len(words) == 6 and all(words) for words in texts)


def test_the_words_say_how_often_one_may_change_and_whether_public_tenants_count() -> None:
    never = words_of(Switches(revote=Revote.NONE))
    without = words_of(Switches(public_tenant_counts=False))
    assert any("只能表态一次" in word for word in never)
    assert any("公房里住的人家算一户" in word for word in never)
    assert any("公房不算进总户数" in word for word in without)


PROFILE: dict[str, Any] = {
    "name": "henan-80",
    "matters": [{"rule": {"part": 80}}],
    **OTHERWISE.as_kept(),
}


def test_the_hash_of_a_profile_does_not_depend_on_the_order_of_its_fields() -> None:
    backwards = dict(reversed(PROFILE.items()))
    assert profile_hash(backwards) == profile_hash(PROFILE)


@pytest.mark.parametrize("field", PROFILE)
def test_every_field_of_a_profile_changes_its_hash(field: str) -> None:
    assert profile_hash({**PROFILE, field: "else"}) != profile_hash(PROFILE)
    less = {name: value for name, value in PROFILE.items() if name != field}
    assert profile_hash(less) != profile_hash(PROFILE)


def test_the_hash_is_that_of_canonical_json_in_unescaped_utf_8() -> None:
    # printf '{"a":1,"名":"八成"}' | sha256sum
    assert profile_hash({"名": "八成", "a": 1}) == (
        "cc528d5e7fbbf5509bc68b73430727d754922917e1a8d270ca83c86dd0f9b11c"
    )


def test_the_two_elevator_rules_are_told_apart_by_their_names() -> None:
    titles = [PRESETS[name].title for name in ("elevator-entrance", "elevator-two-thirds")]
    assert titles == ["加装电梯：参加表决的四分之三", "加装电梯：本单元全体业主的三分之二"]


def test_the_start_condition_is_quoted_and_not_numbered() -> None:
    source = PRESETS["henan-80"].source
    assert "经80%以上居民同意后方可开工改造" in source
    assert "号" not in source


def test_what_holds_for_households_alone_is_told_apart_from_what_holds_for_all() -> None:
    switches = Switches()
    households, everybody = consultation_words_of(switches), common_words_of(switches)
    assert words_of(switches) == (*households, *everybody)
    assert any("都算进总数" in words for words in households)
    assert not any("都算进总数" in words for words in everybody)
    assert "交来以前这一户不计票" in everybody[-1]
