"""Every text of the interface stands in every catalogue, with the same parameters."""

import re
from functools import cache
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po

from app.core.i18n import DEFAULT
from app.core.i18n import LANGUAGES as PACKS
from tests.structure.source import ROOT
from translations.traditional import catalogue, traditional

KEYWORDS: dict[str, tuple[int, ...] | None] = {
    "_": None,
    "gettext": None,
    "ngettext": (1, 2),
    "lazy_gettext": None,
    "_l": None,
    "msg": None,
}
TRANSLATIONS = ROOT / "translations"
COMPLETE = ("en", "zh_Hant")
# Far enough for the pages of a resident; what is missing is shown in Chinese.
BEGUN = ("ug",)
LANGUAGES = COMPLETE + BEGUN
PLACEHOLDER = re.compile(r"%\((\w+)\)([a-z])|%%")


def test_every_pack_has_its_catalogue() -> None:
    assert set(PACKS) - {DEFAULT} == set(LANGUAGES)


@pytest.mark.parametrize("language", COMPLETE)
def test_every_text_has_a_translation(language: str) -> None:
    catalogue = _catalogue(language)
    missing = sorted(
        text
        for text in _texts()
        if (found := _of(catalogue, text)) is None or not _is_filled(found)
    )
    assert missing == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_translation_has_the_placeholders_of_its_text(language: str) -> None:
    different = []
    for message in _catalogue(language):
        wanted = _placeholders(_forms(message.id)[0])
        for form in _forms(message.string):
            # A plural form for one thing may do without the number.
            if form and not wanted >= _placeholders(form) >= wanted - {("num", "d")}:
                different.append(message.id)
    assert different == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_translation_is_a_guess(language: str) -> None:
    assert [message.id for message in _catalogue(language) if message.id and message.fuzzy] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_translation_outlives_its_text(language: str) -> None:
    stale = [m.id for m in _catalogue(language) if m.id and _forms(m.id)[0] not in _texts()]
    assert stale == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_translation_has_the_forms_of_its_language(language: str) -> None:
    found = _catalogue(language)
    wrong = [
        message.id
        for message in found
        if isinstance(message.id, tuple | list)
        and any(_forms(message.string))
        and len([form for form in _forms(message.string) if form]) != found.num_plurals
    ]
    assert wrong == []


def test_traditional_chinese_is_what_the_script_makes_of_it() -> None:
    found = _catalogue("zh_Hant")
    made = catalogue(found)
    assert {m.id: m.string for m in made if m.id} == {m.id: m.string for m in found if m.id}


def test_the_script_leaves_parameters_alone_and_reads_the_words_around() -> None:
    assert traditional("%(count)s 户只同意后面这里，%%") == "%(count)s 戶只同意後面這裡，%%"
    assert traditional("台账里的楼栋、征询、核对") == "臺帳裡的樓棟、徵詢、核對"


def test_traditional_chinese_takes_no_word_for_another_that_sounds_the_same() -> None:
    assert traditional("人数和面积、一起签的、台账里") == "人數和面積、一起簽的、臺帳裡"
    texts = [form for m in _catalogue("zh_Hant") if m.id for form in _forms(m.string)]
    # Noodles and bamboo slips have no place in a consultation; 里 is a length.
    assert [text for text in texts if re.search("麵|籤|(?<!公)里", text)] == []


def test_uyghur_says_the_way_of_a_resident() -> None:
    found = _catalogue("ug")
    way = ("同意", "不同意", "弃权", "我要表态", "进我家", "下一步：核对", "确认提交", "已经计入")
    assert [text for text in way if not _is_filled(found[text])] == []
    assert sum(1 for m in found if m.id and _is_filled(m)) >= 250


def test_uyghur_begins_no_sentence_with_a_word_of_the_other_direction() -> None:
    # A browser takes the direction of a line from its first word: a name in front is preceded
    # by a mark that nobody sees. Numbers and dates have no such word of their own.
    names = re.compile(r"%\((building|compound|office|place|category|home|title)\)s")
    bare = [m.id for m in _catalogue("ug") if m.id and names.match(_forms(m.string)[0])]
    assert bare == []


def test_texts_are_chinese() -> None:
    foreign = [text for text in _texts() if not re.search(r"[\u4e00-\u9fff]", text)]
    # A pattern that only puts its parameters in order has no words in it; nor has a unit.
    bare = {text: PLACEHOLDER.sub("", text).replace("m²", "") for text in foreign}
    assert [text for text in foreign if re.search("[A-Za-z]", bare[text])] == []


def test_households_are_never_called_users() -> None:
    assert [text for text in _texts() if "用户" in text.replace("用户名", "")] == []


@cache
def _texts() -> frozenset[str]:
    """Every text in code and templates that is marked for translation."""
    with (TRANSLATIONS / "babel.cfg").open() as mapping:
        methods, options = parse_mapping_cfg(mapping)
    found = set()
    for _file, _line, message, _comments, _context in extract_from_dir(
        ROOT, methods, options, keywords=KEYWORDS
    ):
        found.add(_forms(message)[0])
    return frozenset(found - {""})


@cache
def _catalogue(language: str) -> Catalog:
    path: Path = TRANSLATIONS / language / "LC_MESSAGES" / "messages.po"
    return read_po(BytesIO(path.read_bytes()), locale=language)


def _of(catalogue: Catalog, text: str) -> Message | None:
    return catalogue.get(text)


def _is_filled(message: Message) -> bool:
    return all(_forms(message.string))


def _forms(text: str | tuple[str, ...] | list[str]) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else tuple(text)


def _placeholders(text: str) -> set[tuple[str, str]]:
    return {(m[1], m[2]) for m in PLACEHOLDER.finditer(text) if m[1]}
