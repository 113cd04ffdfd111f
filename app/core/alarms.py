"""What an operator must be told: checks that a feature adds and `/readyz` asks.

It knows no feature; a check answers None while all is well.
"""

from collections.abc import Callable

from flask import Flask, current_app

Check = Callable[[], str | None]
_NAME = "juyi_alarms"


def watch(app: Flask, check: Check) -> None:
    """Let `check` be asked whenever somebody wants to know whether all is well.

    It answers in one line for the operator, in English, and names nobody.
    """
    app.extensions.setdefault(_NAME, []).append(check)


def ringing() -> list[str]:
    """What every check has to say that is not well."""
    checks: list[Check] = current_app.extensions.get(_NAME, [])
    return [said for check in checks if (said := check())]
