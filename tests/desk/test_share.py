"""What is posted in groups: what residents may see at that time, never more, and a code to scan."""

from io import BytesIO

import pytest
import zxingcpp
from flask import Flask
from PIL import Image

from app.desk.picture import WIDTH, picture_of
from app.desk.share import posting_of
from app.rounds.lifecycle import State
from tests.client import PageClient
from tests.desk.ballots import fill, make_quick_round
from tests.factories import make_building, make_compound, make_staff
from tests.rounds.lives import life_in

pytestmark = pytest.mark.usefixtures("session")


def test_an_open_round_tells_who_took_part_and_not_what_they_chose(app: Flask) -> None:
    round_ = make_quick_round(make_building(make_compound("银塔南区"), homes=10))
    fill(round_, agree=4, disagree=2, abstain=1)
    building = round_.compound.buildings[0]
    with app.test_request_context():
        text = posting_of(round_, building).text
    assert "【银塔南区】1号楼" in text
    assert "全小区已表态 7/10 户，70.0 %" in text
    assert "截止" in text
    assert f"http://127.0.0.1:8000/b/{building.token}" in text
    assert "社区电话：0953-5550100" in text
    assert "核对词应是：清风 石榴" in text
    for choice in ("同意", "弃权", "4/10", "还差", "王小明"):
        assert choice not in text


@pytest.mark.parametrize(
    ("state", "told", "untold"),
    [
        (State.FROZEN, "还没有开始", "户，"),
        (State.CLOSED, "正在核对", "同意"),
        (State.PRELIMINARY, "改造方案：同意 2/6 户，33.3 %，没有通过", "最终结果"),
        (State.CERTIFIED, "最终结果", "正在核对"),
        (State.ARCHIVED, "最终结果", "正在核对"),
    ],
)
def test_a_choice_is_told_once_it_is_published(
    app: Flask, state: State, told: str, untold: str
) -> None:
    with life_in(state) as life, app.test_request_context():
        text = posting_of(life.round, life.building).text
    assert told in text
    assert untold not in text


def test_the_picture_is_sharp_and_its_code_leads_to_the_building(
    app: Flask, client: PageClient
) -> None:
    round_ = make_quick_round(make_building(make_compound("长" * 30), homes=4))
    building = round_.compound.buildings[0]
    with app.test_request_context():
        drawn = picture_of(posting_of(round_, building))
    picture = Image.open(BytesIO(drawn))
    assert picture.width == WIDTH == 1080
    [code] = zxingcpp.read_barcodes(picture)
    assert code.text == f"http://127.0.0.1:8000/b/{building.token}"
    assert client.visit(f"/b/{building.token}").h1
    # WeChat makes pictures smaller; the code must survive it.
    [small] = zxingcpp.read_barcodes(picture.resize((540, picture.height // 2)))
    assert small.text == code.text
    assert len(drawn) < 300_000


def test_each_building_has_its_own_words_and_picture(client: PageClient) -> None:
    compound = make_compound()
    first, second = make_building(compound, homes=2), make_building(compound, homes=2)
    round_ = make_quick_round(first)
    client.sign_in(make_staff())
    page = client.get("desk.share", round_id=round_.id)
    assert first.token in page.one("textarea").text
    page = client.get("desk.share", round_id=round_.id, building=second.id)
    assert second.token in page.one("textarea").text
    assert page.one("img")["src"] == f"/desk/rounds/{round_.id}/share.png?building={second.id}"
    answer = client.raw("get", page.one("img")["src"])
    assert answer.mimetype == "image/png"
    assert answer.headers["Cache-Control"] == "no-store"
    [code] = zxingcpp.read_barcodes(Image.open(BytesIO(answer.get_data())))
    assert code.text.endswith(second.token)
    other = make_building()
    client.get("desk.share", status=404, round_id=round_.id, building=other.id)
    assert client.raw("get", f"/desk/rounds/{round_.id}/share.png?building=x").status_code == 200
