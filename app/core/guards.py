"""Who may enter a view: exactly one guard stands on every route, and a test proves it.

It knows roles and identities, not features: how a household is recognised is told to it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import wraps
from typing import Any

from flask import abort, current_app, g
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from flask_login import login_required as _login_required
from werkzeug.local import LocalProxy

from app.core.db import beforehand

View = Callable[..., Any]


class Role(StrEnum):
    """What a member of staff is trusted with; where, is their scope on the area tree."""

    WORKER = "worker"
    OFFICE = "office"
    DISTRICT = "district"
    DESIGNER = "designer"
    BUILDER = "builder"
    AUDITOR = "auditor"
    ADMIN = "admin"

    @property
    def label(self) -> Any:
        return _ROLE_LABELS[self]


_ROLE_LABELS = {
    Role.WORKER: _l("社区工作者"),
    Role.OFFICE: _l("街道（乡镇）办"),
    Role.DISTRICT: _l("区住建局"),
    Role.DESIGNER: _l("设计单位"),
    Role.BUILDER: _l("施工单位"),
    Role.AUDITOR: _l("审计监督"),
    Role.ADMIN: _l("系统管理员"),
}
# Who counts consent and gets it from residents. The others see what is named for them.
OFFICE_ROLES = (Role.WORKER, Role.OFFICE, Role.DISTRICT)
# Who looks over the office's shoulder: boards, cases, registers and results, and changes nothing.
WITH_AUDITORS = (*OFFICE_ROLES, Role.AUDITOR)
# Who draws and builds reads the plan and answers what residents ask about it.
WITH_PLANNERS = (*OFFICE_ROLES, Role.DESIGNER, Role.BUILDER)


@dataclass(frozen=True)
class Identity:
    """A signed-in member of staff, as guards and actions see them (`current_user`, `by=`).

    It satisfies Flask-Login and is small enough to be remembered for a second without a query.
    """

    id: int
    username: str
    name: str
    role: Role
    area_path: str
    commitment: str
    # What the browser of this sign-in holds; nobody reads it in a log.
    session_token: str = field(default="", repr=False)
    is_authenticated: bool = True
    is_active: bool = True
    is_anonymous: bool = False

    def get_id(self) -> str:
        """What the session cookie holds: the token of one sign-in, of which we keep a digest."""
        return self.session_token

    def reaches(self, area_path: str) -> bool:
        """Whether an area (its `path`) lies within this person's scope."""
        return area_path.startswith(self.area_path)


@dataclass(frozen=True)
class Home:
    """A signed-in household: which home this browser speaks for, and how its door is called."""

    household_id: int
    building_id: int
    session_id: int
    address: str


@dataclass(frozen=True)
class Claim:
    """The session that a browser's signed cookie names; whether it still stands, nobody asked yet.

    `digest` finds it; it must have begun after `began_after`.
    """

    digest: str
    began_after: datetime


class _HouseholdGate:
    """Filled in by the accounts feature, as a login manager is."""

    claim: Callable[[], Claim | None]
    load: Callable[[], Home | None]
    refuse: View


household_gate = _HouseholdGate()


def _load_home() -> Home | None:
    if "home" not in g:
        g.home = household_gate.load()
    home: Home | None = g.home
    return home


# The household this request speaks for; falsy when nobody signed in with a code.
current_home: Any = LocalProxy(_load_home)


def public(view: View) -> View:
    """Anybody may enter."""
    view.guard = "public"  # type: ignore[attr-defined]
    return view


def household(view: View) -> View:
    """Only a household signed in with its code; others are shown the way in."""

    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        with beforehand():
            is_known = bool(current_home)
        return view(*args, **kwargs) if is_known else household_gate.refuse()

    guarded.guard = "household"  # type: ignore[attr-defined]
    return guarded


def claimant(view: View) -> View:
    """Only a browser whose cookie names a household's session; the view gets the claim.

    For what asks in its own transaction whether the session still stands, under the lock where it
    matters, and not a second time before (FAULTS.md §1).
    """

    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        claim = household_gate.claim()
        return view(*args, claim=claim, **kwargs) if claim else household_gate.refuse()

    guarded.guard = "household"  # type: ignore[attr-defined]
    return guarded


def staff(*roles: Role) -> Callable[[View], View]:
    """Only signed-in staff of one of `roles`, the office's own (`OFFICE_ROLES`) when none is named.

    An admin may do what all may.
    """
    roles = roles or OFFICE_ROLES

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            if current_user.role not in (*roles, Role.ADMIN):
                abort(403)
            return view(*args, **kwargs)

        signed_in = _login_required(guarded)
        signed_in.guard = "staff"
        signed_in.roles = roles
        return signed_in  # type: ignore[no-any-return]

    return decorate


def may_open(endpoint: str) -> bool:
    """Whether a page or deed of the desk is for this person's role, for links that lead to it."""
    roles = getattr(current_app.view_functions[endpoint], "roles", ())
    is_staff = bool(current_user.is_authenticated)
    return is_staff and current_user.role in (*roles, Role.ADMIN)


class _StaffGate:
    """Filled in by accounts: whether somebody proved again who they are, the page to do it, and

    whom what a browser keeps belongs to, from memory alone.
    """

    remembered: Callable[[Mapping[str, Any]], Identity | None]
    is_sure: Callable[[], bool]
    ask: View


staff_gate = _StaffGate()


def stepped_up(view: View) -> View:
    """Below `staff`: only whoever has proved again, within minutes, who they are (ASVS 7.5.3).

    For exports, and for changing the register, a phone, the close of a round, what is published.
    """

    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        return view(*args, **kwargs) if staff_gate.is_sure() else staff_gate.ask()

    guarded.is_stepped_up = True  # type: ignore[attr-defined]
    return guarded


def must_reach(area_path: str) -> None:
    """Answer 403 unless the area lies within the scope of the signed-in person."""
    if not current_user.reaches(area_path):
        abort(403)


def uploads(megabytes: int) -> Callable[[View], View]:
    """Let a request body of this size into the view; all others stay at the small default."""

    def decorate(view: View) -> View:
        view.max_body = megabytes * 1024 * 1024  # type: ignore[attr-defined]
        return view

    return decorate
