"""Who lives where: the area tree, compounds down to premises, households, owners, contacts.

The words are RULES.md §1, the fields §7 D1. It knows nothing of consent.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.core.db import BigInt, Model
from app.core.tokens import commitment, random_bytes, random_token


class AreaKind(StrEnum):
    """The three storeys of the area tree."""

    DISTRICT = "district"
    TOWN = "town"
    COMMUNITY = "community"


class Use(StrEnum):
    """What premises are for; only dwellings are households."""

    DWELLING = "dwelling"
    SHOP = "shop"
    OTHER = "other"

    @property
    def label(self) -> Any:
        return {"dwelling": _l("住宅"), "shop": _l("商铺"), "other": _l("其他")}[self.value]


class Occupancy(StrEnum):
    """Who lives there now."""

    OWNER = "owner"
    LET = "let"
    VACANT = "vacant"
    UNKNOWN = "unknown"

    @property
    def label(self) -> Any:
        labels = {"owner": _l("自住"), "let": _l("出租"), "vacant": _l("空置")}
        return labels.get(self.value, _l("未填"))


class Area(Model):
    """A district, a town or street of it, or a community; `path` is `/1/4/9/`, own id last."""

    __tablename__ = "area"
    __table_args__ = (UniqueConstraint("parent_id", "name"), Index("ix_area_path", "path"))

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[AreaKind]
    name: Mapped[str] = mapped_column(String(60))
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("area.id"))
    path: Mapped[str] = mapped_column(String(100))
    parent: Mapped["Area | None"] = relationship(remote_side="Area.id")

    @property
    def full_name(self) -> str:
        """`利通区 胜利镇 裕西社区`."""
        return f"{self.parent.full_name} {self.name}" if self.parent else self.name


class Compound(Model):
    """One housing estate of a community, with the facts of the ledger (RULES.md §7 D1)."""

    __tablename__ = "compound"
    __table_args__ = (UniqueConstraint("area_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    area_id: Mapped[int] = mapped_column(ForeignKey("area.id"), index=True)
    name: Mapped[str] = mapped_column(String(80))
    address: Mapped[str] = mapped_column(String(200), default="")
    cluster: Mapped[str] = mapped_column(String(80), default="")
    built_year: Mapped[int | None]
    ownership: Mapped[str] = mapped_column(String(80), default="")
    manager: Mapped[str] = mapped_column(String(120), default="")
    property_status: Mapped[str] = mapped_column(String(200), default="")
    needs: Mapped[str] = mapped_column(Text, default="")
    hazards: Mapped[str] = mapped_column(Text, default="")
    inspection: Mapped[str] = mapped_column(Text, default="")
    phone: Mapped[str] = mapped_column(String(40), default="")
    area: Mapped[Area] = relationship()
    buildings: Mapped[list["Building"]] = relationship(order_by="Building.position")


class Building(Model):
    """One building; `token` is its public address `/b/<token>`, on every poster of it.

    `check_phrase` stands on the slip and on the page, so that a swapped poster shows (T06).
    """

    __tablename__ = "building"
    __table_args__ = (UniqueConstraint("compound_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    compound_id: Mapped[int] = mapped_column(ForeignKey("compound.id"))
    name: Mapped[str] = mapped_column(String(40))
    position: Mapped[int]
    floors: Mapped[int | None]
    token: Mapped[str] = mapped_column(String(20), unique=True, default=random_token)
    check_phrase: Mapped[str] = mapped_column(String(20))
    compound: Mapped[Compound] = relationship(back_populates="buildings")
    entrances: Mapped[list["Entrance"]] = relationship(order_by="Entrance.position")


class Entrance(Model):
    """One staircase of a building."""

    __tablename__ = "entrance"
    __table_args__ = (UniqueConstraint("building_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    building_id: Mapped[int] = mapped_column(ForeignKey("building.id"))
    name: Mapped[str] = mapped_column(String(40))
    position: Mapped[int]
    building: Mapped[Building] = relationship(back_populates="entrances")


class Premises(Model):
    """A separately owned part of a building; `size` is its area in 0.01 m²."""

    __tablename__ = "premises"
    __table_args__ = (
        UniqueConstraint("entrance_id", "room"),
        CheckConstraint("size > 0", name="size_positive"),
    )

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    entrance_id: Mapped[int] = mapped_column(ForeignKey("entrance.id"))
    room: Mapped[str] = mapped_column(String(20))
    # Sorts rooms as people read them: 101, 102, 201, 1001.
    position: Mapped[int]
    floor: Mapped[int | None]
    use: Mapped[Use] = mapped_column(default=Use.DWELLING)
    size: Mapped[int] = mapped_column(BigInt)
    ownership: Mapped[str] = mapped_column(String(40), default="")
    occupancy: Mapped[Occupancy] = mapped_column(default=Occupancy.UNKNOWN)
    note: Mapped[str] = mapped_column(String(400), default="")
    entrance: Mapped[Entrance] = relationship()
    tenures: Mapped[list["Tenure"]] = relationship(back_populates="premises")


class Household(Model):
    """One registered dwelling: the voting unit of a consultation (RULES.md §1)."""

    __tablename__ = "household"

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    premises_id: Mapped[int] = mapped_column(ForeignKey("premises.id"), unique=True)
    salt: Mapped[bytes] = mapped_column(default=random_bytes)
    premises: Mapped[Premises] = relationship()
    contacts: Mapped[list["Contact"]] = relationship(back_populates="household")

    @property
    def commitment(self) -> str:
        """Names this household in the journal without telling which it is."""
        return commitment("hh", self.salt, str(self.id))

    @property
    def address(self) -> str:
        """`1号楼1单元501`, as it stands on a door."""
        entrance = self.premises.entrance
        return f"{entrance.building.name}{entrance.name}{self.premises.room}"


class Owner(Model):
    """A person or body that owns premises of a compound; one owner may hold several."""

    __tablename__ = "owner"

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    compound_id: Mapped[int] = mapped_column(ForeignKey("compound.id"), index=True)
    name: Mapped[str] = mapped_column(String(80))


class Tenure(Model):
    """That an owner holds premises, from when until when."""

    __tablename__ = "tenure"
    __table_args__ = (UniqueConstraint("premises_id", "owner_id", "since"),)

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    premises_id: Mapped[int] = mapped_column(ForeignKey("premises.id"))
    owner_id: Mapped[int] = mapped_column(ForeignKey("owner.id"), index=True)
    since: Mapped[datetime]
    until: Mapped[datetime | None]
    premises: Mapped[Premises] = relationship(back_populates="tenures")
    owner: Mapped[Owner] = relationship()


class Contact(Model):
    """A phone through which a household can be reached; ended, never deleted, while it matters."""

    __tablename__ = "contact"
    __table_args__ = (
        Index(
            "uq_contact_household_id_phone",
            "household_id",
            "phone",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    household_id: Mapped[int] = mapped_column(ForeignKey("household.id"))
    phone: Mapped[str] = mapped_column(String(20), index=True)
    name: Mapped[str] = mapped_column(String(80), default="")
    since: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    household: Mapped[Household] = relationship(back_populates="contacts")
