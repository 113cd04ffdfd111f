"""Whatever people type stays text: the Big List of Naughty Strings, what is unseen, what deceives.

The list lies beside the project; where it does not, one string of each of its kinds does here.
"""

import base64
import json
from datetime import timedelta

import pytest
import time_machine
from flask import Flask

from app.comments import actions
from app.core import clock
from app.core.forms import cleaned
from tests.client import PageClient
from tests.comments.saying import about, ask, bodies, enter
from tests.comments.test_asking import NAUGHTY
from tests.factories import make_building, make_staff
from tests.structure.source import ROOT

pytestmark = pytest.mark.usefixtures("session")
LIST = ROOT.parent / "shared" / "data" / "blns.base64.json"

UNSEEN = [
    *(chr(code) for code in (*range(0x200B, 0x2010), *range(0x202A, 0x202F))),
    *(chr(code) for code in range(0x2060, 0x206A)),
    "\u061c",
    "\u180e",
    "\u00ad",
    "\ufeff",
    "\ufff9",
    "\ufdd0",
    "\uffff",
    "\U0001fffe",
    "\U000e0041",
    "\x07",
    "\x7f",
    "\x85",
]
LOOKALIKES = [
    "裕西社區",
    "Ꭺdmin",
    "аdmin",
    "社区工作者：已批准",
    "【社区回复】同意",
    "ＡＢＣ",
    "ⓐⓑ",
    "ﷺ",
]


def naughty_strings() -> list[str]:
    """Every string of the list that is not empty, without what no form can send."""
    kept = json.loads(LIST.read_text("utf-8")) if LIST.exists() else []
    listed = [base64.b64decode(one).decode("utf-8", "replace") for one in kept]
    return [text for text in [*listed, *NAUGHTY] if "\0" not in text]


def test_every_naughty_string_is_written_and_shown_as_text(client: PageClient, app: Flask) -> None:
    building = make_building()
    enter(client, building)
    staff = PageClient(app)
    staff.sign_in(make_staff())
    texts = naughty_strings()
    assert len(texts) >= len(NAUGHTY)
    # Twenty in one comment: each page is parsed strictly, and there are hundreds of them.
    for start in range(0, len(texts), 20):
        body = "\n".join(texts[start : start + 20])[:900]
        with time_machine.travel(clock.now() + timedelta(minutes=start), tick=False):
            enter(client, building, start % 6)
            values = {"section": "work", "nature": "question", "body": body}
            page = client.follow(client.post("comments.write", values, token=building.token))
        assert cleaned(body) in bodies(page)
        assert not page.one("main").all("script")
        assert not page.one("main").all("img")
        assert cleaned(body) in bodies(staff.visit("/desk/comments?show=all"))


@pytest.mark.parametrize("text", NAUGHTY)
def test_a_naughty_string_stays_text_in_every_other_field(
    client: PageClient, app: Flask, text: str
) -> None:
    building = make_building()
    comment = ask(building)
    enter(client, building, 1)
    values = {"wrong": "other", "note": text}
    client.post("comments.report", values, **about(building, comment))
    staff = PageClient(app)
    staff.sign_in(make_staff())
    note = staff.get("comments_staff.queue").one("span", class_="note")
    assert cleaned(text) in "".join(note.element.itertext())
    reply = {"body": text, "signed_as": text[:40]}
    staff.post("comments_staff.reply", reply, comment_id=comment.id)
    page = client.get("comments.page", token=building.token)
    assert bodies(page)[1] == cleaned(text)
    staff.post("comments_staff.remove", {"reason": text}, comment_id=comment.id)
    page = client.get("comments.page", token=building.token)
    assert " ".join(cleaned(text).split()) in page.one("p", class_="removed").text
    assert not page.one("main").all("script")


@pytest.mark.parametrize("sign", UNSEEN, ids=ascii)
def test_what_cannot_be_seen_is_not_kept(sign: str) -> None:
    building = make_building()
    assert ask(building, f"好{sign * 3}的{sign}").body == "好的"
    with pytest.raises(actions.Unsaid):
        ask(building, f" {sign}\n ", 1)


@pytest.mark.parametrize("text", LOOKALIKES)
def test_a_look_alike_stays_under_the_name_of_its_building(client: PageClient, text: str) -> None:
    building = make_building(name="5号楼")
    ask(building, text)
    article = client.get("comments.page", token=building.token).one("article")
    assert article.one("b").text == "5号楼住户"
    assert not article.all(class_="reply")


def test_text_is_kept_in_one_form_however_it_was_typed() -> None:
    building = make_building()
    assert ask(building, "e\u0301te\u0301").body == "\u00e9t\u00e9"
    assert len(ask(building, "e\u0301" * 1000, 1).body) == 1000
