"""`flask rounds tally`: the numbers of a round, from the records."""

import json
from collections.abc import Callable
from typing import Any

import click
from flask.cli import AppGroup

from app.core.db import db
from app.core.format import as_area, as_percent
from app.rounds.counting import Tally, Track
from app.rounds.models import Round
from app.rounds.recounting import differences, recount
from app.rounds.tallies import MatterTally, MenuTally, RoundTally

rounds_cli = AppGroup("rounds", help="Consultations.")


@rounds_cli.command("tally")
@click.argument("round_id", type=int)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--recount", "check", is_flag=True, help="Fail when a cached counter differs.")
def tally(round_id: int, as_json: bool, check: bool) -> None:
    """Print how a round stands, counted from its votes."""
    round_ = db.session.get(Round, round_id)
    if round_ is None:
        raise click.ClickException(f"no round {round_id}")
    counted = recount(round_)
    facts = json.dumps(round_as_json(round_, counted), ensure_ascii=False)
    click.echo(facts if as_json else _as_text(round_, counted))
    if check and (differing := differences(round_)):
        lines = "\n  ".join(("the cached counters differ from the recount", *differing))
        raise click.ClickException(lines)


def round_as_json(round_: Round, counted: RoundTally) -> dict[str, Any]:
    """The numbers of a round in the words of the contract."""
    return {
        "round": round_.id,
        "state": round_.state.value,
        "households": counted.total,
        "to_confirm": counted.to_confirm,
        "disputed": counted.disputed,
        "matters": [
            *(_matter(m) for m in (*counted.matters, *counted.owners)),
            *(_menu(m) for m in counted.menus),
        ],
        "buildings": [
            {"building": b.name, "households": b.total, "matters": [_matter(m) for m in b.matters]}
            for b in counted.buildings
        ],
    }


def _matter(matter: MatterTally) -> dict[str, Any]:
    tally = matter.tally
    told = {
        "id": matter.matter_id,
        "title": matter.title,
        "track": matter.track,
        "agree": tally.agree,
        "disagree": tally.disagree,
        "abstain": tally.abstain,
        "silent": tally.silent,
        "total": tally.total,
        "needed": tally.needed,
        "missing": tally.missing,
        "percent": as_percent(tally.agree, tally.base),
        "passed": matter.passed,
        "reachable": matter.is_reachable,
    }
    if len(matter.tallies) > 1:
        told |= {"divided": matter.divided, "area": _area(matter.tallies[1])}
    return told


def _area(tally: Tally) -> dict[str, Any]:
    """The second base of an owners' decision, in m²."""
    return {
        "agree": as_area(tally.agree),
        "disagree": as_area(tally.disagree),
        "abstain": as_area(tally.abstain),
        "silent": as_area(tally.silent),
        "total": as_area(tally.total),
        "needed": as_area(tally.needed),
        "missing": as_area(tally.missing),
        "percent": as_percent(tally.agree, tally.base),
        "passed": tally.passed,
        "reachable": tally.is_reachable,
    }


def _menu(menu: MenuTally) -> dict[str, Any]:
    return {
        "id": menu.matter_id,
        "title": menu.title,
        "track": Track.PREFERENCE.value,
        "total": menu.total,
        "options": [
            {
                "title": w.title,
                "households": w.place.households,
                "rank": w.place.rank,
            }
            for w in menu.wishes
        ],
    }


def _as_text(round_: Round, counted: RoundTally) -> str:
    lines = [f"round {round_.id}: {round_.state.value}, {counted.total} households"]
    for matter in counted.matters:
        lines.append(f"  {matter.title}: {_line(matter.tally, '', str)}")
    for matter in counted.owners:
        heads, area = matter.tallies
        lines.append(f"  {matter.title}: {'reached' if matter.passed else 'not reached'}")
        lines.append(f"    heads: {_line(heads, '', str)}{_taking_part(heads, '', str)}")
        lines.append(f"    area: {_line(area, ' m²', as_area)}{_taking_part(area, ' m²', as_area)}")
    for menu in counted.menus:
        wishes = ", ".join(f"{wish.title} {wish.place.households}" for wish in menu.wishes)
        lines.append(f"  {menu.title}: {wishes}")
    return "\n".join(lines)


def _line(tally: Tally, unit: str, amount: Callable[[int], str]) -> str:
    """Who agrees of the base that approval is measured against, so that the percent fits."""
    verdict = "reached" if tally.passed else f"{amount(tally.missing)}{unit} missing"
    share = f"{amount(tally.agree)}/{amount(tally.base)}{unit}"
    return f"{share} {as_percent(tally.agree, tally.base)} % {verdict}"


def _taking_part(tally: Tally, unit: str, amount: Callable[[int], str]) -> str:
    if tally.base == tally.total:
        return ""
    share = f"{amount(tally.voted)}/{amount(tally.total)}{unit}"
    return f" ({share} {as_percent(tally.voted, tally.total)} % take part)"
