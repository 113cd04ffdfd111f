"""Numbers that do not belong in public: phones, identity numbers, cards, names in chats; masked.

It only reads text. What is found is looked at by a person before anybody else sees it, so that
finding too much costs a little time and finding too little costs somebody's quiet.
"""

import re
import unicodedata
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

# One more star than may stand between the parts of a number, so that none is made by masking.
MASK = "****"

# Digits as people write them, those of cheques included; 幺 is 1 as it is read out over the phone.
_CHINESE = {
    **dict(zip("〇一二三四五六七八九", "0123456789", strict=True)),
    **dict(zip("零壹贰叁肆伍陆柒捌玖", "0123456789", strict=True)),
    **dict(zip("○幺两貳參陸", "012236", strict=True)),
}
# What people put between the groups of a number, or between its digits to hide it.
_BETWEEN_CATEGORIES = {"Zs", "Pd", "Pc", "Ps", "Pe", "Mn", "Me", "Cf"}
_BETWEEN = set(".．·•・*,，、/／\\\u2212\n\t")
_MOST_BETWEEN = 3
_LONGEST = 24
# What else hides a mobile: a letter, a word or a picture between its groups, as they are read out.
# No more than these, and no measure, with which figures stand side by side: 139户1200元.
_MOST_HIDING = 2
_MEASURES = set(
    "户元块角分楼室号栋幢层间套台部梯人口家次条项版年月日天时米平方吨度万千百亿个张第到至每共"
)
_SPOKEN = re.compile(
    r"(?:86)?(?:\d{3} \d{4} \d{4}|\d{4} \d{3} \d{4}|\d{4} \d{4} \d{3}|\d{3} \d{8}|\d{7} \d{4})"
)
# Letters that pass for digits among digits.
_LOOKALIKE = re.compile(r"(?<=\d)[oOlI|]|[oOlI|](?=\d)")
_LOOKS_LIKE = {"o": "0", "O": "0"}
# A name in a chat: with a digit in it, or said to be one.
_CHAT = r"(?:微信|薇信|[vV]信|(?<![A-Za-z])(?:wechat|vx|wx|qq)(?![A-Za-z])|扣扣)"
_CHAT_NAME = re.compile(
    rf"{_CHAT}(?:[\s是为加+]{{0,3}}(?=[\w-]*\d)|[\s是为加]{{0,2}}[号:：][\s是为:：]{{0,3}})"
    r"([A-Za-z0-9][A-Za-z0-9_-]{4,19})(?![A-Za-z0-9_-])",
    re.IGNORECASE,
)

_MOBILE = re.compile(r"(?:00)?(?:86)?0?1[3-9]\d{9}")
_LANDLINE = re.compile(r"(?:00)?(?:86)?0?(?:10|2\d|[3-9]\d{2})[2-9]\d{6,7}")
_AREA_CODE = re.compile(r"(?:10|2\d|[3-9]\d{2})")
_IDENTITY = re.compile(r"[1-9]\d{5}(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dX]")
# Those from before 1999: two digits of the year, no check digit.
_OLD_IDENTITY = re.compile(r"[1-8]\d{5}\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}")
_CARD = re.compile(r"[3-6]\d{15,18}")


@dataclass(frozen=True)
class _Group:
    """Digits that stand together, written in one way; `end` is behind the last one."""

    digits: str
    start: int
    end: int
    # Whether more than what separates parts of a number stands before them.
    is_hidden: bool = False


def has_private_number(text: str, public: Collection[str] = ()) -> bool:
    """Whether a private number stands in `text`, whatever digits it is written with.

    `public` are numbers anybody may read anyway, such as the office's own phone.
    """
    return bool(private_numbers(text, public))


def masked(text: str, public: Collection[str] = ()) -> str:
    """`text` with every private number replaced by stars, always the same few."""
    parts, at = [], 0
    for start, end in private_numbers(text, public):
        parts += [text[at:start], MASK]
        at = end
    return "".join([*parts, text[at:]])


def private_numbers(text: str, public: Collection[str] = ()) -> list[tuple[int, int]]:
    """Where the private numbers of `text` begin and end, in its order."""
    known = {_plain(number) for number in public}
    found = [match.span(1) for match in _CHAT_NAME.finditer(text)]
    for reading in {text, _LOOKALIKE.sub(lambda sign: _LOOKS_LIKE.get(sign[0], "1"), text)}:
        found += _numbers_in(reading, known)
    return _joined(found)


