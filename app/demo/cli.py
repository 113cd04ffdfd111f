"""`flask demo`: a sample district to try everything on."""

import json

import click
from flask import current_app
from flask.cli import with_appcontext

from app.core.db import db
from app.core.errors import Refused
from app.demo.actions import fill_sample, summary_of
from app.demo.synthetic import fill_synthetic
from app.notices.actions import unheard


@click.command("demo")
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
@click.option("--households", type=click.IntRange(1), help="A synthetic district of this size.")
@with_appcontext
def demo(as_json: bool, households: int | None) -> None:
    """Fill an empty database with the sample district of Litong."""
    config = current_app.extensions["juyi_config"]
    try:
        with unheard():
            if households:
                sample = fill_synthetic(households, config.code_key)
            else:
                sample = fill_sample(config.code_key)
    except Refused as refusal:
        raise click.ClickException(str(refusal)) from refusal
    db.session.commit()
    facts = summary_of(sample, config.base_url)
    click.echo(json.dumps(facts, ensure_ascii=False) if as_json else _as_text(facts))


def _as_text(facts: dict[str, list[dict[str, object]]]) -> str:
    lines = ["staff:"]
    lines += [
        f"  {s['role']:9} {s['username']:10} {s['password']} {s['otp_secret']}"
        for s in facts["staff"]
    ]
    lines.append("rounds:")
    lines += [
        f"  {r['id']} {r['compound']} {r['state']} {r['households']}" for r in facts["rounds"]
    ]
    return "\n".join(lines)
