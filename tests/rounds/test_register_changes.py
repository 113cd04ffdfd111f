"""The register: what the freeze makes of each kind of premises, and what two persons change."""

from typing import Any

import pytest
import sqlalchemy as sa

from app.accounts.models import HouseholdCode, HouseholdSession
from app.core.db import db
from app.roster.models import Building, Occupancy, Premises, Tenure, Use
from app.rounds import casting, queries, register, tallies
from app.rounds.cases import Decision
from app.rounds.counting import Choice
from app.rounds.decisions import AlreadyProposed
from app.rounds.matters import MatterTerms
from app.rounds.models import Channel, RegisterEntry, Round, Subject, Voice
from app.rounds.profile import Case, Switches
from app.rounds.steps import NotReady
from tests.client import PageClient
from tests.factories import homes_of, make_building, make_household
from tests.rounds.offices import (
    GROUNDS,
    Office,
    check_counted,
    entry_at,
    figures,
    journal_of,
    landlord_at,
    make_owner,
    make_premises,
    open_round,
    say,
)
from tests.rounds.voters import signed_in

pytestmark = pytest.mark.usefixtures("session")
AGREE, DISAGREE = Choice.AGREE, Choice.DISAGREE
FUND = MatterTerms(Subject.USE_FUND, "使用维修资金", "同意使用维修资金吗？", "owners-ordinary")

# Freezing: one row of RULES.md §2.2 after the other.


@pytest.mark.parametrize(
    ("facts", "case", "household", "property_"),
    [
        ({"occupancy": Occupancy.OWNER}, Case.OWNED, True, True),
        ({"occupancy": Occupancy.LET}, Case.LET, True, True),
        ({"occupancy": Occupancy.VACANT}, Case.VACANT, True, True),
        ({"ownership": "直管公房"}, Case.PUBLIC, True, True),
        ({"ownership": "房改房"}, Case.OWNED, True, True),
        (
            {"ownership": "未售", "occupancy": Occupancy.VACANT},
            Case.UNDELIVERED,
            False,
            True,
        ),
        (
            {"ownership": "未交付", "occupancy": Occupancy.OWNER},
            Case.OCCUPIED_UNDELIVERED,
            True,
            True,
        ),
        ({"use": Use.SHOP}, Case.SHOP, False, True),
    ],
)
def test_the_freeze_puts_each_kind_of_premises_where_it_counts(
    facts: dict[str, Any], case: Case, household: bool, property_: bool
) -> None:
    building = make_building(homes=2)
    place = make_premises(building.entrances[0], "901", **facts)
    round_ = open_round(building.compound, until="frozen")
    entry = entry_at(round_, place)
    owner = entry_at(round_, place) if not household else entry
    if case in (Case.PUBLIC, Case.OCCUPIED_UNDELIVERED):
        # The resident is not the owner: two voices, two entries.
        assert not entry.is_property
        owner = landlord_at(round_, place)
        assert not owner.is_household
    assert (entry.case, entry.is_household, owner.is_property) == (case, household, property_)
    assert figures(round_) == (2 + household, 0, 0, 0)


def test_garages_and_stores_stand_on_no_register() -> None:
    building = make_building(homes=2)
    garage = make_premises(building.entrances[0], "901", use=Use.OTHER)
    round_ = open_round(building.compound, until="frozen")
    on_register = sa.select(RegisterEntry.premises_id).filter_by(round_id=round_.id)
    assert garage.id not in set(db.session.scalars(on_register))


def test_tenants_of_public_housing_are_no_household_where_the_profile_says_so() -> None:
    building = make_building(homes=2)
    place = make_premises(building.entrances[0], "901", ownership="单位自管公房")
    without = Switches(public_tenant_counts=False)
    round_ = open_round(building.compound, switches=without, until="frozen")
    entry = entry_at(round_, place)
    assert (entry.is_household, entry.is_property) == (False, True)
    assert figures(round_) == (2, 0, 0, 0)


