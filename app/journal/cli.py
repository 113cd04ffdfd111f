"""`flask journal verify`: is the record whole and unchanged?"""

import click
from flask.cli import AppGroup

from app.journal.actions import book_of_round
from app.journal.queries import books, first_flaw

journal_cli = AppGroup("journal", help="The append-only record.")


@journal_cli.command("verify")
@click.argument("round_id", metavar="[ROUND]", type=int, required=False)
def verify(round_id: int | None) -> None:
    """Check leaf hashes and sequence of one round's book, or of all books."""
    names = books() if round_id is None else [book_of_round(round_id)]
    if round_id is not None and names[0] not in books():
        raise click.ClickException(f"no journal for round {round_id}")
    for name in names:
        flaw = first_flaw(name)
        if flaw is not None:
            raise click.ClickException(f"{flaw.book}: entry {flaw.seq} {flaw.reason}")
        click.echo(f"{name}: ok")
