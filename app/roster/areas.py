"""Where a ledger belongs on the area tree: communities in reach, namesakes, and near misses."""

import re
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from app.core.db import db
from app.core.errors import Refused, msg
from app.roster.models import Area, AreaKind, Compound

UNNAMED_DISTRICT = "本区县"
UNNAMED_TOWN = "未填乡镇"
_ENDING = re.compile("(?:社区居民委员会|社区居委会|居民委员会|居委会|社区|村民委员会|村委会|村)$")

Branch = tuple[AreaKind, str]


class Ambiguous(Refused):
    """The names given fit several areas."""


@dataclass(frozen=True)
class Placement:
    """Where a ledger belongs as its uploader says: rows may name town and community themselves.

    `community` is that of rows that name none, '' when every row must name its own; `area_id` is
    its id when it was picked among those that exist. `scope` is the `area_path` of the person:
    nothing outside it is reached.
    """

    community: str
    district: str = ""
    scope: str = "/"
    area_id: int | None = None


@dataclass(frozen=True)
class Destination:
    """Where a compound belongs on the area tree: the last area that exists and those to make."""

    nearest: Area | None
    missing: tuple[Branch, ...]

    @property
    def area(self) -> Area | None:
        """The community, when it exists."""
        return None if self.missing else self.nearest

    @property
    def name(self) -> str:
        """`利通区 胜利镇 裕西社区`, whether it exists or not."""
        names = [self.nearest.full_name] if self.nearest else []
        return " ".join([*names, *(name for _, name in self.missing)])

    @property
    def community(self) -> str:
        """The name of the community itself."""
        names = [name for _, name in self.missing]
        return names[-1] if names or self.nearest is None else self.nearest.name

    @property
    def is_new_community(self) -> bool:
        """Whether importing makes the community."""
        return bool(self.missing)

    def is_within(self, scope: str) -> bool:
        """Whether all of it lies within an `area_path`."""
        return (self.nearest.path if self.nearest else "/").startswith(scope)


def communities_within(scope: str) -> list[Area]:
    """The communities a person may import into, by name."""
    within = Area.path.startswith(scope, autoescape=True)
    above = joinedload(Area.parent).joinedload(Area.parent)
    found = select(Area).where(Area.kind == AreaKind.COMMUNITY, within).options(above)
    return list(db.session.scalars(found.order_by(Area.name)))


def destination_of(town: str, community: str, placement: Placement) -> Destination:
    """Where a row belongs that names this town and community ('' when it names none).

    The community that was picked is meant by its name, unless the row names another town. Without
    a town it is otherwise the community of that name that exists, else one below the town of the
    person who imports, else one below `未填乡镇`.
    """
    name = community or placement.community
    picked = db.session.get(Area, placement.area_id) if placement.area_id else None
    if picked and _is_meant(picked, town, name):
        return Destination(picked, ())
    district = _district(placement)
    if not town and district:
        namesakes = _namesakes(name, district, placement.scope)
        if len(namesakes) > 1:
            message = msg("有 %(count)s 个社区都叫「%(name)s」，请在台账里加上「乡镇」一列。")
            raise Ambiguous(message, count=len(namesakes), name=name)
        if namesakes:
            return Destination(namesakes[0], ())
        if own := _own_town(placement.scope):
            return _descend(own, [(AreaKind.COMMUNITY, name)])
    branches = [(AreaKind.TOWN, town or UNNAMED_TOWN), (AreaKind.COMMUNITY, name)]
    if district is None:
        top = (AreaKind.DISTRICT, placement.district or UNNAMED_DISTRICT)
        return Destination(None, (top, *branches))
    return _descend(district, branches)


def _is_meant(picked: Area, town: str, name: str) -> bool:
    """Whether a row that names this town and community (or neither) means `picked`."""
    is_its_town = picked.parent is not None and picked.parent.name == town
    return name == picked.name and (not town or is_its_town)


def _descend(area: Area, branches: list[Branch]) -> Destination:
    """Go down the tree as far as it exists."""
    for depth, (kind, name) in enumerate(branches):
        below = select(Area).where(Area.parent_id == area.id, Area.kind == kind, Area.name == name)
        found = db.session.scalar(below)
        if found is None:
            return Destination(area, tuple(branches[depth:]))
        area = found
    return Destination(area, ())


def _district(placement: Placement) -> Area | None:
    """The district meant: by name, by the person's scope, or the only one there is."""
    districts = select(Area).where(Area.kind == AreaKind.DISTRICT)
    if placement.district:
        return db.session.scalar(districts.where(Area.name == placement.district))
    within = [
        area
        for area in db.session.scalars(districts)
        if area.path.startswith(placement.scope) or placement.scope.startswith(area.path)
    ]
    if len(within) > 1:
        raise Ambiguous(msg("系统里有多个区县，请指明导入到哪一个。"))
    return within[0] if within else None


def _own_town(scope: str) -> Area | None:
    """The town in which somebody's whole scope lies."""
    towns = db.session.scalars(select(Area).where(Area.kind == AreaKind.TOWN))
    return next((town for town in towns if scope.startswith(town.path)), None)


def _namesakes(name: str, district: Area, scope: str) -> list[Area]:
    below = [
        area
        for area in communities_within(district.path)
        if area.name == name and area.path.startswith(district.path)
    ]
    return [area for area in below if area.path.startswith(scope)] or below


def same_name_elsewhere(name: str, destination: Destination, scope: str) -> list[Area]:
    """Other communities of the same district, within `scope`, with a compound of this name."""
    if destination.nearest is None:
        return []
    found = (
        select(Area)
        .join(Compound, Compound.area_id == Area.id)
        .where(Compound.name == name, Area.path.startswith(scope, autoescape=True))
        .where(Area.path.startswith(_district_path(destination.nearest), autoescape=True))
        .order_by(Area.name)
    )
    here = destination.area
    return [area for area in db.session.scalars(found) if here is None or area.id != here.id]


def near_names(destination: Destination, scope: str) -> list[str]:
    """Full names of communities that a new one may be, misspelt or put into another town."""
    if destination.nearest is None or not destination.is_new_community:
        return []
    district = _district_path(destination.nearest)
    return [
        area.full_name
        for area in communities_within(scope)
        if area.path.startswith(district) and are_near(area.name, destination.community)
    ]


def are_near(name: str, other: str) -> bool:
    """Whether two communities are called nearly the same: 水渠巷 and 水渠巷社区."""
    shorter, longer = sorted((_ENDING.sub("", name), _ENDING.sub("", other)), key=len)
    return shorter == longer or (len(shorter) > 1 and longer.startswith(shorter))


def _district_path(area: Area) -> str:
    """The path of the district in which an area lies: `/1/` of `/1/4/9/`."""
    return "/".join(area.path.split("/")[:2]) + "/"