def test_one_owner_of_several_homes_is_several_households_and_one_head() -> None:
    building = make_building(homes=1)
    owner = make_owner(building.compound)
    places = [make_premises(building.entrances[0], f"90{n}", owner) for n in (1, 2, 3)]
    round_ = open_round(building.compound, FUND, until="frozen")
    assert len({entry_at(round_, place).holder for place in places}) == 1
    assert _heads(round_) == 2
    assert figures(round_) == (4, 0, 0, 0)


def test_the_developer_is_one_head_with_all_that_is_undelivered() -> None:
    building = make_building(homes=2)
    for number in (1, 2, 3):
        make_premises(building.entrances[0], f"90{number}", ownership="未售")
    round_ = open_round(building.compound, FUND, until="frozen")
    assert _heads(round_) == 3


def test_who_sold_a_home_before_the_freeze_is_no_head_of_it() -> None:
    building = make_building(homes=1)
    seller, buyer = make_owner(building.compound, "卖"), make_owner(building.compound, "买")
    place = make_premises(building.entrances[0], "901", seller, buyer)
    place.tenures[0].until = place.tenures[0].since
    round_ = open_round(building.compound, until="frozen")
    assert entry_at(round_, place).holder == f"owners:{buyer.id}"


def _heads(round_: Round) -> int:
    entries = db.session.scalars(sa.select(RegisterEntry).filter_by(round_id=round_.id))
    return len({entry.holder for entry in entries if entry.is_property})


# Changes after the freeze: two persons, and every sum agrees after each of them.


@pytest.fixture
def building() -> Building:
    return make_building(homes=4)


@pytest.fixture
def round_(building: Building) -> Round:
    return open_round(building.compound, FUND)


@pytest.fixture
def office() -> Office:
    return Office()


def test_a_home_that_was_forgotten_is_added_by_two_persons(
    building: Building, round_: Round, office: Office
) -> None:
    late, fingerprint = make_household(building.entrances[0], "901"), round_.register_hash
    addition = register.propose_addition(round_, late.premises, GROUNDS, by=office.first)
    assert figures(round_) == (4, 0, 0, 0)
    office.agrees(addition)
    assert figures(round_) == (5, 0, 0, 0)
    say(round_, late, AGREE)
    assert figures(round_) == (5, 1, 0, 0)
    assert round_.register_hash == fingerprint
    assert queries.register_changes(round_.id) == (1, 0)
    assert decision_of(late.premises, addition) == entry_at(round_, late)


def decision_of(premises: Premises, decision: Decision) -> RegisterEntry | None:
    """The entry a decision ended in, when it is that of these premises."""
    entry = decision.entry
    return entry if entry and entry.premises_id == premises.id else None


def test_a_home_in_a_building_that_came_late_is_counted_there(
    building: Building, round_: Round, office: Office
) -> None:
    other = make_building(building.compound, homes=1)
    (late,) = homes_of(other)
    office.agrees(register.propose_addition(round_, late.premises, GROUNDS, by=office.first))
    say(round_, late, DISAGREE)
    assert figures(round_) == (5, 0, 1, 0)


@pytest.mark.parametrize("number", [0, 1])
def test_what_stands_on_the_register_cannot_be_added_again(
    building: Building, round_: Round, office: Office, number: int
) -> None:
    with pytest.raises(register.AlreadyOnRegister):
        register.propose_addition(
            round_, homes_of(building)[number].premises, GROUNDS, by=office.first
        )
    assert figures(round_) == (4, 0, 0, 0)


def test_a_home_of_another_compound_cannot_be_added(round_: Round, office: Office) -> None:
    stranger = homes_of(make_building(homes=1))[0]
    with pytest.raises(register.NotOnRoster):
        register.propose_addition(round_, stranger.premises, GROUNDS, by=office.first)


def test_a_garage_cannot_be_added(building: Building, round_: Round, office: Office) -> None:
    garage = make_premises(building.entrances[0], "901", use=Use.OTHER)
    with pytest.raises(register.NotOnRoster):
        register.propose_addition(round_, garage, GROUNDS, by=office.first)


