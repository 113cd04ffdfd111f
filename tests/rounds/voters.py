"""A household in front of an open round, and the steps it takes on the phone."""

from dataclasses import dataclass
from typing import Any

from app.roster.models import Building, Household
from app.rounds.casting import Ballot, Receipt, cast
from app.rounds.counting import Choice
from app.rounds.models import Channel, Round
from tests.client import Page, PageClient
from tests.factories import homes_of, issue_code, make_building, make_round


@dataclass(frozen=True)
class Voter:
    """A household of an open round with the 12 digits of its slip."""

    building: Building
    round: Round
    home: Household
    digits: str


def make_voter(homes: int = 6, **facts: Any) -> Voter:
    """The first household of a building whose compound has an open round."""
    building = make_building(homes=homes)
    round_ = make_round(building.compound, **facts)
    home = homes_of(building)[0]
    return Voter(building, round_, home, issue_code(home))


def signed_in(client: PageClient, **facts: Any) -> Voter:
    """A voter who has entered the code in this browser."""
    voter = make_voter(**facts)
    client.enter(voter.building, voter.digits)
    return voter


def fill(page: Page, round_: Round, *choices: Choice, **others: str) -> dict[str, str]:
    """What the vote form would send with these choices, in the order of the matters."""
    values = page.form_values("/review")
    values |= {f"matter-{m.id}": c.value for m, c in zip(round_.matters, choices, strict=True)}
    return {**values, **others}


def vote(client: PageClient, voter: Voter, *choices: Choice, **others: str) -> Any:
    """Form, and straight to the server; the redirect to the receipt."""
    form = client.get("rounds.vote", round_id=voter.round.id)
    return client.post(
        "rounds.cast", fill(form, voter.round, *choices, **others), round_id=voter.round.id
    )


def cast_quickly(
    round_: Round, home: Household, choice: Choice, request_id: str, seen: int = 0
) -> Receipt:
    """A vote without a browser: the same choice on every matter."""
    ballot = Ballot({m.id: choice for m in round_.matters}, request_id, seen, 1)
    return cast(round_, home.id, ballot, via=Channel.PHONE)
