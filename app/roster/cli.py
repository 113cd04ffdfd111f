"""`flask roster check|import`: the household ledger on the command line (CONTRACT.md)."""

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
from flask.cli import AppGroup

from app.core.db import db
from app.core.errors import Refused
from app.core.format import as_area
from app.core.sheets import Unreadable, read_workbook
from app.roster import actions
from app.roster.areas import Placement
from app.roster.importer import read_ledger
from app.roster.ledger import Ledger, Problem

IMPORTABLE, PROBLEMS, UNREADABLE = 0, 1, 2

roster_cli = AppGroup("roster", help="The household ledger.")
_file = click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
_compound = click.option("--compound", default="", help="The compound of rows that name none.")


@roster_cli.command("check")
@_file
@_compound
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def check(file: Path, compound: str, as_json: bool) -> None:
    """Read a workbook and say what is wrong with it; writes nothing.

    Exit code: 0 importable, 1 problems, 2 unreadable.
    """
    ledger = _read(file, compound, as_json)
    if as_json:
        click.echo(json.dumps(_as_json(ledger), ensure_ascii=False))
    else:
        _print(ledger)
    sys.exit(PROBLEMS if ledger.errors else IMPORTABLE)


@roster_cli.command("import")
@_file
@_compound
@click.option("--community", required=True, help="The community of rows that name none.")
@click.option("--district", default="", help="The district; default: the only one there is.")
def import_(file: Path, compound: str, community: str, district: str) -> None:
    """Import a workbook, all or nothing; the same workbook again changes nothing."""
    ledger = _read(file, compound, as_json=False)
    try:
        placement = Placement(community, district)
        done = actions.import_roster(ledger, placement, by=None)
    except actions.NotImportable as refusal:
        _print(replace(ledger, errors=tuple(refusal.problems)))
        click.echo(str(refusal), err=True)
        sys.exit(PROBLEMS)
    except Refused as refusal:
        click.echo(str(refusal), err=True)
        sys.exit(PROBLEMS)
    db.session.commit()
    click.echo(f"added {done.added}  changed {done.changed}  unchanged {done.unchanged}")


def _read(file: Path, compound: str, as_json: bool) -> Ledger:
    try:
        return read_ledger(read_workbook(file), compound)
    except Unreadable as refusal:
        if as_json:
            problem = Problem("", 0, "", refusal.message)
            click.echo(json.dumps(_as_json(Ledger((), (problem,), (), ())), ensure_ascii=False))
        click.echo(str(refusal), err=True)
        sys.exit(UNREADABLE)


def _as_json(ledger: Ledger) -> dict[str, Any]:
    totals = ledger.totals
    return {
        "households": totals.households,
        "premises": totals.premises,
        "buildings": totals.buildings,
        "compounds": len(ledger.compounds),
        "area": as_area(totals.area),
        "errors": [_problem(problem) for problem in ledger.errors],
        "warnings": [_problem(problem) for problem in ledger.warnings],
        "per_compound": [
            {
                "compound": each.compound,
                "town": each.town,
                "community": each.community,
                "buildings": each.buildings,
                "premises": each.premises,
                "households": each.households,
                "area": as_area(each.area),
            }
            for each in ledger.compounds
        ],
    }


def _problem(problem: Problem) -> dict[str, Any]:
    return {
        "sheet": problem.sheet,
        "row": problem.row,
        "column": problem.column,
        "message": problem.text,
    }


def _print(ledger: Ledger) -> None:
    totals = ledger.totals
    click.echo(
        f"{len(ledger.compounds)} compounds, {totals.buildings} buildings, "
        f"{totals.households} households, {totals.premises} premises, {as_area(totals.area)} m²"
    )
    for title, problems in (("errors", ledger.errors), ("warnings", ledger.warnings)):
        click.echo(f"{title}: {len(problems)}")
        for problem in problems:
            place = f"{problem.sheet} {problem.row} {problem.column}".rstrip()
            click.echo(f"  {place}: {problem.text}")
