"""The counting rule set of a round: locked before it opens, hashed, said in plain words.

Every rule is data (RULES.md §2.1); the switches are those of §2.2, §4 and §5. Nothing here counts.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from app.core.errors import msg
from app.rounds.counting import Bar, Base, Measure, Rule, Track


class Revote(StrEnum):
    """How often a household may change what it said before the round closes (RULES.md §3)."""

    NONE = "none"
    ONCE = "once"
    UNTIL_CLOSE = "until close"


class Sight(StrEnum):
    """What staff see of choices while a round is open (RULES.md §5)."""

    TOTALS = "totals"
    HOUSEHOLDS = "households"


class Case(StrEnum):
    """What kind of premises an entry of the register is; decides how it counts (RULES.md §2.2)."""

    OWNED = "owned"
    LET = "let"
    VACANT = "vacant"
    PUBLIC = "public"
    UNDELIVERED = "undelivered"
    OCCUPIED_UNDELIVERED = "occupied_undelivered"
    SHOP = "shop"
    OTHER = "other"


@dataclass(frozen=True)
class Switches:
    """What an office decides of a round beside the rules of its matters.

    `audit_votes`: how many votes on paper are drawn to be compared with their forms (THREATS T30).
    """

    revote: Revote = Revote.UNTIL_CLOSE
    staff_see_choices: Sight = Sight.TOTALS
    public_tenant_counts: bool = True
    audit_votes: int = 60

    def as_kept(self) -> dict[str, Any]:
        """As the round stores it."""
        return {
            "revote": self.revote.value,
            "staff_see_choices": self.staff_see_choices.value,
            "public_tenant_counts": self.public_tenant_counts,
            "audit_votes": self.audit_votes,
        }


def switches_of(kept: Mapping[str, Any]) -> Switches:
    """The switches of a stored profile; what it does not name has its default."""
    plain = Switches()
    return Switches(
        Revote(kept.get("revote", plain.revote)),
        Sight(kept.get("staff_see_choices", plain.staff_see_choices)),
        bool(kept.get("public_tenant_counts", plain.public_tenant_counts)),
        int(kept.get("audit_votes", plain.audit_votes)),
    )


@dataclass(frozen=True)
class Preset:
    """A rule that an office can choose for a matter, with its name, source and words."""

    name: str
    track: Track
    rule: Rule | None
    title: str
    source: str
    words: tuple[str, ...]


_HOUSEHOLDS, _OWNERS = (Measure.HOUSEHOLDS,), (Measure.HEADS, Measure.AREA)
_TWO_THIRDS = Bar(2, 3)
_TAKE_PART = msg("人数和面积都要有三分之二以上（含）的业主参加表决。")
_ONE_HEAD = msg("一位业主有几套房的只算一个人，面积加在一起；开发商没有卖出的房子合起来算一个人。")
_OWN_TRACK = msg("业主表决和居民征询分开计算，互不影响。")

PRESETS: dict[str, Preset] = {
    preset.name: preset
    for preset in (
        Preset(
            "henan-80",
            Track.CONSULTATION,
            Rule(_HOUSEHOLDS, Bar(80, 100)),
            msg("居民征询：80 %以上"),
            "改造通知：“经80%以上居民同意后方可开工改造”",
            (msg("同意的户数达到总户数的 80 %（含 80 %），才算通过。"),),
        ),
        Preset(
            "two-thirds",
            Track.CONSULTATION,
            Rule(_HOUSEHOLDS, _TWO_THIRDS),
            msg("居民征询：三分之二以上"),
            "",
            (msg("同意的户数达到总户数的三分之二（含），才算通过。"),),
        ),
        Preset(
            "owners-ordinary",
            Track.OWNERS,
            Rule(_OWNERS, Bar(1, 2, inclusive=False), Base.PARTICIPANTS, _TWO_THIRDS),
            msg("业主共同决定：一般事项"),
            "《民法典》第二百七十八条（一）至（五）、（九）",
            (
                _TAKE_PART,
                msg("参加的人数和面积里，同意的都要超过一半（正好一半不算），才算通过。"),
                _ONE_HEAD,
                _OWN_TRACK,
            ),
        ),
        Preset(
            "owners-special",
            Track.OWNERS,
            Rule(_OWNERS, Bar(3, 4), Base.PARTICIPANTS, _TWO_THIRDS),
            msg("业主共同决定：重大事项"),
            "《民法典》第二百七十八条（六）至（八）",
            (
                _TAKE_PART,
                msg("参加的人数和面积里，同意的都要达到四分之三（含），才算通过。"),
                _ONE_HEAD,
                _OWN_TRACK,
            ),
        ),
        Preset(
            "elevator-entrance",
            Track.OWNERS,
            Rule(_OWNERS, Bar(3, 4), Base.PARTICIPANTS, _TWO_THIRDS),
            msg("加装电梯：参加表决的四分之三"),
            "《民法典》第二百七十八条（七）",
            (
                msg("只问这个单元的业主，别的单元不参加。"),
                _TAKE_PART,
                msg("参加的人数和面积里，同意的都要达到四分之三（含），才算通过。"),
            ),
        ),
        Preset(
            "elevator-two-thirds",
            Track.OWNERS,
            Rule(_OWNERS, _TWO_THIRDS),
            msg("加装电梯：本单元全体业主的三分之二"),
            "",
            (
                msg("只问这个单元的业主，别的单元不参加。"),
                msg("同意的人数和面积都要达到全体的三分之二（含），没有表态不算同意。"),
            ),
        ),
        Preset(
            "menu",
            Track.PREFERENCE,
            None,
            msg("菜单选项：想先改什么"),
            "",
            (msg("只了解大家想要什么，按想要的户数排先后，不是表决。"),),
        ),
    )
}

_CONSULTED = msg("每户算一票，登记册里的住宅户都算进总数，没有表态不算同意，弃权也不算同意。")
_TWO_PLANS = msg("改造方案和物业管理方案分开计票，两项都要通过。")
_REVOTE = {
    Revote.NONE: msg("每户只能表态一次，交了就不能再改。"),
    Revote.ONCE: msg("截止以前可以改一次，以最后一次为准；以前的都留底。"),
    Revote.UNTIL_CLOSE: msg("截止以前可以改，以最后一次为准；以前的每一次都留底。"),
}
_PUBLIC = {
    True: msg("公房里住的人家算一户。"),
    False: msg("公房不算进总户数。"),
}
_CHANNELS = msg("纸质表和手机说的不一样，先按早的那次算，由两名工作人员核实后定。")
_CO_OWNERS = msg("一户只算一票；几位业主意见不一致的，要一起签一张表交来，交来以前这一户不计票。")


def words_of(switches: Switches) -> tuple[str, ...]:
    """What holds for more than one matter of a round, in words a resident understands."""
    return (*consultation_words_of(switches), *common_words_of(switches))


def consultation_words_of(switches: Switches) -> tuple[str, ...]:
    """What holds for every consultation, where households are counted and not owners."""
    return (_CONSULTED, _TWO_PLANS, _PUBLIC[switches.public_tenant_counts])


def common_words_of(switches: Switches) -> tuple[str, ...]:
    """What holds for every question, whoever is counted."""
    return (_REVOTE[switches.revote], _CHANNELS, _CO_OWNERS)


def rule_as_kept(rule: Rule | None) -> dict[str, Any]:
    """A rule as a matter stores it; a preference has none."""
    if rule is None:
        return {}
    kept: dict[str, Any] = {
        "measures": [measure.value for measure in rule.measures],
        "approval": _bar_as_kept(rule.approval),
        "base": rule.base.value,
    }
    if rule.participation:
        kept["participation"] = _bar_as_kept(rule.participation)
    return kept


def rule_of(kept: Mapping[str, Any]) -> Rule | None:
    """The rule that `rule_as_kept` stored."""
    if not kept:
        return None
    participation = kept.get("participation")
    return Rule(
        tuple(Measure(measure) for measure in kept["measures"]),
        _bar_of(kept["approval"]),
        Base(kept["base"]),
        _bar_of(participation) if participation else None,
    )


def _bar_as_kept(bar: Bar) -> dict[str, Any]:
    return {"part": bar.part, "whole": bar.whole, "inclusive": bar.inclusive}


def _bar_of(kept: Mapping[str, Any]) -> Bar:
    return Bar(kept["part"], kept["whole"], kept["inclusive"])


# What the ledger writes into 产权性质; the words of RULES.md §2.2.
_BOUGHT = ("已购", "房改")
_NOT_BOUGHT = ("未房改", "未购")
_PUBLIC_WORDS = ("公房", "公产", "直管", "自管", "公租", "廉租", *_NOT_BOUGHT)
_UNDELIVERED_WORDS = ("未售", "未交付", "未交房", "开发商")


def case_of(use: str, ownership: str, occupancy: str) -> Case:
    """How premises of the roster (`use`, 产权性质, `occupancy`) are treated (RULES.md §2.2)."""
    if use != "dwelling":
        return Case.SHOP if use == "shop" else Case.OTHER
    # 未售公房 was never sold to its tenant, so it is the public landlord's and no developer's.
    if _says(ownership, _PUBLIC_WORDS) and not _is_bought(ownership):
        return Case.PUBLIC
    if _says(ownership, _UNDELIVERED_WORDS):
        lived_in = occupancy in ("owner", "let")
        return Case.OCCUPIED_UNDELIVERED if lived_in else Case.UNDELIVERED
    return {"let": Case.LET, "vacant": Case.VACANT}.get(occupancy, Case.OWNED)


def _is_bought(ownership: str) -> bool:
    return _says(ownership, _BOUGHT) and not _says(ownership, _NOT_BOUGHT)


def _says(ownership: str, words: Sequence[str]) -> bool:
    return any(word in ownership for word in words)


def counts_as_household(case: Case, switches: Switches) -> bool:
    """Whether it is one 户 of a consultation (T2)."""
    if case == Case.PUBLIC:
        return switches.public_tenant_counts
    return case in (Case.OWNED, Case.LET, Case.VACANT, Case.OCCUPIED_UNDELIVERED)


def counts_as_property(case: Case) -> bool:
    """Whether its owner and area belong to an owners' decision (T3); garages and stores do not."""
    return case != Case.OTHER


