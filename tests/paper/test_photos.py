"""Photographs of real printed forms: their number is read, and no picture serves two forms."""

import io
import random
from datetime import UTC, datetime
from functools import cache
from typing import Any

import numpy as np
import pytest
from flask import Flask
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter

from app.paper.photos import ALIKE, SeveralForms, develop, distance
from app.paper.printing import forms_pdf
from app.paper.serials import Serial
from app.paper.sheet import Heading, Question, Sheet
from tests.reports.paper import A4, codes, picture, sizes, words

CLOSES = datetime(2026, 12, 5, 10, 0, tzinfo=UTC)
HEADING = Heading(
    "金凤小区", "金花园社区", "第1轮征询", CLOSES, "0953-5550100", 3, "a1" * 32, "b2" * 32
)
PLAN = Question("改造方案", "同意不同意按公布的方案改造本小区？", (), is_menu=False)
WISHES = Question("还想改什么", "想要的都可以打钩。", ("充电桩", "停车位", "单元门"), is_menu=True)
FORMS = 4


def sheet(number: int, *questions: Question) -> Sheet:
    serial = str(Serial(7, number))
    return Sheet(
        serial, f"{number}号楼1单元101", "王**", True, "86.50", questions or (PLAN, WISHES)
    )


@pytest.fixture(scope="module")
def pdf(app: Flask) -> bytes:
    with app.app_context():
        return forms_pdf(HEADING, [sheet(n) for n in range(1, FORMS + 1)], lambda *_told: None)


def test_a_form_is_one_sheet_of_a4_with_everything_that_makes_it_valid(pdf: bytes) -> None:
    assert [(round(w, 1), round(h, 1)) for w, h in sizes(pdf)] == [
        (round(A4[0], 1), round(A4[1], 1))
    ] * FORMS
    text = words(pdf, 1)
    serial = str(Serial(7, 2))
    assert text.count(serial) == 2
    for told in (
        "金凤小区",
        "2号楼1单元101",
        "王**",
        "86.50",
        "改造方案",
        "同意",
        "不同意",
        "弃权",
    ):
        assert told in text
    for told in ("停车位", "这样填", "有效", "无效", "12月5日（周六）18:00 截止", "0953-5550100"):
        assert told in text
    for told in ("投票人签名", "日期", "代理人签名", "委托书编号", "第3版", "a1a1a1a1"):
        assert told in text
    stub = text[text.index("存根") :]
    for told in (serial, "2号楼1单元101", "领票业主签字", "电话", "领票时间"):
        assert told in stub


def test_many_questions_go_on_to_a_second_sheet_and_the_stub_stays_whole(app: Flask) -> None:
    with app.app_context():
        pdf = forms_pdf(HEADING, [sheet(1, *[PLAN] * 14), sheet(2)], lambda *_told: None)
    assert len(sizes(pdf)) == 3
    assert "领票业主签字" in words(pdf, 1)
    assert str(Serial(7, 2)) in words(pdf, 2)


def test_its_code_is_read_from_the_printed_page_with_noise(pdf: bytes) -> None:
    for place in range(FORMS):
        page = picture(pdf, place, 150).astype(float)
        page += np.random.default_rng(place).normal(0, 35, page.shape)
        [code] = codes(page.clip(0, 255).astype("uint8"))
        assert code.text.endswith(f"/desk/paper/s/{Serial(7, place + 1)}")


@cache
def filled(pdf: bytes, place: int, seed: int) -> Image.Image:
    """A page on which somebody ticked a box and signed."""
    page = Image.fromarray(picture(pdf, place, 150)).convert("L")
    chance, drawing = random.Random(seed), ImageDraw.Draw(page)
    x, y = chance.choice((72, 445, 815)) * 1, 470
    drawing.line((x, y, x + 14, y + 16, x + 40, y - 14), 0, 5)
    signature = [(290 + k * 13, 800 + chance.randrange(-24, 24)) for k in range(14)]
    drawing.line(signature, 10, 4)
    return page


def by_hand(page: Image.Image, seed: int) -> Image.Image:
    """The page as a phone sees it: turned a little, in uneven light, not quite sharp."""
    chance = random.Random(seed)
    turned = page.rotate(chance.uniform(-3, 3), expand=True, fillcolor=90, resample=3)
    left, right, top, bottom = (chance.randrange(5, 70) for _ in range(4))
    size = (turned.width + left + right, turned.height + top + bottom)
    table = Image.new("L", size, chance.randrange(60, 120))
    table.paste(turned, (left, top))
    across = np.linspace(chance.uniform(0.75, 1), chance.uniform(0.75, 1), table.width)
    down = np.linspace(chance.uniform(0.8, 1), chance.uniform(0.8, 1), table.height)
    light = np.asarray(table, float) * across[None, :] * down[:, None]
    light += np.random.default_rng(seed).normal(0, 6, light.shape)
    seen = Image.fromarray(light.clip(0, 255).astype("uint8"))
    return seen.filter(ImageFilter.GaussianBlur(chance.uniform(0.3, 1.1)))


def jpeg(image: Image.Image, quality: int = 85) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality)
    return out.getvalue()


def photographs(pdf: bytes) -> list[Image.Image]:
    return [by_hand(filled(pdf, n % FORMS, n), n) for n in range(8)]


def test_the_number_is_read_from_a_photograph_taken_by_hand(app: Flask, pdf: bytes) -> None:
    read = [develop(jpeg(seen)).serial for seen in photographs(pdf)]
    assert read == [Serial(7, n % FORMS + 1) for n in range(8)]


def test_photographs_of_different_forms_are_never_taken_for_one(app: Flask, pdf: bytes) -> None:
    looks = [develop(jpeg(seen)).look for seen in photographs(pdf)]
    apart = [distance(a, b) for place, a in enumerate(looks) for b in looks[:place]]
    assert min(apart) > ALIKE


def test_the_same_photograph_is_known_again_smaller_darker_or_compressed_again(
    app: Flask, pdf: bytes
) -> None:
    def variants(seen: Image.Image) -> list[Any]:
        small = seen.resize((seen.width * 3 // 5, seen.height * 3 // 5))
        dark = ImageEnhance.Brightness(seen).enhance(0.8)
        return [
            jpeg(seen, 40),
            jpeg(small),
            jpeg(dark),
            jpeg(ImageEnhance.Contrast(seen).enhance(1.3)),
        ]

    for seen in photographs(pdf)[:7]:
        look = develop(jpeg(seen)).look
        assert max(distance(look, develop(again).look) for again in variants(seen)) <= ALIKE


def test_two_forms_in_one_picture_are_refused(app: Flask, pdf: bytes) -> None:
    one, other = (Image.fromarray(picture(pdf, place, 150)) for place in (0, 1))
    both = Image.new("L", (one.width * 2, one.height))
    both.paste(one, (0, 0))
    both.paste(other, (one.width, 0))
    with pytest.raises(SeveralForms):
        develop(jpeg(both))
