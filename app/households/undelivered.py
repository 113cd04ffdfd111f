"""Messages that did not arrive, in words an office understands: why, and what to do about it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import gettext as _

from app.core.format import masked_phone
from app.core.guards import Identity
from app.core.paging import Stretch
from app.notices.models import MessageKind, MessageState
from app.notices.queries import failed_count


@dataclass(frozen=True)
class Undelivered:
    """One message that failed, or of which nobody knows: about what, whom, why, what to do."""

    household_id: int
    place: str
    kind: MessageKind
    state: MessageState
    phone: str
    at: datetime
    why: str
    remedy: str


def failed_messages(stretch: Stretch[Any]) -> Stretch[Undelivered]:
    """The rows of `notices.queries.failed_within`, told."""
    return Stretch(
        [_told(row) for row in stretch.rows], stretch.number, stretch.total, stretch.size
    )


def undelivered(by: Identity) -> int:
    """How many messages of the last 30 days did not arrive within this person's scope."""
    return failed_count(by.area_path)


def _told(row: Any) -> Undelivered:
    why, remedy = _why(row.state, row.error)
    phone = masked_phone(row.phone) if row.phone else _("号码已删除")
    place = f"{row.compound} {row.building}{row.entrance}{row.room}"
    at = row.finished_at
    return Undelivered(row.household_id, place, row.kind, row.state, phone, at, why, remedy)


def _why(state: MessageState, error: str) -> tuple[str, str]:
    if state == MessageState.UNKNOWN:
        return _("短信平台没有回话，发没发到不清楚。"), _("打电话或上门问一声。")
    for sign, told in _SIGNS:
        if sign in error.lower():
            return told()
    return _("短信平台没有收下。"), _("核对号码；号码没错就打电话或上门。")


def _too_late() -> tuple[str, str]:
    return _("短信平台一直连不上，过了时候没有再发。"), _("请管理员检查短信通道；急的先打电话。")


def _wrong_number() -> tuple[str, str]:
    return _("号码是空号、停机，或者填错了。"), _("上门问对号码，再改登记的手机号。")


def _refused() -> tuple[str, str]:
    return _("对方的手机拒收这类短信。"), _("打电话或上门，请家里换一个号码。")


# What providers write in their answers, in small letters; the first that fits is taken.
_SIGNS: tuple[tuple[str, Callable[[], tuple[str, str]]], ...] = (
    ("too late", _too_late),
    ("invalid", _wrong_number),
    ("not a valid", _wrong_number),
    ("unreachable", _wrong_number),
    ("21211", _wrong_number),
    ("21614", _wrong_number),
    ("30003", _wrong_number),
    ("30005", _wrong_number),
    ("mobile_number_illegal", _wrong_number),
    ("blacklist", _refused),
    ("unsubscribed", _refused),
    ("21610", _refused),
    ("30004", _refused),
)