# The resident of these is not their owner: two voices, each with an entry of its own.
_APART = (Case.PUBLIC, Case.OCCUPIED_UNDELIVERED)


def places_of(case: Case, switches: Switches) -> tuple[tuple[bool, bool], ...]:
    """The entries premises have on the register: (counts as household, counts as property) each.

    A household speaks on its code; a property without one answers in writing, as do a public
    landlord, a developer and a shop.
    """
    is_household, is_property = counts_as_household(case, switches), counts_as_property(case)
    if is_household and case in _APART:
        return (True, False), (False, True)
    return ((is_household, is_property),) if is_household or is_property else ()


def holder_of(case: Case, ownership: str, owner_ids: Sequence[int], premises_id: int) -> str:
    """Who is one head in an owners' decision (解释 art. 9): the same buyers of several premises,

    the developer of all that is undelivered, a public landlord of all it holds.
    """
    if case in (Case.UNDELIVERED, Case.OCCUPIED_UNDELIVERED):
        return "developer"
    if case == Case.PUBLIC:
        return f"public:{ownership}"
    if not owner_ids:
        return f"unknown:{premises_id}"
    return "owners:" + ",".join(str(owner_id) for owner_id in sorted(owner_ids))


_CANONICAL = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def profile_hash(profile: Mapping[str, Any]) -> str:
    """SHA-256 of the profile as canonical JSON."""
    return hashlib.sha256(_CANONICAL.encode(profile).encode()).hexdigest()