def test_an_addition_that_somebody_else_made_meanwhile_is_refused_at_the_second_approval(
    building: Building, round_: Round, office: Office
) -> None:
    late = make_household(building.entrances[0], "901")
    slow = register.propose_addition(round_, late.premises, GROUNDS, by=office.first)
    register.add_premises(round_, late.premises)
    with pytest.raises(register.AlreadyOnRegister):
        office.agrees(slow)


def test_a_removed_home_takes_its_vote_with_it_and_brings_it_back(
    building: Building, round_: Round, office: Office
) -> None:
    gone, stays = homes_of(building)[:2]
    say(round_, gone, AGREE)
    say(round_, stays, DISAGREE)
    office.agrees(register.propose_removal(entry_at(round_, gone), GROUNDS, by=office.first))
    assert figures(round_) == (3, 0, 1, 0)
    with pytest.raises(casting.NotOnRegister):
        say(round_, gone, DISAGREE)
    assert queries.register_changes(round_.id) == (0, 1)
    office.agrees(register.propose_addition(round_, gone.premises, GROUNDS, by=office.first))
    assert figures(round_) == (4, 1, 1, 0)
    assert queries.register_changes(round_.id) == (1, 1)


def test_an_entry_is_struck_off_once(building: Building, round_: Round, office: Office) -> None:
    entry = entry_at(round_, homes_of(building)[0])
    office.agrees(register.propose_removal(entry, GROUNDS, by=office.first))
    for again in (register.propose_removal, register.propose_correction):
        with pytest.raises(register.GoneFromRegister):
            again(entry, GROUNDS, by=office.first)
    with pytest.raises(register.GoneFromRegister):
        register.propose_transfer(entry, ["孙七"], GROUNDS, by=office.first)


def test_a_home_with_two_contradicting_votes_cannot_be_removed_before_they_are_settled(
    building: Building, round_: Round, office: Office
) -> None:
    home = homes_of(building)[0]
    removal = register.propose_removal(entry_at(round_, home), GROUNDS, by=office.first)
    say(round_, home, AGREE)
    assert say(round_, home, DISAGREE, Channel.PAPER, keyed_by_id=office.first.id).is_held
    with pytest.raises(NotReady):
        office.agrees(removal)
    assert figures(round_) == (4, 1, 0, 0)


def test_a_landlord_stays_on_the_register_while_the_tenant_has_something_to_settle(
    office: Office,
) -> None:
    building = make_building(homes=4)
    home = homes_of(building)[0]
    home.premises.ownership = "直管公房"
    round_ = open_round(building.compound, FUND)
    say(round_, home, AGREE)
    assert say(round_, home, DISAGREE, Channel.PAPER, keyed_by_id=office.first.id).is_held
    landlord = landlord_at(round_, home)
    removal = register.propose_removal(landlord, GROUNDS, by=office.first)
    with pytest.raises(NotReady):
        office.agrees(removal)
    assert landlord.removed_at is None
    assert tallies.results(round_).owners[0].tallies[0].total == 4
    assert figures(round_) == (4, 1, 0, 0)


def test_a_correction_lets_the_register_say_what_the_roster_says(
    building: Building, round_: Round, office: Office
) -> None:
    home = homes_of(building)[0]
    say(round_, home, AGREE)
    home.premises.size, home.premises.ownership = 9150, "未售"
    home.premises.occupancy = Occupancy.VACANT
    db.session.flush()
    entry = entry_at(round_, home)
    correction = register.propose_correction(entry, GROUNDS, by=office.first)
    assert (entry.size, figures(round_)) == (8000, (4, 1, 0, 0))
    office.agrees(correction)
    # It is the developer's now, and no household any more: its vote counts no longer.
    assert figures(round_) == (3, 0, 0, 0)
    entry = entry_at(round_, home)
    assert (entry.size, entry.case, entry.holder) == (9150, Case.UNDELIVERED, "developer")
    home.premises.ownership = ""
    office.agrees(register.propose_correction(entry, GROUNDS, by=office.first))
    assert figures(round_) == (4, 1, 0, 0)
    assert queries.register_changes(round_.id) == (2, 2)


