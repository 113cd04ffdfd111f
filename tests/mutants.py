"""Changes what decides by one operator, number or word at a time; some test must notice each.

Works on a copy below `artefacts/`, with mutmut as `pyproject.toml` configures it. Run it as
`python -m tests.mutants`; it fails while a changed rule passes its tests.
"""

import ast
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COPY = ROOT / "artefacts" / "mutation"


def main() -> int:
    """How many mutants nobody noticed, each with its change."""
    _copy()
    _mutmut("run", "--max-children", "2")
    unnoticed = [line.strip() for line in _mutmut("results", "--all", "true") if _lives(line)]
    for line in unnoticed:
        print(line)
        print("\n".join(_mutmut("show", line.split(":")[0])))
    print(f"{len(unnoticed)} mutants were not noticed")
    return min(len(unnoticed), 1)


def _copy() -> None:
    shutil.rmtree(COPY, ignore_errors=True)
    for folder in ("app", "tests"):
        shutil.copytree(ROOT / folder, COPY / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", COPY)
    for path in tomllib.loads((COPY / "pyproject.toml").read_text())["tool"]["mutmut"][
        "only_mutate"
    ]:
        module = COPY / path
        module.write_text(with_plain_properties(module.read_text()))


def with_plain_properties(source: str) -> str:
    """The same module without `@property`, which mutmut leaves alone: `name = property(name)`."""
    lines = source.splitlines()
    for node in sorted(_properties(source), key=lambda node: -node.lineno):
        indent = " " * node.col_offset
        lines.insert(node.end_lineno or 0, f"{indent}{node.name} = property({node.name})")
        del lines[node.decorator_list[0].lineno - 1]
    return "\n".join(lines) + "\n"


def _properties(source: str) -> list[ast.FunctionDef]:
    return [
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef)
        and [ast.unparse(decorator) for decorator in node.decorator_list] == ["property"]
    ]


def _lives(result: str) -> bool:
    return ": " in result and not result.endswith((": killed", ": caught by type check"))


def _mutmut(*words: str) -> list[str]:
    command = [sys.executable, "-m", "mutmut", *words]
    done = subprocess.run(command, cwd=COPY, text=True, capture_output=True, check=False)
    if done.returncode:
        sys.exit(done.stdout[-4000:] + done.stderr)
    return done.stdout.splitlines()


if __name__ == "__main__":
    sys.exit(main())
