"""Dependencies: each has its reason, the locks hold them with hashes and name no registry."""

import re
import tomllib

import pytest

from tests.structure.source import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
RUN = PROJECT["project"]["dependencies"]
DEV = PROJECT["dependency-groups"]["dev"]


def _name(requirement: str) -> str:
    return re.split(r"[<>=\[]", requirement)[0]


def _lock(name: str) -> str:
    return (ROOT / "requirements" / f"{name}.txt").read_text("utf-8")


def test_every_dependency_has_its_reason() -> None:
    reasons = (ROOT / "docs" / "decisions" / "0001-dependencies.md").read_text("utf-8")
    named = set(re.findall(r"[a-z0-9][a-z0-9-]+", reasons))
    assert [name for name in map(_name, RUN + DEV) if name not in named] == []


@pytest.mark.parametrize(("lock", "wanted"), [("run", RUN), ("dev", RUN + DEV)])
def test_a_lock_holds_every_dependency(lock: str, wanted: list[str]) -> None:
    locked = set(re.findall(r"^([a-z0-9-]+)(?:\[[^\]]*\])?==", _lock(lock), re.M))
    assert {_name(requirement) for requirement in wanted} - locked == set()


@pytest.mark.parametrize("lock", ["run", "dev"])
def test_every_locked_package_has_a_hash_and_no_registry_is_named(lock: str) -> None:
    text = _lock(lock)
    entries = re.split(r"\n(?=[a-z0-9])", text)
    assert [entry.split("\n")[0] for entry in entries if "--hash=sha256:" not in entry] == []
    assert re.search(r"https?://|index-url|find-links", text) is None


def test_both_locks_agree() -> None:
    pinned = [
        dict(re.findall(r"^([a-z0-9-]+)(?:\[[^\]]*\])?==(\S+)", _lock(lock), re.M))
        for lock in ("run", "dev")
    ]
    assert {n: v for n, v in pinned[0].items() if pinned[1].get(n, v) != v} == {}
