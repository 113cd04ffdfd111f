"""The counting rule set of a round: locked, hashed, and printed in words with every number."""

import hashlib
import json
from typing import Any

from app.core.errors import msg

# 「80%以上居民同意」: both matters, all households of the frozen register (RULES.md §2, seed 000).
HENAN_80: dict[str, Any] = {
    "name": "henan-80",
    "version": 1,
    "track": "consultation",
    "threshold": 80,
    "denominator": "households",
    "silence": "not agreement",
    "abstention": "not agreement",
    "revote": "until close",
    "staff_see_choices": "totals",
}

IN_WORDS = (
    msg("每户算一票，全小区登记在册的住宅户都算进总数。"),
    msg("同意的户数达到总户数的 80 %（含 80 %），才算通过。"),
    msg("没有表态不算同意，弃权也不算同意。"),
    msg("改造方案和物业管理方案分开计票，两项都要通过。"),
    msg("截止以前可以改，以最后一次为准；以前的每一次都留底。"),
)


def profile_hash(profile: dict[str, Any]) -> str:
    """SHA-256 of the profile as canonical JSON."""
    text = json.dumps(profile, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
