"""`flask notices export`: what waits for the office's own message platform."""

from pathlib import Path

import click
from flask.cli import AppGroup

from app.core.db import db
from app.core.format import as_moment
from app.core.sheets import as_csv
from app.notices import delivery

notices_cli = AppGroup("notices", help="Messages to the phones of homes.")


@notices_cli.command("export")
@click.option("--out", type=click.Path(path_type=Path), help="A file; otherwise the terminal.")
def export(out: Path | None) -> None:
    """Write what is waiting as CSV; it counts as sent then and is written once.

    The file is there before it counts: after a crash between the two it is written again.
    """
    rows = [
        (str(message.id), message.phone or "", message.body or "", as_moment(message.expires_at))
        for message in delivery.take_for_export()
    ]
    table = as_csv(("编号", "手机号", "短信内容", "请在此前发出"), rows)
    if out:
        out.write_text(table, "utf-8-sig")
        out.chmod(0o600)
    else:
        click.echo(table, nl=False)
    db.session.commit()
    click.echo(f"{len(rows)} messages", err=True)
