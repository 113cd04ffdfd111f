"""Sizes, names and places: what a file may be called, how long it is, what may stand in it."""

import ast
import statistics

import pytest

from tests.structure.source import (
    FEATURES,
    ROOT,
    Module,
    body_lines,
    calls,
    dotted,
    functions,
    imports,
    is_view,
    modules,
    public_functions,
)

TOP_LEVEL = {
    ".ci",
    ".gitattributes",
    ".gitignore",
    "Makefile",
    "README.md",
    "app",
    "bench",
    "deploy",
    "docs",
    "migrations",
    "pyproject.toml",
    "requirements",
    "static",
    "templates",
    "tests",
    "translations",
    "wsgi.py",
}
# What a machine keeps beside the project; none of it is committed (.gitignore).
LOCAL = {".git", ".venv", "instance", "artefacts", "node_modules"}
FORBIDDEN_NAMES = {
    "utils",
    "util",
    "helpers",
    "common",
    "constants",
    "exceptions",
    "services",
    "service",
    "signals",
    "manager",
    "managers",
    "misc",
    "base",
}
STOREYS = "__init__ actions cli forms models queries staff_views tasks views"
# The concepts a feature may name a module after; a new one is added here by who adds it.
CONCEPTS = {
    "core": "alarms clock cookies db errors files format guards i18n jobs limits log "
    "markdown paging pdf pdf_child qr sealing sheets sheets_child sizes "
    "together tokens web",
    "journal": "merkle note",
    "roster": "areas cells comparing correction differences findings guarding headings "
    "importer ledger lines people transfer",
    "notices": "delivery gateways wording",
    "accounts": "codes desk_sessions enrolling entering guessing invitations journal_views "
    "login_views me_views office_book passwords phone_codes second_factor "
    "sessions signing_in staff_forms standing vouching",
    "projects": "by_building comparison completeness contents excerpts fingerprint reading",
    "rounds": "assisting audit ballot_views break_glass cases casting changes choosing "
    "conflicts corrections counting decisions disowning effects fates findings "
    "first_votes homes life_forms lifecycle listing loading matter_forms "
    "matter_views matters new_phones objection_views objections opening pending "
    "profile reasons recording recounting register replay residents steps "
    "storing tallies thresholds timeline ways wording",
    "cases": "complaint_views conflict_views desk_forms desk_views evidence kinds ledger "
    "line prospects register_forms register_views shifts sight sources story",
    "comments": "handing ledger moderation privacy sight speed template_views templates "
    "waiting wording",
    "doors": "assist_forms assist_views calls due ledger printing",
    "paper": "entry_views exports form_desk habits hints keying photos printing serials sheet",
    "households": "change_views home_desk listing look_views search story undelivered",
    "reports": "notice pages printing",
    "desk": "board compounds course door_plan forecast live next_step picture polls "
    "share sheets today",
    "demo": "cases content drawings plans stories synthetic",
}
REQUEST_NAMES = {"request", "session", "current_user", "flash", "abort"}
MAY_USE_THE_REQUEST = {
    "app.core.views",
    "app.core.web",
    "app.core.guards",
    "app.core.i18n",
    "app.core.limits",
    "app.core.cookies",
    "app.core.sizes",
}
MAY_COMMIT = {"app.core.web", "app.core.jobs", "app.core.limits", "app.core.together"}
MAY_IMPORT_INSIDE = {"create_app", "_register_features"}
WALL_CLOCKS = {
    "datetime.now",
    "datetime.utcnow",
    "datetime.today",
    "date.today",
    "datetime.datetime.now",
    "datetime.date.today",
    "time.time",
    "time.time_ns",
    "time.localtime",
    "time.gmtime",
}


def test_the_top_level_holds_only_what_belongs_there() -> None:
    found = {path.name for path in ROOT.iterdir() if not path.name.endswith("_cache")}
    assert found - TOP_LEVEL - LOCAL - {".hypothesis", "__pycache__"} == set()


def test_every_package_is_a_feature() -> None:
    packages = {path.parent.name for path in (ROOT / "app").glob("*/__init__.py")}
    assert packages <= set(FEATURES)


def test_a_module_is_named_after_its_storey_or_its_concept() -> None:
    strange = [
        module.where
        for module in modules()
        if (part := module.part.split(".")[0])
        and part not in (STOREYS + " " + CONCEPTS.get(module.feature, "")).split()
    ]
    assert strange == []


def test_no_module_is_named_after_nothing() -> None:
    assert [m.where for m in modules() if m.path.stem in FORBIDDEN_NAMES] == []


@pytest.mark.parametrize(
    # Tables of cases make a test file longer than the rule they prove.
    ("folder", "most"),
    [("app", 400), ("deploy", 400), ("bench", 400), ("tests", 500)],
)
def test_no_file_grows_out_of_hand(folder: str, most: int) -> None:
    assert [f"{m.where}: {m.lines}" for m in modules(folder) if m.lines > most] == []


