"""What a plan says of single buildings: one line each, the building's name first, then a colon.

`2号楼：屋顶最先做` is a line; a line may name several (`1号楼、2号楼：四月动工`).
"""

import re
from collections.abc import Iterable

_LINE = re.compile(r"([^：:]+)[：:](.*)")
_BETWEEN_NAMES = re.compile(r"[、，,]")


def lines_of(text: str) -> list[tuple[str, str]]:
    """Every line as the buildings it names and what it says of them."""
    found = [_LINE.fullmatch(line) for line in _filled(text)]
    return [(line[1].strip(), line[2].strip()) for line in found if line]


def words_for(text: str, name: str) -> str:
    """What `text` says of the building called `name`, one line below the other; '' if nothing."""
    return "\n".join(words for names, words in lines_of(text) if _plain(name) in _names(names))


def strangers(text: str, names: Iterable[str]) -> list[str]:
    """The lines that do not begin with the names of buildings, as far as they are wrong."""
    known = {_plain(name) for name in names}
    wrong = []
    for line in _filled(text):
        found = _LINE.fullmatch(line)
        if found is None or not found[2].strip():
            wrong.append(line[:20])
        else:
            wrong += [name for name in _names(found[1]) if name not in known]
    return wrong


def _filled(text: str) -> list[str]:
    return [line.strip() for line in (text or "").splitlines() if line.strip()]


def _names(words: str) -> list[str]:
    return [_plain(name) for name in _BETWEEN_NAMES.split(words)]


def _plain(name: str) -> str:
    """`1 号楼` is typed as often as `1号楼`."""
    return re.sub(r"\s", "", name)
