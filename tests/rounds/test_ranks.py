"""A menu in the order in which a household wants it: ticked, and ranked without dragging."""

from typing import Any

import pytest
import sqlalchemy as sa

from app.core.db import db
from app.rounds import casting, recounting, tallies
from app.rounds.counting import Choice, ranking
from app.rounds.models import Channel, MatterOption, Subject, Vote, VoteWish
from tests.client import PageClient
from tests.rounds.asking import MENU, Asked, asked, ballot, vote
from tests.rounds.offices import answers, check_counted, entry_at, journal_of, votes_of


def options(home: Asked) -> list[MatterOption]:
    return home.matter(Subject.MENU).options


def sent(home: Asked, ticked: list[int], ranked: list[int | None]) -> dict[str, Any]:
    """Items by their place in the menu, as the form sends them; None is a place left empty."""
    menu, ids = home.matter(Subject.MENU), [option.id for option in options(home)]
    places = ["" if item is None else str(ids[item]) for item in ranked]
    return {f"matter-{menu.id}": [ids[item] for item in ticked], f"rank-{menu.id}": places}


def wished(home: Asked) -> dict[str, int | None]:
    titles = {option.id: option.title for option in options(home)}
    newest = votes_of(home.round, home.home)[-1]
    return {titles[wish.option_id]: wish.rank for wish in newest.wishes}


def test_the_order_stands_on_review_receipt_and_in_the_next_form(client: PageClient) -> None:
    home = asked(client, MENU)
    form = client.get("rounds.vote", round_id=home.round.id)
    values = ballot(form, **sent(home, [1], [2, 0]))
    review = client.follow(client.post("rounds.review", values, round_id=home.round.id))
    assert "先改什么 1. 晾衣架、2. 楼道灯、充电桩" in review.one("dl").text
    hidden = review.all("input", name=f"rank-{home.matter(Subject.MENU).id}")
    assert [int(node["value"]) for node in hidden] == [options(home)[2].id, options(home)[0].id]
    receipt = vote(client, home, **sent(home, [1], [2, 0]))
    assert "先改什么 1. 晾衣架、2. 楼道灯、充电桩" in receipt.one("dl").text
    assert wished(home) == {"晾衣架": 1, "楼道灯": 2, "充电桩": None}
    again = client.get("rounds.vote", round_id=home.round.id)
    chosen = [o.text for o in again.all("option") if o.get("selected") is not None]
    assert chosen == ["晾衣架", "楼道灯"]


def test_nothing_is_ranked_beforehand_and_ranking_is_optional(client: PageClient) -> None:
    home = asked(client, MENU)
    form = client.get("rounds.vote", round_id=home.round.id)
    assert [select.all("option")[0].text for select in form.all("select")] == ["不排"] * 3
    assert not [o for o in form.all("option") if o.get("selected") is not None]
    vote(client, home, **sent(home, [0, 1], [None, None, None]))
    assert wished(home) == {"楼道灯": None, "充电桩": None}


def test_a_place_left_empty_is_no_place(client: PageClient) -> None:
    home = asked(client, MENU)
    vote(client, home, **sent(home, [], [None, 2, 0]))
    assert wished(home) == {"晾衣架": 1, "楼道灯": 2}


@pytest.mark.parametrize("step", ["rounds.review", "rounds.cast"])
def test_one_item_in_two_places_is_told_in_clear_words(client: PageClient, step: str) -> None:
    home = asked(client, MENU)
    form = client.get("rounds.vote", round_id=home.round.id)
    values = ballot(form, **sent(home, [1], [0, 0]))
    page = client.post(step, values, 422, round_id=home.round.id)
    group = page.one("div", class_="ranks")
    assert group.one("p", class_="error").text == "“楼道灯”排了两次，一样只能排一个位置。"
    assert page.all("a", href=f"#{group['id']}")
    assert not votes_of(home.round, home.home)


@pytest.mark.parametrize("strange", ["999999", "abc"])
def test_what_is_not_on_the_menu_cannot_be_ranked(client: PageClient, strange: str) -> None:
    home = asked(client, MENU)
    form = client.get("rounds.vote", round_id=home.round.id)
    values = ballot(form, **{f"rank-{home.matter(Subject.MENU).id}": [strange]})
    client.post("rounds.cast", values, 422, round_id=home.round.id)
    assert not votes_of(home.round, home.home)


