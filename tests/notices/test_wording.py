"""What messages say: one part, signed, no choice, no link, nobody's own number."""

import re

import pytest

from app.core.sheets import read_workbook
from app.demo.actions import ROSTER
from app.demo.content import district
from app.notices.models import MessageKind
from app.notices.wording import ONE_PART, Door, text_of
from app.roster.importer import read_ledger

OFFICE = "0953-5550100"
VALUES = {"receipt": "ABCDEFGHJKLM", "code": "204918", "minutes": "10"}


def _longest_door() -> Door:
    """The longest names that the sample has, together at one home."""
    homes = read_ledger(read_workbook(ROSTER)).homes
    addresses = [f"{home.building}{home.entrance}{home.room}" for home in homes]
    return Door(
        community=max((one["name"] for one in district()["communities"]), key=len),
        compound=max((home.compound for home in homes), key=len),
        building=max((home.building for home in homes), key=len),
        address=max(addresses, key=len),
        office_phone=max((one["office_phone"] for one in district()["communities"]), key=len),
    )


@pytest.mark.parametrize("kind", MessageKind)
def test_every_message_is_one_part_even_with_the_longest_names_of_the_sample(
    kind: MessageKind,
) -> None:
    door = _longest_door()
    body = text_of(kind, door, **VALUES)
    assert len(body) <= ONE_PART, body
    assert body.startswith(f"【{door.community}】")
    assert (door.building if kind == MessageKind.CODE else door.address) in body


@pytest.mark.parametrize("kind", MessageKind)
def test_names_beyond_all_measure_still_make_one_part(kind: MessageKind) -> None:
    endless = Door("社" * 60, "小" * 80, "楼" * 40, "楼" * 100, "0953-5550100 转 123456 或 5550101")
    assert len(text_of(kind, endless, **VALUES)) <= ONE_PART


@pytest.mark.parametrize("kind", MessageKind)
@pytest.mark.parametrize("phone", ["", OFFICE])
def test_no_message_tells_a_choice_or_leads_anywhere(kind: MessageKind, phone: str) -> None:
    body = text_of(kind, Door("裕西社区", "银塔南区", "3号楼", "3号楼2单元501", phone), **VALUES)
    assert not re.search("同意|不同意|反对|弃权|赞成", body)
    assert not re.search(r"http|www|//|\.[a-z]", body.lower())
    numbers = re.findall(r"\d[\d-]{6,}", body)
    assert numbers in ([], [phone])


@pytest.mark.parametrize("kind", [k for k in MessageKind if k != MessageKind.CODE])
def test_a_notice_names_the_home_and_whom_to_call(kind: MessageKind) -> None:
    door = Door("裕西社区", "银塔南区", "3号楼", "3号楼2单元501", OFFICE)
    body = text_of(kind, door, **VALUES)
    assert "银塔南区3号楼2单元501" in body
    assert OFFICE in body
    assert "请找社区" in text_of(kind, Door("裕西社区", "银塔南区", "3号楼", "501"), **VALUES)


def test_a_vote_is_told_with_the_end_of_its_receipt() -> None:
    door = Door("裕西社区", "银塔南区", "3号楼", "3号楼2单元501", OFFICE)
    body = text_of(MessageKind.VOTED, door, receipt="ABCDEFGHJKLM")
    assert "回执尾号JKLM" in body
    assert "ABCDEFGH" not in body
    assert "回执" not in text_of(MessageKind.CHANGED, door)


def test_a_code_says_what_it_is_for_and_that_nobody_asks_for_it() -> None:
    door = Door("裕西社区", "银塔南区", "3号楼", "3号楼2单元501", OFFICE)
    body = text_of(MessageKind.CODE, door, code="204918", minutes="10")
    assert body.startswith("【裕西社区】验证码204918，10分钟内有效")
    assert "银塔南区3号楼" in body
    assert "别告诉任何人" in body
    # Whoever has several homes on one phone learns from the page, not from the message.
    assert "501" not in body
