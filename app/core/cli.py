"""`flask worker`: background work as a process of its own, for installations with Redis."""

import click
from flask import current_app
from flask.cli import with_appcontext

from app.core import jobs


@click.command("worker")
@with_appcontext
def worker() -> None:
    """Do background work until stopped; without Redis the web process does it by itself."""
    if current_app.extensions["juyi_config"].redis_url is None:
        raise click.ClickException("JUYI_REDIS_URL is not set: the web process does this work")
    jobs.work_until_stopped(current_app._get_current_object())  # type: ignore[attr-defined]