def _joined(found: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The same places in order, those that overlap as one."""
    joined: list[tuple[int, int]] = []
    for start, end in sorted(found):
        if joined and start < joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def _numbers_in(text: str, known: Collection[str]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for run in _runs(text):
        first = 0
        while first < len(run):
            last = _number_from(run, first, known)
            if last is not None:
                found.append((run[first].start, run[last].end))
            first = first + 1 if last is None else last + 1
    return found


def _number_from(run: Sequence[_Group], first: int, known: Collection[str]) -> int | None:
    """The last group of the longest private number that begins with the group `first`."""
    digits, longest = "", None
    for last in range(first, len(run)):
        digits += run[last].digits
        if len(digits) > _LONGEST:
            break
        groups = run[first : last + 1]
        if digits not in known and _is_private(digits, groups):
            longest = last
    return longest


def _is_private(digits: str, groups: Sequence[_Group]) -> bool:
    if any(group.is_hidden for group in groups[1:]) or "X" in digits[:-1]:
        parts = [group.digits.replace("X", "") for group in groups]
        return bool(_SPOKEN.fullmatch(" ".join(parts))) and _is_mobile("".join(parts))
    return _is_personal(digits) or _is_landline(digits, groups)


def _is_mobile(digits: str) -> bool:
    return bool(_MOBILE.fullmatch(digits))


def _is_personal(digits: str) -> bool:
    patterns = (_MOBILE, _IDENTITY, _OLD_IDENTITY)
    if any(pattern.fullmatch(digits) for pattern in patterns):
        return True
    return bool(_CARD.fullmatch(digits)) and _is_checked(digits)


def _is_landline(digits: str, groups: Sequence[_Group]) -> bool:
    """Whether it is an area code and a number.

    Figures, dates and rooms side by side look alike, so grouped ones must be grouped as phones
    are: the area code by itself, perhaps after that of the country.
    """
    if not _LANDLINE.fullmatch(digits) or not digits.startswith(("0", "86")):
        return False
    parts = [group.digits for group in groups]
    if len(parts) > 1 and parts[0] in {"86", "0086"}:
        parts = parts[1:]
    is_whole = len(parts) == 1
    is_spelt_out = all(len(part) == 1 for part in parts)
    is_grouped = len(parts) <= 3 and bool(_AREA_CODE.fullmatch(parts[0].removeprefix("0")))
    return is_whole or is_spelt_out or is_grouped


def _is_checked(digits: str) -> bool:
    """Luhn's sum, which card numbers carry and sums of money only by chance."""
    doubled = [int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits))]
    return sum(number // 10 + number % 10 for number in doubled) % 10 == 0


def _runs(text: str) -> Iterator[list[_Group]]:
    """Groups of digits with nothing between them but what separates or hides parts of a number."""
    run: list[_Group] = []
    for group in _groups(text):
        between = text[run[-1].end : group.start] if run else ""
        if run and not _is_hiding(between):
            yield run
            run = []
        run.append(group if _is_between(between) else replace(group, is_hidden=True))
    if run:
        yield run


def _groups(text: str) -> Iterator[_Group]:
    digits, start, script = "", 0, ""
    for place, sign in enumerate(f"{text} "):
        digit, kind = _digit(sign)
        # The last place of an identity number may be an X.
        is_check = bool(digits) and digits[-1] != "X" and sign in "xXｘＸ"
        if digits and not is_check and (kind != script or digits[-1] == "X"):
            yield _Group(digits, start, place)
            digits = ""
        if is_check:
            digits += "X"
        elif digit:
            start = start if digits else place
            digits, script = digits + digit, kind


def _digit(sign: str) -> tuple[str, str]:
    """The digit a sign stands for, and what kind of writing it is; empty when it is none."""
    if sign in _CHINESE:
        return _CHINESE[sign], "chinese"
    value = unicodedata.digit(sign, None)
    if value is None:
        return "", ""
    return str(value), "plain" if sign.isascii() else "other"


def _is_between(text: str) -> bool:
    return len(text) <= _MOST_BETWEEN and all(_separates(sign) for sign in text)


def _is_hiding(text: str) -> bool:
    """Whether it separates parts of a number, or stands between them to hide it."""
    others = [sign for sign in text if not _separates(sign)]
    is_short = len(others) <= _MOST_HIDING and len(text) - len(others) <= _MOST_BETWEEN
    return is_short and _MEASURES.isdisjoint(others)


def _separates(sign: str) -> bool:
    return sign in _BETWEEN or unicodedata.category(sign) in _BETWEEN_CATEGORIES


def _plain(number: str) -> str:
    return "".join(_digit(sign)[0] for sign in number)
