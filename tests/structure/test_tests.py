"""The tests themselves: no patching of our own code, nothing skipped, nothing that cannot fail."""

import ast

from tests.structure.source import Module, calls, decorators, dotted, functions, imports, modules

PATCHING = {"setattr", "delattr", "setitem", "delitem"}
SKIPPING = {"skip", "skipif", "xfail", "importorskip"}


def test_our_own_code_is_never_patched() -> None:
    patched = []
    for module in modules("tests"):
        ours = {i.alias for i in imports(module.tree) if i.origin.split(".")[0] == "app"}
        for name, call in calls(module.tree):
            if name in PATCHING and "monkeypatch" in dotted(call.func) and _is_ours(call, ours):
                patched.append(f"{module.where}:{call.lineno}")
    assert patched == []


def _is_ours(call: ast.Call, ours: set[str]) -> bool:
    target = call.args[0] if call.args else None
    if isinstance(target, ast.Constant):
        return str(target.value).startswith("app.")
    return target is not None and dotted(target).split(".")[0] in ours


def test_nothing_is_mocked() -> None:
    mocked = [
        f"{module.where}:{found.line}"
        for module in modules("tests")
        for found in imports(module.tree)
        if found.origin in {"mock", "unittest.mock", "pytest_mock"}
        or (found.origin, found.name) == ("unittest", "mock")
    ]
    assert mocked == []


def test_nothing_is_skipped_or_expected_to_fail() -> None:
    skipped = [
        f"{module.where}:{node.lineno}"
        for module in modules("tests")
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Attribute)
        and node.attr in SKIPPING
        and dotted(node).startswith("pytest.")
    ]
    assert skipped == []


def test_every_test_can_fail() -> None:
    harmless = [
        f"{module.where}:{function.lineno} {function.name}"
        for module in modules("tests")
        for function in functions(module)
        if function.name.startswith("test_")
        # A property over any input may claim no more than that nothing breaks.
        and "given" not in decorators(function)
        and not _asserts(module, function)
    ]
    assert harmless == []


def _asserts(module: Module, function: ast.AST) -> bool:
    """An assert, an expected exception, a checking client, or a helper here that asserts."""
    if any(isinstance(node, ast.Assert) for node in ast.walk(function)):
        return True
    checking = {"raises", "expect", "get", "post", "visit", "submit", "follow", "check_page"}
    checking |= {f.name for f in functions(module) if _has_assert(f)}
    return any(
        name in checking
        or name.startswith(("assert_", "check_"))
        or any(keyword.arg == "status" for keyword in call.keywords)
        for name, call in calls(function)
    )


def _has_assert(function: ast.AST) -> bool:
    return any(isinstance(node, ast.Assert) for node in ast.walk(function))


def test_the_shared_set_up_stays_small() -> None:
    conftest = next(m for m in modules("tests") if m.name == "tests.conftest")
    assert conftest.lines <= 150
