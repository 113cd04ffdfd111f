"""Templates: short, without inline code, without unused imports, and strict about their names."""

import re

import pytest
from flask import Flask
from jinja2 import meta, nodes

from tests.structure.source import ROOT, templates

INLINE = {
    "an inline script": re.compile(r"<script(?![^>]*\ssrc=)", re.I),
    "an inline style": re.compile(r"<style[\s>]|\sstyle\s*=", re.I),
    "an inline handler": re.compile(r"<[^>]*\son[a-z]+\s*=", re.I),
    "a javascript: address": re.compile(r"javascript:", re.I),
    "|safe": re.compile(r"\|\s*safe\b"),
    "autoescape off": re.compile(r"autoescape\s+false", re.I),
    "an address outside": re.compile(r"(?:src|href|action)\s*=\s*[\"'](?:https?:)?//", re.I),
}


@pytest.mark.parametrize("smell", INLINE)
def test_no_template_holds(smell: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}: {match.group(0)!r}"
        for path in templates()
        for match in INLINE[smell].finditer(path.read_text("utf-8"))
        # Print pages are never sent to a browser as they are; their styles come from print.css.
    ]
    assert found == []


def test_a_page_has_at_most_80_lines_and_a_partial_60() -> None:
    long = []
    for path in templates():
        lines = path.read_text("utf-8").count("\n")
        is_partial = path.name.startswith("_") or path.parent.name == "components"
        if lines > (60 if is_partial else 80):
            long.append(f"{path.relative_to(ROOT)}: {lines}")
    assert long == []


def test_a_component_file_holds_the_macro_it_is_named_after(app: Flask) -> None:
    other = []
    for path in (ROOT / "templates" / "components").glob("[a-z]*.html"):
        tree = app.jinja_env.parse(path.read_text("utf-8"))
        macros = [macro.name for macro in tree.find_all(nodes.Macro)]
        if macros != [path.stem.replace("-", "_")]:
            other.append(f"{path.name}: {macros}")
    assert other == []


def test_every_imported_macro_is_used(app: Flask) -> None:
    unused = []
    for path in templates():
        tree = app.jinja_env.parse(path.read_text("utf-8"))
        used = {name.name for name in tree.find_all(nodes.Name) if name.ctx == "load"}
        for found in tree.find_all(nodes.FromImport):
            names = [name[1] if isinstance(name, tuple) else name for name in found.names]
            unused += [f"{path.relative_to(ROOT)}: {n}" for n in names if n not in used]
        for whole in tree.find_all(nodes.Import):
            if whole.target not in used:
                unused.append(f"{path.relative_to(ROOT)}: {whole.target}")
    assert unused == []


def test_every_template_named_in_a_template_exists(app: Flask) -> None:
    missing = []
    for path in templates():
        tree = app.jinja_env.parse(path.read_text("utf-8"))
        for name in meta.find_referenced_templates(tree):
            if name is not None and not (ROOT / "templates" / name).is_file():
                missing.append(f"{path.relative_to(ROOT)}: {name}")
    assert missing == []


def test_a_feature_uses_no_partial_of_another_feature(app: Flask) -> None:
    borrowed = []
    for path in templates():
        folder = path.relative_to(ROOT / "templates").parts[0]
        tree = app.jinja_env.parse(path.read_text("utf-8"))
        for name in meta.find_referenced_templates(tree):
            owner = (name or folder).split("/")[0]
            if owner not in {folder, "layouts", "components", "print"}:
                borrowed.append(f"{path.relative_to(ROOT)}: {name}")
    assert borrowed == []


def test_static_files_are_asked_for_by_content() -> None:
    found = [
        str(path.relative_to(ROOT))
        for path in templates()
        if re.search(r"""["']/static/|url_for\(\s*["']static["']""", path.read_text("utf-8"))
    ]
    assert found == []


def test_no_style_sheet_or_script_of_ours_comes_from_elsewhere() -> None:
    long = []
    for path in [*(ROOT / "static").rglob("*.css"), *(ROOT / "static").rglob("*.js")]:
        text = path.read_text("utf-8")
        if ".min." in path.name or max(map(len, text.split("\n"))) > 500:
            long.append(f"{path.relative_to(ROOT)} looks minified")
        if re.search(r"url\(\s*[\"']?(?:https?:)?//|@import", text):
            long.append(f"{path.relative_to(ROOT)} loads something")
    assert long == []
