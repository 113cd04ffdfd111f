"""Changes what decides by one operator, number or word at a time; some test must notice each.

Works on a copy below `artefacts/`, with mutmut as `pyproject.toml` configures it. Run it as
`python -m tests.mutants`; it fails while a changed rule passes its tests.
"""

import ast
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COPY = ROOT / "artefacts" / "mutation"


def main() -> int:
    """1 while a changed rule passes its tests, each of them told with its change."""
    _copy()
    _mutmut("run", "--max-children", "2")
    lived = [line.split(":")[0].strip() for line in _mutmut("results") if ": " in line]
    unnoticed = [told for told in map(_change, lived) if not _is_wording(told)]
    print(*("\n".join(told) for told in unnoticed), sep="\n\n")
    print(f"{len(unnoticed)} changes were not noticed")
    return min(len(unnoticed), 1)


def _change(name: str) -> list[str]:
    return [line for line in _mutmut("show", name) if not line.startswith(("---", "+++", "@@"))]


def _is_wording(told: list[str]) -> bool:
    """Whether only the wording of a text was changed: proofread by people, not by tests."""
    before, after = ([line[1:] for line in told if line[0:1] == sign] for sign in "-+")
    return _without_texts(before) == _without_texts(after)


def _without_texts(lines: list[str]) -> str:
    return re.sub(r'msg\((".*?"|None)\)', "msg()", " ".join(lines))


def _copy() -> None:
    shutil.rmtree(COPY, ignore_errors=True)
    for folder in ("app", "tests"):
        shutil.copytree(ROOT / folder, COPY / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", COPY)
    settings = tomllib.loads((COPY / "pyproject.toml").read_text(encoding="utf-8"))
    for path in settings["tool"]["mutmut"]["only_mutate"]:
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


def _mutmut(*words: str) -> list[str]:
    command = [sys.executable, "-m", "mutmut", *words]
    done = subprocess.run(command, cwd=COPY, text=True, capture_output=True, check=False)
    if done.returncode:
        sys.exit(done.stdout[-4000:] + done.stderr)
    return done.stdout.splitlines()


if __name__ == "__main__":
    sys.exit(main())
