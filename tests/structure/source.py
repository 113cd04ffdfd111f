"""The source code as the structure tests see it: modules, functions, imports and templates."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
FEATURES = (
    "core",
    "journal",
    "roster",
    "notices",
    "accounts",
    "projects",
    "rounds",
    "cases",
    "comments",
    "doors",
    "paper",
    "households",
    "works",
    "reports",
    "desk",
    "demo",
)

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Module:
    """One Python file; `name` is dotted, `feature` and `part` are empty for the package root."""

    path: Path
    name: str
    text: str
    tree: ast.Module

    @property
    def where(self) -> str:
        return str(self.path.relative_to(ROOT))

    @property
    def feature(self) -> str:
        parts = self.name.split(".")
        return parts[1] if len(parts) > 1 and parts[1] in FEATURES else ""

    @property
    def part(self) -> str:
        return self.name.split(".", 2)[2] if self.name.count(".") >= 2 else ""

    @property
    def lines(self) -> int:
        return self.text.count("\n")


@cache
def modules(folder: str = "app") -> tuple[Module, ...]:
    """Every Python file below `folder`."""
    return tuple(_read(path) for path in sorted((ROOT / folder).rglob("*.py")))


def _read(path: Path) -> Module:
    text = path.read_text("utf-8")
    dotted = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    return Module(path, dotted.removesuffix(".__init__"), text, ast.parse(text))


def functions(module: Module) -> Iterator[Function]:
    """Every function of a module, methods and nested ones included."""
    for node in ast.walk(module.tree):
        if isinstance(node, Function):
            yield node


def public_functions(module: Module) -> Iterator[Function]:
    """The functions other modules may call."""
    for node in module.tree.body:
        if isinstance(node, Function) and not node.name.startswith("_"):
            yield node


@dataclass(frozen=True)
class Import:
    """`from origin import name as alias`, or `import origin` with an empty name."""

    origin: str
    name: str
    alias: str
    line: int

    @property
    def target(self) -> str:
        """The module it leads to: `from app.core import web` leads to `app.core.web`."""
        dotted = f"{self.origin}.{self.name}"
        return dotted if self.name and dotted in _module_names() else self.origin


@cache
def _module_names() -> frozenset[str]:
    return frozenset(module.name for module in modules())


def imports(tree: ast.AST) -> Iterator[Import]:
    """Every import inside `tree`; relative ones do not exist here."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(alias.name, "", alias.asname or alias.name, node.lineno)
        elif isinstance(node, ast.ImportFrom):
            origin = "." * node.level + (node.module or "")
            for alias in node.names:
                yield Import(origin, alias.name, alias.asname or alias.name, node.lineno)


def dotted(node: ast.AST) -> str:
    """`a.b.c` for a chain of names, else an empty string."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        owner = dotted(node.value)
        return f"{owner}.{node.attr}" if owner else ""
    return ""


def calls(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    """Every call inside `tree` with the name it is called by (the last part when it is longer)."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            last = node.func.attr if isinstance(node.func, ast.Attribute) else dotted(node.func)
            yield last, node


def decorators(function: Function) -> list[str]:
    """The dotted names of a function's decorators, without their arguments."""
    return [
        dotted(node.func if isinstance(node, ast.Call) else node)
        for node in function.decorator_list
    ]


def is_view(function: Function) -> bool:
    """Whether a route leads to this function."""
    routes = {"get", "post", "route", "put", "patch", "delete"}
    return any(
        "." in name and name.rsplit(".", 1)[1] in routes and "bp" in name.rsplit(".", 1)[0]
        for name in decorators(function)
    )


def body_lines(function: Function) -> int:
    """Lines of the body, without signature, decorators and docstring."""
    body = function.body
    if ast.get_docstring(function, clean=False) is not None:
        body = body[1:]
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


@cache
def templates() -> tuple[Path, ...]:
    """Every template."""
    return tuple(sorted((ROOT / "templates").rglob("*.html")))
