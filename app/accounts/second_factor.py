"""The second factor of the staff: the code of the moment, or one of ten kept on paper.

It owns how codes are made, read and used up; who is asked for one is the guards' business.
"""

import base64
import re
from collections.abc import Sequence
from enum import StrEnum

import pyotp
from sqlalchemy import delete, func, select

from app.accounts.codes import hash_secret, is_secret
from app.accounts.models import RecoveryCode, Staff
from app.core import clock
from app.core.db import db, release
from app.core.errors import Refused, msg
from app.core.forms import canonical
from app.core.guards import Identity
from app.core.sealing import seal, unseal
from app.core.tokens import keyed_digest
from app.journal.actions import OFFICE, SYSTEM, record
from app.journal.models import Kind

RECOVERY_CODES = 10
ISSUER = "Juyi"
_SELECTOR, _SECRET = 4, 8
# As in core.tokens: nothing that looks like something else on paper.
_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"


class Proof(StrEnum):
    """By what somebody showed that it is them."""

    CODE = "code"
    RECOVERY = "recovery"


class NoCode(Refused):
    """The account has a second factor and nothing was typed for it."""


class HasOne(Refused):
    """Another browser set up the second factor of this account meanwhile."""


class WrongCode(Refused):
    """The code is not the one of this moment, or it was used before."""


def secret_of(nonce: str, key: str) -> str:
    """The secret that an enrolment page shows, made of the nonce its browser keeps.

    So the page can be shown again, and neither the database nor the cookie holds it before it
    is confirmed.
    """
    digest = bytes.fromhex(keyed_digest(key, f"second factor {nonce}"))
    return base64.b32encode(digest[:20]).decode()


def address_of(username: str, secret: str) -> str:
    """What the QR of an enrolment page says to the app on the phone (otpauth://)."""
    return pyotp.TOTP(secret).provisioning_uri(name=username, issuer_name=ISSUER)


def recovery_codes(nonce: str, key: str) -> list[str]:
    """Ten codes for a day without the phone, made of a nonce as `secret_of` is."""
    found: dict[str, str] = {}
    number = 0
    while len(found) < RECOVERY_CODES:
        rest = int(keyed_digest(key, f"recovery {number} {nonce}"), 16)
        letters = ""
        for _place in range(_SELECTOR + _SECRET):
            rest, place = divmod(rest, len(_ALPHABET))
            letters += _ALPHABET[place]
        # What finds a code must be its own.
        found.setdefault(letters[:_SELECTOR], letters)
        number += 1
    return ["-".join((c[:4], c[4:8], c[8:])) for c in found.values()]


def enrol(
    staff: Staff,
    secret: str,
    typed: str,
    codes: Sequence[str],
    key: str,
    *,
    by: Identity | None,
    renews: bool,
) -> None:
    """Make this secret the second factor once its code was typed, with new recovery codes.

    Refuses `WrongCode`, and `HasOne` when it `renews` none and another browser was first.
    """
    hashes = _hashed(codes, key)
    staff = _locked(staff.id)
    if staff.enrolled_at is not None and not renews:
        raise HasOne(msg("这个账号刚刚已经绑定了手机。请用那部手机上的动态码登录。"))
    step = _step_of(secret, typed, after=0)
    if step is None:
        raise WrongCode(msg("动态码不对。请看手机上现在显示的 6 位数字，再填一遍。"))
    keep(staff, secret, by=by)
    staff.otp_step = step
    _replace_codes(staff.id, hashes)


def keep(staff: Staff, secret: str, *, by: Identity | None) -> None:
    """Make this secret the second factor of an account, whatever it had before."""
    staff.otp_sealed, staff.otp_step = seal(secret.encode()), 0
    staff.enrolled_at = clock.now()
    db.session.flush()
    actor = by.commitment if by else SYSTEM
    record(OFFICE, Kind.STAFF, {"enrolled": staff.id}, actor=actor)


def forget(staff: Staff) -> None:
    """Take the second factor and its recovery codes away, as when the account is invited anew."""
    staff.otp_sealed = staff.otp_step = staff.enrolled_at = None
    db.session.execute(delete(RecoveryCode).where(RecoveryCode.staff_id == staff.id))


