"""What is taken out of the plan's own words for a screen with little room: whole sentences of it.

Nothing is said here that the office did not write; what is not found is not said.
"""

import re

from app.core.markdown import rendered

# About three lines on the phone of a household.
_MOST = 60
_END = re.compile(r"[。！？!?；][”」』）]*")
_PAUSE = re.compile(r"[，、：,:]")
_CLAUSE = re.compile(r"[^。！？!?；\n]+[。！？!?；]?")
_SENTENCE = re.compile(r"[^。！？!?\n]+[。！？!?]?")
# How a price begins that is lower for a while.
_AT_FIRST = re.compile(r"(?:第[一1]|[头前][一二两三四五1-5]?)年")
_PAYING = re.compile(r"交钱|出钱|出资|缴费")


def plain(text: str) -> str:
    """The words of a Markdown text on one line, without its marks."""
    return " ".join(rendered(text).striptags().split())


def opening(text: str, most: int = _MOST) -> str:
    """The first sentences of `text` as far as `most` characters reach, never half a sentence.

    Only where the first one alone is longer it ends at a pause, and a mark says so.
    """
    words = plain(text)
    if len(words) <= most:
        return words
    ends = [found.end() for found in _END.finditer(words) if found.end() <= most]
    if ends:
        return words[: ends[-1]]
    pauses = [found.start() for found in _PAUSE.finditer(words) if found.start() <= most]
    return f"{words[: pauses[-1] if pauses else most]}…"


def at_first(*texts: str) -> str:
    """The first thing that these texts say of the first years, in their words; '' when nothing."""
    clauses = (found.strip() for text in texts for found in _CLAUSE.findall(plain(text)))
    return next((clause for clause in clauses if _AT_FIRST.search(clause)), "").rstrip("。；")


def paying_apart(text: str) -> str:
    """The sentence that agreeing to pay is signed for separately; '' when there is none."""
    sentences = (found.strip() for found in _SENTENCE.findall(plain(text)))
    return next(
        (s.rstrip("。") for s in sentences if "签" in s and "同意" in s and _PAYING.search(s)), ""
    )