def test_who_turns_out_to_rent_of_a_public_landlord_speaks_for_the_household_alone(
    office: Office,
) -> None:
    building = make_building(homes=4)
    round_ = open_round(building.compound, FUND)
    home = homes_of(building)[0]
    say(round_, home, AGREE)
    assert tallies.results(round_).owners[0].tally.agree == 1
    home.premises.ownership = "直管公房"
    entry = entry_at(round_, home)
    office.agrees(register.propose_correction(entry, GROUNDS, by=office.first))
    assert figures(round_) == (4, 1, 0, 0)
    heads, area = tallies.results(round_).owners[0].tallies
    # The landlord is a head of its own and has said nothing.
    assert (heads.total, heads.voted, area.total, area.voted) == (4, 0, 32_000, 0)
    home.premises.ownership = ""
    office.agrees(register.propose_correction(entry, GROUNDS, by=office.first))
    assert tallies.results(round_).owners[0].tally.agree == 1
    figures(round_)


def test_a_tenant_who_bought_after_voting_is_a_head_of_its_own(office: Office) -> None:
    building = make_building(homes=4)
    home = homes_of(building)[0]
    home.premises.ownership = "直管公房"
    round_ = open_round(building.compound, FUND)
    say(round_, home, AGREE)
    entry = entry_at(round_, home)
    office.agrees(register.propose_transfer(entry, ["孙七"], GROUNDS, by=office.first))
    home.premises.ownership = "房改房"
    office.agrees(register.propose_correction(entry, GROUNDS, by=office.first))
    # As owner nobody had spoken there: the landlord is no head of it any more.
    assert (entry.is_property, entry.holder.partition(":")[0]) == (True, "owners")
    assert figures(round_) == (4, 1, 0, 0)


def test_a_public_landlord_stays_one_head_whatever_the_roster_says_before_a_correction(
    office: Office,
) -> None:
    building = make_building(homes=4)
    for home in homes_of(building)[:2]:
        home.premises.ownership = "直管公房"
    round_ = open_round(building.compound, FUND)
    home.premises.ownership = "房改房"
    landlord = landlord_at(round_, home)
    office.agrees(register.propose_transfer(landlord, ["孙七"], GROUNDS, by=office.first))
    assert landlord.holder == "public:直管公房"
    assert tallies.results(round_).owners[0].tallies[0].total == 3


def test_where_register_and_roster_agree_there_is_nothing_to_correct(
    building: Building, round_: Round, office: Office
) -> None:
    entry = entry_at(round_, homes_of(building)[0])
    with pytest.raises(register.NothingToCorrect):
        register.propose_correction(entry, GROUNDS, by=office.first)
    assert register.differences(entry) == {}


# A home changes hands during the round (RULES.md §2.2).


def test_a_transfer_ends_codes_and_sessions_and_the_seller_s_vote_stands(
    client: PageClient, office: Office
) -> None:
    voter = signed_in(client)
    round_, home = voter.round, voter.home
    say(round_, home, AGREE)
    entry = entry_at(round_, home)
    transfer = register.propose_transfer(entry, ["孙七", " 孙八 "], GROUNDS, by=office.first)
    assert (_valid(HouseholdCode, home.id), _valid(HouseholdSession, home.id)) == (1, 1)
    assert _owners(home.premises) == ["王小明"]
    office.agrees(transfer)
    db.session.expire_all()
    assert (_valid(HouseholdCode, home.id), _valid(HouseholdSession, home.id)) == (0, 0)
    assert _owners(home.premises) == ["孙七", "孙八"]
    assert entry.transferred_at is not None
    for via in (Channel.PHONE, Channel.VISIT):
        with pytest.raises(casting.SellerVoted):
            say(round_, home, DISAGREE, via)
    assert figures(round_) == (6, 1, 0, 0)
    (change,) = journal_of(round_, "IDENTITY_CHANGE")
    assert (change["hh"], change["voted"]) == (home.commitment, 1)