def renew_codes(staff: Staff, codes: Sequence[str], key: str, *, by: Identity) -> None:
    """Make these the recovery codes; every older one is worth nothing."""
    hashes = _hashed(codes, key)
    _replace_codes(_locked(staff.id).id, hashes)
    record(OFFICE, Kind.STAFF, {"recovery_codes": staff.id}, actor=by.commitment)


def prove(staff: Staff, typed: str, key: str) -> Proof:
    """Use up the code that was typed, of the phone or of the paper.

    Tries are counted by who calls. Refuses `NoCode` and `WrongCode`.
    """
    if not canonical(typed):
        raise NoCode(msg("请填动态码。手机不在身边，填一个备用码。"))
    staff = _locked(staff.id)
    if re.fullmatch(r"\d{6}", _plain(typed)):
        step = _step_of(_secret_of(staff), typed, after=staff.otp_step or 0)
        if step is None:
            raise WrongCode(msg("动态码不对，或者已经用过了。请等手机上换成下一个再填。"))
        staff.otp_step = step
        return Proof.CODE
    if not _use_up(staff.id, _plain(typed), key):
        raise WrongCode(msg("备用码不对，或者已经用过了。"))
    actor = staff.identity.commitment
    record(OFFICE, Kind.STAFF, {"recovery_used": staff.id}, actor=actor)
    return Proof.RECOVERY


def codes_left(staff_id: int) -> int:
    """How many recovery codes were not used yet."""
    unused = select(func.count()).where(
        RecoveryCode.staff_id == staff_id, RecoveryCode.used_at.is_(None)
    )
    return db.session.scalar(unused) or 0


def code_now(staff: Staff) -> str:
    """A code that will be taken now; for whoever runs the server."""
    step = max(_now(), (staff.otp_step or 0) + 1)
    return pyotp.TOTP(_secret_of(staff)).generate_otp(step)


def _now() -> int:
    return int(clock.now().timestamp()) // 30


def _step_of(secret: str, typed: str, *, after: int) -> int | None:
    """The step of time whose code was typed: this one, the one before or after, never one used."""
    totp, now = pyotp.TOTP(secret), _now()
    for step in (now, now - 1, now + 1):
        if step > after and pyotp.utils.strings_equal(totp.generate_otp(step), _plain(typed)):
            return step
    return None


def _plain(typed: str) -> str:
    """What was typed without the spaces and dashes that people put between."""
    return re.sub(r"[\s\-‐-―]", "", canonical(typed)).lower()


def _secret_of(staff: Staff) -> str:
    return unseal(staff.otp_sealed or b"").decode()


def _use_up(staff_id: int, typed: str, key: str) -> bool:
    """Whether it was an unused recovery code; it is used then."""
    found = db.session.scalar(
        select(RecoveryCode).where(
            RecoveryCode.staff_id == staff_id,
            RecoveryCode.selector == typed[:_SELECTOR],
            RecoveryCode.used_at.is_(None),
        )
    )
    if not is_secret(found.secret_hash if found else None, typed[_SELECTOR:], key) or not found:
        return False
    found.used_at = clock.now()
    return True


def _hashed(codes: Sequence[str], key: str) -> dict[str, str]:
    """Selector → slow hash; nothing was changed yet, so no lock is held meanwhile."""
    release()
    plain = [_plain(code) for code in codes]
    return {code[:_SELECTOR]: hash_secret(code[_SELECTOR:], key) for code in plain}


def _replace_codes(staff_id: int, hashes: dict[str, str]) -> None:
    db.session.execute(delete(RecoveryCode).where(RecoveryCode.staff_id == staff_id))
    for selector, hashed in hashes.items():
        db.session.add(
            RecoveryCode(
                staff_id=staff_id, selector=selector, secret_hash=hashed, made_at=clock.now()
            )
        )


def _locked(staff_id: int) -> Staff:
    """The account under its lock: of two who type the same code, one is too late."""
    return db.session.execute(
        select(Staff)
        .where(Staff.id == staff_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).scalar_one()
