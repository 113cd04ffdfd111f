"""What an operator must be told: checks that a feature adds and `/readyz` asks.

It knows no feature; a check answers None while all is well.
"""

from collections.abc import Callable

from flask import Flask, current_app

Check = Callable[[], str | None]
_FAULTS, _WARNINGS = "juyi_alarms", "juyi_warnings"


def watch(app: Flask, check: Check, *, anybody_can_ring: bool = False) -> None:
    """Let `check` be asked whenever somebody wants to know whether all is well.

    It answers in one line for the operator, in English, and names nobody. What `anybody_can_ring`
    from outside is told, but must not take the server out of service: that would be the attack.
    """
    app.extensions.setdefault(_WARNINGS if anybody_can_ring else _FAULTS, []).append(check)


def ringing() -> list[str]:
    """What every check has to say that is not well with this server."""
    return _said(_FAULTS)


def warnings() -> list[str]:
    """What somebody outside is doing to it, as every such check says."""
    return _said(_WARNINGS)


def _said(kind: str) -> list[str]:
    checks: list[Check] = current_app.extensions.get(kind, [])
    return [said for check in checks if (said := check())]
