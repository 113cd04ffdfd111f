"""The office's book of the journal in plain words, for whoever looks after an area or audits it.

It names staff and nobody else: entries hold no names, and of households only their number is told.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import JSON, ColumnElement, Select, cast, func, select

from app.accounts.models import Staff
from app.core.db import db, is_postgresql
from app.core.guards import Identity, Role
from app.journal.actions import OFFICE, SYSTEM
from app.journal.models import JournalEntry, Kind
from app.roster.models import Area

KINDS: dict[Kind, Any] = {
    Kind.STAFF: _l("账号"),
    Kind.ROSTER_CHANGE: _l("名册"),
    Kind.PROJECT: _l("项目"),
    Kind.PLAN_EDITED: _l("改方案"),
    Kind.PLAN_SUBMITTED: _l("提交方案"),
    Kind.PLAN_RETURNED: _l("退回方案"),
    Kind.PLAN_PUBLISHED: _l("公布方案"),
    Kind.CODE_ISSUED: _l("发户码"),
    Kind.CODE_REVOKED: _l("作废户码"),
    Kind.COMMENT: _l("居民问答"),
    Kind.MODERATION: _l("处理居民问答"),
    Kind.REPLY_TEMPLATE: _l("回复模板"),
    Kind.DECISION_PROPOSED: _l("提出改一户的登记"),
    Kind.DECISION_DECLINED: _l("没有同意改一户的登记"),
    Kind.IDENTITY_CHANGE: _l("改了一户的登记"),
    Kind.SESSIONS_ENDED: _l("退出一户的所有手机"),
    Kind.EXPORT: _l("导出住户名单"),
}
# What of a home is changed, as its entry names it.
_ABOUT = {"phone": _l("手机号"), "owners": _l("过户")}
# What befell an account → how it is said; the number in the entry is the account's.
_DEEDS = {
    "made": _l("建立账号：%(who)s"),
    "invited": _l("发出邀请，原来的密码和动态码作废：%(who)s"),
    "invitation_used": _l("打开邀请，设了密码：%(who)s"),
    "enrolled": _l("启用动态码：%(who)s"),
    "recovery_codes": _l("换了备用码：%(who)s"),
    "recovery_used": _l("用掉一个备用码：%(who)s"),
    "password": _l("换了密码：%(who)s"),
    "signed_in": _l("登录：%(who)s"),
    "session_ended": _l("退出一处登录：%(who)s"),
    "changed": _l("改身份或范围：%(who)s，现在是%(role)s"),
    "vouched": _l("确认账号是本人在用：%(who)s"),
    "closed": _l("停用账号：%(who)s"),
    "code_shown": _l("在服务器上看了动态码：%(who)s"),
}


@dataclass(frozen=True)
class Line:
    """One entry as people read it; an empty `actor` is the program itself."""

    seq: int
    at: datetime
    kind: Any
    words: str
    actor: str


def entries(by: Identity, kind: Kind | None) -> Select[Any]:
    """The entries of the office's book, the newest first, for `core.paging`.

    Whoever looks after an area sees what its own staff did.
    """
    found = select(JournalEntry).where(JournalEntry.book == OFFICE)
    if kind is not None:
        found = found.where(JournalEntry.kind == kind)
    if by.area_path != "/":
        found = found.where(_actor().in_([person.identity.commitment for person in _staff(by)]))
    return found.order_by(JournalEntry.seq.desc())


def as_lines(rows: Sequence[JournalEntry]) -> list[Line]:
    """Entries in words."""
    people = list(db.session.scalars(select(Staff)))
    names = {person.id: person.name for person in people}
    actors = {person.identity.commitment: person.name for person in people}
    told = [(row, json.loads(row.entry)) for row in rows]
    return [
        Line(
            row.seq,
            row.at,
            KINDS[row.kind],
            _words(row.kind, facts, names),
            "" if facts["actor"] == SYSTEM else str(actors.get(facts["actor"], _l("居民"))),
        )
        for row, facts in told
    ]


def _words(kind: Kind, facts: Mapping[str, Any], names: Mapping[int, str]) -> str:
    if kind == Kind.STAFF:
        deed = next((name for name in _DEEDS if name in facts), "")
        if not deed:
            return ""
        role = str(Role(facts["role"]).label) if "role" in facts else ""
        return str(_DEEDS[deed]) % {"who": names.get(facts[deed], ""), "role": role}
    if about := _ABOUT.get(facts.get("about", "")):
        return str(about)
    households = facts.get("households")
    if isinstance(households, list):
        return str(_l("%(count)s 户", count=len(households)))
    return ""


def _staff(by: Identity) -> list[Staff]:
    """Everybody who ever had an account within this person's scope."""
    within = select(Staff).join(Area, Area.id == Staff.area_id)
    return list(db.session.scalars(within.where(Area.path.startswith(by.area_path))))


def _actor() -> ColumnElement[str]:
    """Who made an entry, as its text says."""
    if is_postgresql():
        return func.json_extract_path_text(cast(JournalEntry.entry, JSON), "actor")
    return func.json_extract(JournalEntry.entry, "$.actor")