def test_no_function_is_longer_than_60_lines() -> None:
    lengths = [
        (f"{m.where}:{f.lineno} {f.name}", (f.end_lineno or 0) - f.lineno + 1)
        for m in modules()
        for f in functions(m)
    ]
    assert [found for found in lengths if found[1] > 60] == []


def test_functions_are_short_in_the_middle_and_at_the_long_end() -> None:
    lengths = sorted(body_lines(f) for m in modules() for f in functions(m))
    assert statistics.median(lengths) <= 6
    assert lengths[len(lengths) * 9 // 10] <= 20


def test_no_view_is_longer_than_15_lines() -> None:
    long = [
        f"{m.where}:{f.lineno} {f.name}: {body_lines(f)}"
        for m in modules()
        for f in functions(m)
        if is_view(f) and body_lines(f) > 15
    ]
    assert long == []


def test_modules_and_public_functions_say_what_they_are_for() -> None:
    silent = [m.where for m in modules() if m.text.strip() and not ast.get_docstring(m.tree)]
    silent += [
        f"{m.where}:{f.lineno} {f.name}"
        for m in modules()
        for f in public_functions(m)
        if not ast.get_docstring(f)
    ]
    assert silent == []


def test_every_signature_is_typed() -> None:
    untyped = []
    for module in modules():
        for function in functions(module):
            arguments = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
            named = [a for a in arguments if a.arg not in {"self", "cls"}]
            if function.returns is None or any(a.annotation is None for a in named):
                untyped.append(f"{module.where}:{function.lineno} {function.name}")
    assert untyped == []


def test_nothing_is_imported_inside_a_function() -> None:
    inside = [
        f"{m.where}:{found.line}"
        for m in modules()
        for f in functions(m)
        if f.name not in MAY_IMPORT_INSIDE and m.part != "cli"
        for found in imports(f)
    ]
    assert inside == []


def test_only_views_and_the_request_flow_know_the_request() -> None:
    found = [
        f"{m.where}:{i.line} {i.name}"
        for m in modules()
        if not m.part.endswith("views") and m.name not in MAY_USE_THE_REQUEST
        for i in imports(m.tree)
        if i.origin in {"flask", "flask_login"} and i.name in REQUEST_NAMES
    ]
    assert found == []


def test_only_the_settings_read_the_environment() -> None:
    found = [
        f"{m.where}:{node.lineno}"
        for m in modules()
        if m.name != "app.config"
        for node in ast.walk(m.tree)
        if dotted(node) in {"os.environ", "os.getenv", "environ", "getenv"}
    ]
    assert found == []


def test_only_the_clock_asks_what_time_it_is() -> None:
    found = [
        f"{m.where}:{call.lineno} {dotted(call.func)}"
        for m in modules()
        if m.name != "app.core.clock"
        for _name, call in calls(m.tree)
        if dotted(call.func) in WALL_CLOCKS
    ]
    assert found == []


def test_commit_stands_only_at_the_ways_out() -> None:
    found = [
        f"{m.where}:{call.lineno}"
        for m in modules()
        if m.name not in MAY_COMMIT and m.part not in {"cli", "tasks"}
        for name, call in calls(m.tree)
        if name == "commit"
    ]
    assert found == []


def test_sql_is_never_put_together_from_text() -> None:
    found = [
        f"{m.where}:{call.lineno}"
        for m in modules()
        for verbs in [_takes_sql(m)]
        for name, call in calls(m.tree)
        if name in verbs and call.args and _is_assembled(call.args[0])
    ]
    # The pragmas are a fixed list in the same function, and SQLite takes no parameters there.
    assert [where for where in found if not where.startswith("app/core/db.py")] == []


def _takes_sql(module: Module) -> set[str]:
    texts = {i.alias for i in imports(module.tree) if (i.origin, i.name) == ("sqlalchemy", "text")}
    return {"execute", "exec_driver_sql", "scalar", "scalars"} | texts


def _is_assembled(node: ast.expr) -> bool:
    if isinstance(node, ast.JoinedStr):
        return True
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Mod):
        return any(_is_text(side) for side in (node.left, node.right))
    return isinstance(node, ast.Call) and dotted(node.func).endswith(".format")


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant | ast.JoinedStr) or _is_assembled(node)


def test_html_is_never_written_in_python() -> None:
    # The one place that turns Markdown, made safe by nh3, into markup.
    allowed = {"app.core.markdown", "app.projects.markdown", "app.projects.prose"}
    found = [
        f"{m.where}:{call.lineno} {name}"
        for m in modules()
        for name, call in calls(m.tree)
        if name in {"Markup", "render_template_string"} and m.name not in allowed
    ]
    assert found == []
