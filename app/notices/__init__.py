"""Messages to a home's phones: what is said, queued in the same transaction, sent from behind."""

from flask import Flask

from app.notices import tasks
from app.notices.cli import notices_cli
from app.notices.gateways import gateway
from app.notices.queries import GATEWAY


def init_app(app: Flask) -> None:
    """Choose the gateway; register the command and the background work."""
    config = app.extensions["juyi_config"]
    app.extensions[GATEWAY] = gateway(config.sms, config.instance_dir)
    app.cli.add_command(notices_cli)
    tasks.init_app(app)
