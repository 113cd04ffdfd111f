"""Residents' styles and scripts stay within what a web view of 2018 understands (Chromium 61)."""

import gzip
import re
from functools import cache
from pathlib import Path

import pytest

from tests.structure.source import ROOT, templates

# What must not stand in a style sheet of residents, and what an old phone makes of it.
CSS = {
    r":has\(": "Chromium 105: the whole rule is dropped",
    r":is\(|:where\(": "Chromium 88: the whole rule is dropped",
    r":focus-visible": "Chromium 86: the rule is dropped, so write :focus",
    r"@layer": "Chromium 99: everything inside is dropped",
    r"@container": "Chromium 105: everything inside is dropped",
    r"@supports": "two looks to keep; write what works everywhere",
    r"(?<![\w-])(?:row-|column-)?gap\s*:": "Chromium 84 in a flex box: parts touch; in a grid say "
    "grid-gap, elsewhere a margin",
    r"(?<![\w-])inset(?:-[\w-]+)?\s*:": "Chromium 87: a box stands somewhere else",
    r"(?:margin|padding)-(?:inline|block)\s*:": "Chromium 87: no space at all",
    r"(?:margin|padding|border)-block-": "Chromium 87: no space; up and down never turn round",
    r"aspect-ratio": "Chromium 88: a box without height",
    r"color-mix\(|oklch\(|light-dark\(": "Chromium 111: no colour",
    r"\d[dsl]v[hw]\b": "Chromium 108: no size",
    r"content-visibility|text-wrap": "new, and the page has to hold without it",
}
JS = {
    r"=>": "arrow functions are no ES5",
    r"\b(?:let|const|class|async|await|of)\s+[\w$({\[]": "no ES5",
    r"`": "template strings are no ES5",
    r"\?\.(?!\d)|\?\?": "Chromium 80: the script does not run at all",
    r"\.\.\.": "spread is no ES5",
    r"\bfetch\(|\bPromise\b|\bURLSearchParams\b|\bMap\(|\bSet\(": "not in every old web view",
    r"\.(?:includes|replaceAll|at|flat|closest|remove|prepend|toggleAttribute)\(": "newer "
    "than ES5, or than old web views",
}
# Chromium 79 and 80: the declaration is dropped, which is fine where an older one stands before it.
NEEDS_AN_OLDER_LINE = re.compile(
    r"([\w-]+)\s*:[^;{}]*(?:(?<![\w-])(?:clamp|min|max)\(|\banywhere\b)"
)
# Properties that a longhand of 2018 carries: the name from before stands in front of it.
LOGICAL = re.compile(r"(?:margin|padding|border)-inline-(?:start|end)(?:-width)?(?=\s*:)")


@cache
def files_of_residents(kind: str) -> tuple[Path, ...]:
    """Every style sheet or script that a page of residents asks for."""
    asked: set[str] = set()
    for path in templates():
        text = path.read_text("utf-8")
        if path.name == "resident.html" or "layouts/resident.html" in text:
            asked |= set(re.findall(rf"static_url\('({kind}/[\w-]+\.{kind})'", text))
    return tuple(ROOT / "static" / name for name in sorted(asked))


def bare(path: Path) -> str:
    """What a browser reads: no comments."""
    text = re.sub(r"/\*.*?\*/", "", path.read_text("utf-8"), flags=re.S)
    return re.sub(r"^\s*//.*$", "", text, flags=re.M)


def test_the_pages_of_residents_have_styles_and_scripts() -> None:
    assert {p.name for p in files_of_residents("css")} >= {"resident.css", "plan.css"}
    assert {p.name for p in files_of_residents("js")} >= {"vote.js", "enter.js"}


@pytest.mark.parametrize("feature", CSS)
def test_no_style_sheet_of_residents_uses(feature: str) -> None:
    found = [
        f"{path.name}: {match.group(0)} ({CSS[feature]})"
        for path in files_of_residents("css")
        for match in re.finditer(feature, bare(path))
    ]
    assert found == []


@pytest.mark.parametrize("feature", JS)
def test_no_script_of_residents_uses(feature: str) -> None:
    found = [
        f"{path.name}: {match.group(0)} ({JS[feature]})"
        for path in files_of_residents("js")
        for match in re.finditer(feature, bare(path))
    ]
    assert found == []


def test_before_what_is_newer_stands_an_older_line() -> None:
    alone = []
    for path in files_of_residents("css"):
        text = bare(path)
        for match in NEEDS_AN_OLDER_LINE.finditer(text):
            rule = text[text.rindex("{", 0, match.start()) + 1 : match.start()]
            if not re.search(rf"(?:^|;)\s*{match.group(1)}\s*:", rule):
                alone.append(f"{path.name}: {match.group(0)}")
    assert alone == []


def test_all_scripts_of_residents_together_weigh_3_kb_over_the_wire() -> None:
    weights = {
        p.name: len(gzip.compress(p.read_bytes(), mtime=0)) for p in files_of_residents("js")
    }
    assert sum(weights.values()) <= 3 * 1024, weights


def test_before_a_logical_side_stands_its_older_name() -> None:
    alone = []
    for path in files_of_residents("css"):
        text = bare(path)
        for match in LOGICAL.finditer(text):
            older = "-webkit-" + match.group(0).replace("-inline", "")
            rule = text[text.rindex("{", 0, match.start()) : match.start()]
            if older not in rule:
                alone.append(f"{path.name}: {match.group(0)} without {older}")
    assert alone == []


def test_residents_pages_are_measured_in_what_grows_with_the_text() -> None:
    # Lines and hairlines may be px; a width, a height, a space or a letter may not.
    found = [
        f"{path.name}: {match.group(0)}"
        for path in files_of_residents("css")
        for match in re.finditer(r"[\w-]+\s*:[^;{}]*\b\d+(?:\.\d+)?px", bare(path))
        if not re.match(r"border|outline|width: 1px|height: 1px", match.group(0))
        # Drawings have pixels of their own.
        if not (path.name == "plan.css" and match.group(0).startswith("font-size: 52px"))
    ]
    assert found == []