def test_a_buyer_votes_and_changes_freely_where_the_seller_had_not_voted(
    building: Building, round_: Round, office: Office
) -> None:
    home = homes_of(building)[0]
    entry = entry_at(round_, home)
    office.agrees(register.propose_transfer(entry, ["孙七"], GROUNDS, by=office.first))
    assert journal_of(round_, "IDENTITY_CHANGE")[0]["voted"] == 0
    say(round_, home, DISAGREE)
    say(round_, home, AGREE)
    assert figures(round_) == (4, 1, 0, 0)


def test_a_transfer_without_a_buyer_or_proposed_twice_is_refused(
    building: Building, round_: Round, office: Office
) -> None:
    entry = entry_at(round_, homes_of(building)[0])
    with pytest.raises(register.NoOwner):
        register.propose_transfer(entry, ["  ", ""], GROUNDS, by=office.first)
    register.propose_transfer(entry, ["孙七"], GROUNDS, by=office.first)
    with pytest.raises(AlreadyProposed):
        register.propose_transfer(entry, ["孙七"], GROUNDS, by=office.first)


def test_the_record_names_no_room_and_nobody(
    building: Building, round_: Round, office: Office
) -> None:
    home = homes_of(building)[0]
    entry = entry_at(round_, home)
    office.agrees(register.propose_transfer(entry, ["欧阳碧玉"], GROUNDS, by=office.first))
    office.agrees(register.propose_removal(entry, GROUNDS, by=office.first))
    told = str(journal_of(round_))
    for private in ("欧阳", "王小明", entry.label, GROUNDS.reason):
        assert private not in told


@pytest.mark.parametrize("kind", ["REGISTER_CHANGE", "IDENTITY_CHANGE"])
def test_every_change_of_the_register_is_recorded_with_both_persons_and_its_reason(
    building: Building, round_: Round, office: Office, kind: str
) -> None:
    entry = entry_at(round_, homes_of(building)[0])
    decision = (
        register.propose_removal(entry, GROUNDS, by=office.first)
        if kind == "REGISTER_CHANGE"
        else register.propose_transfer(entry, ["孙七"], GROUNDS, by=office.first)
    )
    office.agrees(decision)
    (change,) = journal_of(round_, kind)
    assert (change["proposer"], change["actor"]) == (
        office.first.commitment,
        office.second.commitment,
    )
    assert (change["reason"], change["decision"]) == (decision.reason_commitment, decision.id)


def test_a_shop_counts_its_area_with_the_owners_and_is_no_household() -> None:
    building = make_building(homes=2)
    owner = make_owner(building.compound)
    shop = make_premises(building.entrances[0], "901", owner, use=Use.SHOP, size=30_000)
    round_ = open_round(building.compound, FUND)
    office = Office()
    assert figures(round_) == (2, 0, 0, 0)
    office.agrees(register.propose_removal(entry_at(round_, shop), GROUNDS, by=office.first))
    check_counted(round_)
    assert figures(round_) == (2, 0, 0, 0)
    assert entry_at(round_, shop).voice == Voice.SILENT


def _valid(model: type[Any], household_id: int) -> int:
    ended = model.revoked_at if model is HouseholdCode else model.ended_at
    mine = (model.household_id == household_id, ended.is_(None))
    return db.session.scalar(sa.select(sa.func.count()).select_from(model).where(*mine)) or 0


def _owners(premises: Premises) -> list[str]:
    held = sa.select(Tenure).where(Tenure.premises_id == premises.id, Tenure.until.is_(None))
    return [tenure.owner.name for tenure in db.session.scalars(held.order_by(Tenure.id))]