def test_an_item_of_another_menu_cannot_be_ranked_here(client: PageClient) -> None:
    home = asked(client, MENU)
    entry, [item, *_] = entry_at(home.round, home.home), options(home)
    plan = home.round.matters[0]
    wrong = casting.Ballot(
        answers(entry, Choice.AGREE),
        "request-0001",
        0,
        1,
        wishes=frozenset({item.id}),
        ranks={plan.id: (item.id,)},
    )
    with pytest.raises(casting.Incomplete):
        casting.cast(home.round, home.home.id, wrong, via=Channel.PHONE)


def test_another_order_is_not_mistaken_for_a_repetition(client: PageClient) -> None:
    home = asked(client, MENU)
    form = client.get("rounds.vote", round_id=home.round.id)
    first = ballot(form, **sent(home, [], [0, 1]))
    client.post("rounds.cast", first, round_id=home.round.id)
    client.post("rounds.cast", first, round_id=home.round.id)
    other = ballot(form, **sent(home, [], [1, 0]))
    client.post("rounds.cast", other, 409, round_id=home.round.id)
    assert len(votes_of(home.round, home.home)) == 1


# What becomes of it in the count.


def wish(home: Asked, number: int, wants: list[int], order: list[int]) -> None:
    """The household with this number agrees, ticks these items and ranks those."""
    ids, entry = [o.id for o in options(home)], entry_at(home.round, home.homes[number])
    menu = home.matter(Subject.MENU).id
    made = casting.Ballot(
        answers(entry, Choice.AGREE),
        f"request-of-{entry.id}-{entry.votes}",
        entry.votes,
        1,
        wishes=frozenset(ids[item] for item in wants),
        ranks={menu: tuple(ids[item] for item in order)} if order else {},
    )
    casting.cast(home.round, home.homes[number].id, made, via=Channel.PHONE)


def ranked(home: Asked) -> list[tuple[str, int, int, int]]:
    check_counted(home.round)
    [menu] = tallies.results(home.round).menus
    return [(w.title, w.place.households, w.place.rank, w.place.firsts) for w in menu.wishes]


def test_households_wanting_an_item_rank_it_and_first_places_only_part_ties(
    client: PageClient,
) -> None:
    home = asked(client, MENU)
    wish(home, 0, [0, 1], [1])
    wish(home, 1, [0, 1], [1, 0])
    wish(home, 2, [0, 2], [2])
    assert ranked(home) == [("楼道灯", 3, 1, 0), ("充电桩", 2, 2, 2), ("晾衣架", 1, 3, 1)]
    wish(home, 3, [1, 2], [])
    assert ranked(home)[:2] == [("充电桩", 3, 1, 2), ("楼道灯", 3, 1, 0)]


def test_first_places_follow_the_vote_that_counts(client: PageClient) -> None:
    home = asked(client, MENU)
    wish(home, 0, [0, 1], [1])
    wish(home, 0, [0, 1], [0])
    assert ranked(home)[0] == ("楼道灯", 1, 1, 1)
    assert ranked(home)[1][3] == 0


def test_an_order_that_was_changed_by_hand_is_found(client: PageClient) -> None:
    home = asked(client, MENU)
    wish(home, 0, [0, 1], [1, 0])
    assert recounting.differences(home.round) == []
    db.session.execute(sa.update(VoteWish).values(rank=3 - VoteWish.rank))
    db.session.expire_all()
    assert recounting.differences(home.round) != []


def test_the_journal_tells_the_order_where_one_was_given_and_is_as_before_without(
    client: PageClient,
) -> None:
    home = asked(client, MENU)
    ids, menu = [o.id for o in options(home)], home.matter(Subject.MENU)
    wish(home, 0, [0, 1, 2], [2, 0])
    wish(home, 1, [1, 0], [])
    ordered, plain = journal_of(home.round, "VOTE")
    assert (ordered["wish"], ordered["rank"]) == (ids, {str(menu.id): [ids[2], ids[0]]})
    assert (plain["wish"], "rank" in plain) == (ids[:2], False)


def test_options_of_one_rank_are_told_by_their_first_places() -> None:
    places = ranking({1: 2, 2: 2, 3: 5}, {2: 1, 3: 0})
    assert [(p.option, p.rank, p.firsts) for p in places] == [(3, 1, 0), (2, 2, 1), (1, 2, 0)]


def test_the_result_shows_the_first_places_beside_the_households(client: PageClient) -> None:
    home = asked(client, MENU)
    wish(home, 0, [0], [0])
    [menu] = tallies.results(home.round).menus
    assert menu.wishes[0].place.firsts == 1
    assert db.session.scalars(sa.select(Vote)).one().wishes[0].rank == 1
