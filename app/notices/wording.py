"""What messages say: one billed part of at most 70 characters, signed by the community.

No link, no choice, no person's number (RULES.md §7 D15, §9). Chinese always: nobody knows which
language the owner of a phone reads, and gateways take registered Chinese texts.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from app.notices.models import MessageKind

ONE_PART = 70
# 【社区】 must leave room for what is said, however long a community is called.
_LONGEST_SIGNATURE = 16


@dataclass(frozen=True)
class Door:
    """Where a home is and who signs for it: names as they stand on the roster."""

    community: str
    compound: str
    building: str
    address: str
    office_phone: str = ""


@dataclass(frozen=True)
class _Text:
    """What happened at a home, and what leads to calling the office."""

    happened: str
    doubt: str = "有疑问"


_TEXTS = {
    MessageKind.VOTED: _Text("的表态已收到{receipt}。", "不是您家人办的，"),
    MessageKind.CHANGED: _Text("的表态有更新{receipt}。", "不是您家人办的，"),
    MessageKind.CODE_REISSUED: _Text("的户码已换新，旧户码作废。", "没拿到新户码单，"),
    MessageKind.REPORTED: _Text("报告有一次表态不是自家办的，社区会核实。"),
    MessageKind.VOIDED: _Text("的一次表态经核实已作废，没有计入。"),
    MessageKind.PHONE_CHANGED: _Text("登记的手机号有变动。", "不是您家人办的，"),
    MessageKind.PAPER_VOID: _Text("交回的纸质表已作废，没有计入。", "想重填或有疑问，"),
    MessageKind.REPLIED: _Text("提的意见有答复了，扫楼门口海报可以看。"),
}


def text_of(
    kind: MessageKind, door: Door, *, receipt: str = "", code: str = "", minutes: str = ""
) -> str:
    """The text to one phone of the home behind `door`.

    `receipt` is the code of a vote's receipt, of which the end is told; `code` and `minutes` belong
    to a one-time code. The first of its wordings that fits into one part is taken.
    """
    signature = f"【{door.community[:_LONGEST_SIGNATURE]}】"
    if kind == MessageKind.CODE:
        wordings = _of_code(door, code, minutes)
    else:
        wordings = _of_notice(_TEXTS[kind], door, f"，回执尾号{receipt[-4:]}" if receipt else "")
    shortest = ""
    for said in wordings:
        shortest = signature + said
        if len(shortest) <= ONE_PART:
            break
    return shortest


def _of_notice(text: _Text, door: Door, receipt: str) -> Iterator[str]:
    happened = text.happened.format(receipt=receipt)
    call = f"{text.doubt}请打{door.office_phone}。" if door.office_phone else ""
    ask = f"{text.doubt}请找社区。"
    for where in (door.compound + door.address, door.address, "您家"):
        for end in filter(None, (call, ask)):
            yield f"{where}{happened}{end}"


def _of_code(door: Door, code: str, minutes: str) -> Iterator[str]:
    for where in (door.compound + door.building, door.building, "本楼"):
        yield (
            f"验证码{code}，{minutes}分钟内有效，用于{where}居民征询。"
            "工作人员不会要，别告诉任何人。"
        )
