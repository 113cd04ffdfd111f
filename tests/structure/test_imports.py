"""Imports lead downwards only: over the features, and over the storeys inside one."""

import sys

from tests.structure.source import FEATURES, Import, Module, imports, modules

STOREY = {
    "models": 1,
    "queries": 2,
    "actions": 2,
    "forms": 3,
    "views": 4,
    "staff_views": 4,
    "cli": 4,
    "tasks": 4,
}
# Nobody but the feature itself may know these of it.
OWN = {"forms", "views", "staff_views", "cli", "tasks"}
# These decide or compute; they know the standard library, refusals, and each other.
PURE = {
    "app.core.errors",
    "app.core.clock",
    "app.core.tokens",
    "app.journal.merkle",
    "app.journal.note",
    "app.roster.cells",
    "app.roster.comparing",
    "app.roster.headings",
    "app.roster.importer",
    "app.roster.ledger",
    "app.roster.lines",
    "app.roster.people",
    "app.projects.by_building",
    "app.projects.comparison",
    "app.projects.completeness",
    "app.projects.contents",
    "app.projects.fingerprint",
    "app.paper.hints",
    "app.paper.serials",
    "app.rounds.counting",
    "app.rounds.lifecycle",
    "app.rounds.profile",
    "app.rounds.replay",
    "app.comments.privacy",
    "app.comments.speed",
    "app.desk.forecast",
}


def test_features_import_downwards_only() -> None:
    rank = {feature: place for place, feature in enumerate(FEATURES)}
    upwards = [
        _tell(module, found)
        for module, found, feature in _between_modules()
        if rank[feature] > rank[module.feature]
    ]
    assert upwards == []


def test_across_features_only_models_queries_actions_and_concepts_are_known() -> None:
    nosy = [
        _tell(module, found)
        for module, found, feature in _between_modules()
        if feature not in {module.feature, "core"} and _kind(_part(found.target)) in OWN
    ]
    assert nosy == []


def test_inside_a_feature_imports_lead_down_the_storeys() -> None:
    upwards = [
        _tell(module, found)
        for module, found, feature in _between_modules()
        if feature == module.feature
        and _kind(module.part) in STOREY
        and STOREY.get(_kind(_part(found.target)), 0) > STOREY[_kind(module.part)]
    ]
    assert upwards == []


def test_views_commands_and_tasks_are_imported_by_their_package_alone() -> None:
    ends = {"views", "staff_views", "cli", "tasks"}
    bad = [
        _tell(module, found)
        for module, found, feature in _between_modules()
        if feature == module.feature and module.part and _kind(_part(found.target)) in ends
    ]
    assert bad == []


def test_a_concept_module_knows_nothing_above_queries_and_actions() -> None:
    bad = [
        _tell(module, found)
        for module, found, feature in _between_modules()
        if module.part and _kind(module.part) not in STOREY and module.feature != "core"
        if feature == module.feature and STOREY.get(_kind(_part(found.target)), 0) > 2
    ]
    assert bad == []


def test_nobody_imports_the_package_root() -> None:
    bad = [
        _tell(module, found)
        for module in modules()
        for found in imports(module.tree)
        if found.origin == "app" and module.name != "app" and found.target == "app"
    ]
    assert bad == []


def test_no_import_is_relative() -> None:
    bad = [
        _tell(module, found)
        for module in modules()
        for found in imports(module.tree)
        if found.origin.startswith(".")
    ]
    assert bad == []


def test_pure_modules_know_the_standard_library_and_each_other_only() -> None:
    bad = [
        _tell(module, found)
        for module in modules()
        if module.name in PURE
        for found in imports(module.tree)
        if found.origin.split(".")[0] not in sys.stdlib_module_names and found.target not in PURE
    ]
    assert bad == []


def test_settings_are_known_to_the_entry_point_and_the_kernel_alone() -> None:
    bad = [
        _tell(module, found)
        for module in modules()
        if module.feature not in {"", "core"}
        for found in imports(module.tree)
        if found.target == "app.config" and found.name != "ROOT"
    ]
    assert bad == []


def _between_modules() -> list[tuple[Module, Import, str]]:
    """(module, import, feature it leads to) for every import from one feature's module."""
    return [
        (module, found, found.target.split(".")[1])
        for module in modules()
        if module.feature
        for found in imports(module.tree)
        if found.target.startswith("app.") and found.target.split(".")[1] in FEATURES
    ]


def _part(target: str) -> str:
    return target.split(".")[2] if target.count(".") >= 2 else ""


def _kind(part: str) -> str:
    """The storey of a module: `register_forms` stands where `forms` stands (decision 8)."""
    ending = part.rsplit("_", 1)[-1]
    return ending if part not in STOREY and ending in {"forms", "views"} else part


def _tell(module: Module, found: Import) -> str:
    return f"{module.where}:{found.line} imports {found.origin} {found.name}"
