"""Makes the catalogue of Traditional Chinese out of the Chinese texts, by OpenCC.

`make translations` runs it after gathering the texts, so that no text is ever missing there. What
OpenCC gets wrong is put right in `CORRECTIONS`, never in the catalogue, which is made anew.
"""

import sys
from functools import cache
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po
from opencc import OpenCC

NAME = "zh_Hant"
CATALOGUE = Path(__file__).parent / NAME / "LC_MESSAGES" / "messages.po"
# What OpenCC writes → what is meant.
CORRECTIONS = {
    **{"臺賬": "臺帳", "準許": "准許", "麵積": "面積", "回復": "回覆"},
    **{"起籤": "起簽", "誰籤": "誰簽", "重籤": "重簽", "人籤": "人簽"},
    **{"樓道里": "樓道裡"},
    **{"名冊里": "名冊裡", "臺帳里": "臺帳裡", "格里": "格裡", "戶數里": "戶數裡"},
}


def traditional(text: str) -> str:
    """`text` in Traditional Chinese, as it is written on Taiwan; parameters stay as they are."""
    written = _converter().convert(text)
    for wrong, right in CORRECTIONS.items():
        written = written.replace(wrong, right)
    return written


@cache
def _converter() -> OpenCC:
    return OpenCC("s2tw")


def catalogue(template: Catalog) -> Catalog:
    """Every text of `template`, converted; one form of the plural, as Chinese has."""
    made = Catalog(locale=NAME, project="Juyi", version="1", fuzzy=False)
    made.header_comment = (
        "# Traditional Chinese texts of Juyi, made by translations/traditional.py: change nothing"
        " here.\n"
    )
    made.revision_date = made.creation_date = template.creation_date
    made.msgid_bugs_address, made.last_translator = "juyi@example.invalid", "Juyi"
    made.language_team = "none, made by machine"
    for message in template:
        if not message.id:
            continue
        if isinstance(message.id, str):
            made.add(message.id, traditional(message.id), flags=message.flags)
        else:
            made.add(message.id, (traditional(message.id[0]),), flags=message.flags)
    return made


def main(template: str) -> None:
    """Write the catalogue from the template of texts that `pybabel extract` made."""
    with Path(template).open("rb") as texts:
        made = catalogue(read_po(texts))
    CATALOGUE.parent.mkdir(parents=True, exist_ok=True)
    with CATALOGUE.open("wb") as file:
        write_po(file, made, no_location=True, sort_output=True, omit_header=False)


if __name__ == "__main__":
    main(sys.argv[1])
