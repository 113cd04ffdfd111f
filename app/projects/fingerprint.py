"""The hashes that votes are bound to: one of the renovation part, one of the management part.

Each is the SHA-256 of canonical JSON; attachments count by the digest of their bytes, so that a
changed picture is a changed plan.
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from app.projects.contents import Contents

# Papers of this section belong to the management plan; all others to the renovation plan.
_MANAGEMENT = "management"


@dataclass(frozen=True)
class Fingerprints:
    """SHA-256 in hex of the two parts that residents consent to separately."""

    plan: str
    management: str


def fingerprints(contents: Contents) -> Fingerprints:
    """Both hashes of `contents`; equal contents give equal hashes, on every machine."""
    return Fingerprints(
        plan=_digest({"kind": "plan", "v": 1, **_renovation(contents)}),
        management=_digest({"kind": "management", "v": 1, **_management(contents)}),
    )


def _renovation(contents: Contents) -> dict[str, Any]:
    whole = asdict(contents)
    del whole["management"]
    whole["papers"] = [p for p in whole["papers"] if p["section"] != _MANAGEMENT]
    _leave_out_unsaid(whole, "by_building")
    _leave_out_unsaid(whole["construction"], "disruption")
    return whole


def _leave_out_unsaid(part: dict[str, Any], name: str) -> None:
    """What versions could not say at first counts only where it is said: old hashes stay."""
    if not part[name]:
        del part[name]


def _management(contents: Contents) -> dict[str, Any]:
    papers = [asdict(p) for p in contents.papers if p.section == _MANAGEMENT]
    return {**asdict(contents.management), "papers": papers}


def _digest(value: dict[str, Any]) -> str:
    """SHA-256 over sorted keys, no white space, UTF-8; days as YYYY-MM-DD, nothing else."""
    text = json.dumps(
        value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=_day
    )
    return hashlib.sha256(text.encode()).hexdigest()


def _day(value: object) -> str:
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no canonical form")
