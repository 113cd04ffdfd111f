"""Who may act: staff with role and scope; households' codes and their signed-in browsers."""

from datetime import datetime

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    Index,
    String,
    UniqueConstraint,
    or_,
    text,
)
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.core.db import BigInt, Model
from app.core.guards import Identity, Role
from app.core.tokens import commitment, random_bytes
from app.roster.models import Area, Building, Contact, Household


class Staff(Model):
    """A member of staff; without an area the scope is everything."""

    __tablename__ = "staff"
    __table_args__ = (
        CheckConstraint(
            "(otp_sealed IS NULL) = (enrolled_at IS NULL)", name="enrolled_with_secret"
        ),
        CheckConstraint(
            "(vouched_at IS NULL) = (vouched_by_id IS NULL)", name="vouched_by_somebody"
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    # Canonical form (NFKC, trimmed, lower case), so that no two look the same (THREATS.md T40).
    username: Mapped[str] = mapped_column(String(60), unique=True)
    name: Mapped[str] = mapped_column(String(60))
    role: Mapped[Role]
    area_id: Mapped[int | None] = mapped_column(ForeignKey("area.id"))
    # None until an invitation is taken up, and again once a new one is made.
    password_hash: Mapped[str | None] = mapped_column(String(200))
    # The secret of the second factor (`core.sealing`), and the last step of time that was used.
    otp_sealed: Mapped[bytes | None]
    otp_step: Mapped[int | None] = mapped_column(BigInt)
    enrolled_at: Mapped[datetime | None]
    salt: Mapped[bytes] = mapped_column(default=random_bytes)
    # Who invited them last, or made the account: decision 6 keeps the two apart.
    made_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    # Who said since the last invitation that this person uses the account themself.
    vouched_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    vouched_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    area: Mapped[Area | None] = relationship()

    @hybrid_property
    def is_vouched(self) -> bool:
        """Whether this is known to be a person of their own: made on the server, or vouched for."""
        return self.made_by_id is None or self.vouched_at is not None

    @is_vouched.inplace.expression
    @classmethod
    def _is_vouched(cls) -> ColumnElement[bool]:
        return or_(cls.made_by_id.is_(None), cls.vouched_at.is_not(None))

    @property
    def identity(self) -> Identity:
        """What guards and actions need to know of this person."""
        return Identity(
            id=self.id,
            username=self.username,
            name=self.name,
            role=self.role,
            area_path=self.area.path if self.area else "/",
            commitment=commitment("staff", self.salt, str(self.id)),
        )


class Invitation(Model):
    """The way into an account, for once: a new one, or one whose holder lost a factor (T40).

    The link holds the token, we keep its digest. A later invitation ends it for good.
    """

    __tablename__ = "invitation"

    id: Mapped[int] = mapped_column(primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), index=True)
    token_digest: Mapped[str] = mapped_column(String(64), unique=True)
    made_at: Mapped[datetime]
    made_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    staff: Mapped[Staff] = relationship(foreign_keys=staff_id)


class RecoveryCode(Model):
    """One of the codes for a day without the phone: 4 characters that find it, 8 that prove it."""

    __tablename__ = "recovery_code"
    __table_args__ = (UniqueConstraint("staff_id", "selector"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    selector: Mapped[str] = mapped_column(String(4))
    secret_hash: Mapped[str] = mapped_column(String(200))
    made_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class StaffSession(Model):
    """One sign-in of a member of staff; the cookie holds the token, we only its digest.

    When it was used last stands in the cookie alone, so that reading writes nothing.
    """

    __tablename__ = "staff_session"

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    token_digest: Mapped[str] = mapped_column(String(64), unique=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), index=True)
    browser: Mapped[str] = mapped_column(String(60))
    began_at: Mapped[datetime] = mapped_column(index=True)
    ended_at: Mapped[datetime | None]
    staff: Mapped[Staff] = relationship()


class HouseholdCode(Model):
    """The household's secret: 4 digits that select it within the building, 8 that prove it.

    Only an argon2id hash of the keyed digest is kept (THREATS.md T01).
    """

    __tablename__ = "household_code"
    __table_args__ = (
        Index(
            "uq_household_code_building_id_selector",
            "building_id",
            "selector",
            unique=True,
            sqlite_where=text("revoked_at IS NULL"),
            postgresql_where=text("revoked_at IS NULL"),
        ),
        Index(
            "uq_household_code_household_id",
            "household_id",
            unique=True,
            sqlite_where=text("revoked_at IS NULL"),
            postgresql_where=text("revoked_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    household_id: Mapped[int] = mapped_column(ForeignKey("household.id"))
    building_id: Mapped[int] = mapped_column(ForeignKey("building.id"))
    selector: Mapped[str] = mapped_column(String(4))
    secret_hash: Mapped[str] = mapped_column(String(200))
    issued_at: Mapped[datetime]
    issued_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    revoked_at: Mapped[datetime | None]
    household: Mapped[Household] = relationship()
    building: Mapped[Building] = relationship()


class PhoneCode(Model):
    """A one-time code that somebody asked for, whether or not the phone was on file for the home.

    `contact_id` and `code_hash` stay empty where it was not, and no message went out. Only the
    browser that asked can use it: it keeps the token behind `browser_digest` (THREATS.md T02).
    """

    __tablename__ = "phone_code"

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    browser_digest: Mapped[str] = mapped_column(String(64), unique=True)
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contact.id"))
    code_hash: Mapped[str | None] = mapped_column(String(64))
    asked_at: Mapped[datetime] = mapped_column(index=True)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class HouseholdSession(Model):
    """One browser that speaks for a household; the cookie holds the token, we only its digest.

    It came in by a code of the slip or by a phone on file, and ends when that does.
    """

    __tablename__ = "household_session"

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    token_digest: Mapped[str] = mapped_column(String(64), unique=True)
    household_id: Mapped[int] = mapped_column(ForeignKey("household.id"), index=True)
    code_id: Mapped[int | None] = mapped_column(ForeignKey("household_code.id"), index=True)
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contact.id"), index=True)
    began_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    household: Mapped[Household] = relationship()
    contact: Mapped[Contact | None] = relationship()
