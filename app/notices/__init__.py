"""Messages to a home's phones: what is said, queued in the same transaction, sent from behind."""

from flask import Flask

from app.notices.gateways import gateway
from app.notices.queries import GATEWAY


def init_app(app: Flask) -> None:
    """Choose the gateway."""
    config = app.extensions["juyi_config"]
    app.extensions[GATEWAY] = gateway(config.sms, config.instance_dir)
