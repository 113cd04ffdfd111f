"""Who stands above whom: whom one may invite, change and let in again (decision 6)."""

from app.accounts.models import Staff
from app.core.errors import Refused, msg
from app.core.guards import Identity, Role
from app.roster.models import Area

# Nobody makes an account of their own standing, or one person would be both persons.
MAY_MAKE: dict[Role, tuple[Role, ...]] = {
    Role.WORKER: (),
    Role.OFFICE: (Role.WORKER, Role.DESIGNER, Role.BUILDER),
    Role.DISTRICT: (Role.WORKER, Role.OFFICE, Role.DESIGNER, Role.BUILDER, Role.AUDITOR),
    Role.DESIGNER: (),
    Role.BUILDER: (),
    Role.AUDITOR: (),
    Role.ADMIN: tuple(Role),
}


class NotAllowed(Refused):
    """This person may not do that to that account."""


def check_may_make(by: Identity | None, role: Role, area: Area | None) -> None:
    """Refuse `NotAllowed` unless `by` may put somebody into this role and area."""
    if by is None:
        return
    if by.role != Role.ADMIN and role not in MAY_MAKE[by.role]:
        raise NotAllowed(msg("您只能给下一级的同事建账号。"))
    check_reach(by, area)


def may_look_after(by: Identity, staff: Staff) -> bool:
    """Whether `by` stands above somebody: may invite them anew and change what they may do."""
    is_below = by.role == Role.ADMIN or staff.role in MAY_MAKE[by.role]
    return is_below and staff.id != by.id and by.reaches(staff.area.path if staff.area else "/")


def check_may_look_after(by: Identity, staff: Staff) -> None:
    """Refuse `NotAllowed` unless `may_look_after`."""
    if not may_look_after(by, staff):
        raise NotAllowed(msg("您只能管理下一级同事的账号，自己的也不行。"))


def check_reach(by: Identity, area: Area | None) -> None:
    """Refuse `NotAllowed` unless the area lies within the person's scope."""
    if not by.reaches(area.path if area else "/"):
        raise NotAllowed(msg("这个范围不归您管。"))
