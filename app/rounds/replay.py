"""What a round amounts to, told again from its journal alone: pure, from entries in order.

The register says which households there are; everything that happened to their votes stands in
the journal (FAULTS.md P3). It shares no code with the verbs that write, so that it can prove them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Told:
    """One household as the journal tells it: its votes by number, and which one counts now."""

    votes: dict[int, Mapping[str, Any]] = field(default_factory=dict)
    current: int | None = None
    standing: str = "silent"
    is_removed: bool = False

    @property
    def counted(self) -> Mapping[str, Any] | None:
        """The vote that counts, or None."""
        if self.standing != "counted" or self.is_removed or self.current is None:
            return None
        return self.votes[self.current]


@dataclass
class Replay:
    """Every household of a round by its commitment, after all entries were told."""

    homes: dict[str, Told] = field(default_factory=dict)
    counts_from: int = 0

    def home(self, commitment: str) -> Told:
        """The household behind a commitment; it is silent until something is told of it."""
        return self.homes.setdefault(commitment, Told())


def replay(entries: Iterable[Mapping[str, Any]]) -> Replay:
    """Tell the entries of one round's book, in their order."""
    told = Replay()
    for entry in entries:
        teller = _TELLERS.get(entry["type"])
        if teller is not None:
            teller(told, entry)
    return told


def _opened(told: Replay, entry: Mapping[str, Any]) -> None:
    told.counts_from = entry["version"]


def _voted(told: Replay, entry: Mapping[str, Any]) -> None:
    home = told.home(entry["hh"])
    home.votes[entry["number"]] = entry
    # What came by a new phone takes no voice away that counts.
    is_aside = "waits_until" in entry and home.standing == "counted"
    if not entry["held"] and not is_aside:
        _let_count(told, home, entry["number"])


def _let_count(told: Replay, home: Told, number: int) -> None:
    home.current = number
    vote = home.votes[number]
    is_able = vote["version"] >= told.counts_from and "waits_until" not in vote
    home.standing = "counted" if is_able else "to_confirm"


def _plan_changed(told: Replay, entry: Mapping[str, Any]) -> None:
    if entry["material"]:
        told.counts_from = entry["number"]
        for home in told.homes.values():
            if home.standing == "counted":
                home.standing = "to_confirm"


def _disputed(told: Replay, entry: Mapping[str, Any]) -> None:
    # A dispute ends with a vote of its own, told just before.
    if entry["step"] == "opened":
        told.home(entry["hh"]).standing = "disputed"


def _resolved(told: Replay, entry: Mapping[str, Any]) -> None:
    home = told.home(entry["hh"])
    if home.current == entry["kept"]:
        return
    was_disputed = home.standing == "disputed"
    _let_count(told, home, entry["kept"])
    if was_disputed:
        home.standing = "disputed"


def _register_changed(told: Replay, entry: Mapping[str, Any]) -> None:
    for also in entry.get("also", ()):
        _register_changed(told, also)
    home = told.home(entry["hh"])
    if entry["change"] == "remove":
        home.is_removed, home.standing = True, "silent"
    elif entry["change"] == "add":
        home.is_removed = False
        if home.current is not None:
            _let_count(told, home, home.current)


def _objected(told: Replay, entry: Mapping[str, Any]) -> None:
    if "struck" in entry:
        home = told.home(entry["hh"])
        home.current, home.standing = None, "silent"
    if "change" in entry:
        _register_changed(told, entry)


_TELLERS = {
    "ROUND_OPEN": _opened,
    "VOTE": _voted,
    "PLAN_CHANGE": _plan_changed,
    "DISPUTE": _disputed,
    "CONFLICT": _resolved,
    "REGISTER_CHANGE": _register_changed,
    "OBJECTION": _objected,
}
