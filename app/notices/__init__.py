"""Messages to a home's phones: what is said, queued in the same transaction, sent from behind."""

from collections.abc import Sequence

from flask import Flask

from app.notices import tasks
from app.notices.actions import tell
from app.notices.cli import notices_cli
from app.notices.gateways import gateway
from app.notices.models import MessageKind
from app.notices.queries import GATEWAY
from app.roster.guarding import gate


def init_app(app: Flask) -> None:
    """Choose the gateway; register the command and the background work."""
    config = app.extensions["juyi_config"]
    app.extensions[GATEWAY] = gateway(config.sms, config.instance_dir)
    app.cli.add_command(notices_cli)
    gate.tell = _tell_old_phones
    tasks.init_app(app)


def _tell_old_phones(household_ids: Sequence[int], cause: str) -> None:
    tell(household_ids, MessageKind.PHONE_CHANGED, cause)
