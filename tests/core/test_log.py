"""The log: one JSON line per event, whoever wrote it, and nobody's name, phone or code in it."""

import json
import logging
from collections.abc import Callable, Iterator
from io import StringIO
from typing import Any

import pytest
import structlog
from flask import Flask

from app.core.log import handler, mask
from tests.client import PageClient

Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def lines(app: Flask) -> Iterator[Lines]:
    """Everything logged since the test began, parsed line by line."""
    stream = StringIO()
    written = handler(stream)
    root = logging.getLogger()
    level = root.level
    root.addHandler(written)
    root.setLevel(logging.INFO)
    yield lambda: [json.loads(line) for line in stream.getvalue().split("\n") if line]
    root.removeHandler(written)
    root.setLevel(level)


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("call 13812345678 now", "call <phone> now"),
        ("+8613812345678", "<phone>"),
        ("138 1234 5678", "<phone>"),
        ("code 4821 7730 1952", "code <code>"),
        ("4821-7730-1952", "<code>"),
        ("482177301952", "<code>"),
        ("entry 20261120 of 1845", "entry 20261120 of 1845"),
        ("took 1234567 ms", "took 1234567 ms"),
    ],
)
def test_phones_and_codes_are_masked_and_plain_numbers_are_not(text: str, masked: str) -> None:
    assert mask(text) == masked


def test_values_under_telling_names_are_never_written(lines: Lines) -> None:
    structlog.get_logger().info(
        "changed", name="王秀英", phone="13812345678", password="一二三", round=7
    )
    (line,) = lines()
    assert line["name"] == line["phone"] == line["password"] == "<masked>"
    assert line["round"] == 7


def test_what_lies_deeper_is_masked_too(lines: Lines) -> None:
    structlog.get_logger().info("sent", to=[{"owner": "王秀英"}, "13812345678"])
    (line,) = lines()
    assert line["to"] == [{"owner": "<masked>"}, "<phone>"]


@pytest.mark.parametrize("text", ["a\nb", "a\r\nb", 'a\n{"event": "forged"}', "a\u2028b"])
def test_an_event_with_line_breaks_stays_one_line(lines: Lines, text: str) -> None:
    structlog.get_logger().warning("odd", text=text)
    logging.getLogger("elsewhere").warning("odd %s", text)
    ours, theirs = lines()
    assert ours["text"] == text
    assert theirs["event"] == f"odd {text}"


def test_what_libraries_log_is_masked_json_too(lines: Lines) -> None:
    logging.getLogger("some.library").warning("sent to %s", "13812345678")
    (line,) = lines()
    assert line["event"] == "sent to <phone>"
    assert line["level"] == "warning"
    assert line["timestamp"].endswith("Z")


def test_a_traceback_is_one_line_and_masked(lines: Lines) -> None:
    try:
        raise ValueError("13812345678")
    except ValueError:
        structlog.get_logger().exception("bug")
    (line,) = lines()
    assert "ValueError: <phone>" in line["exception"]
    assert "13812345678" not in line["exception"]


def test_a_request_is_one_line_without_its_query(client: PageClient, lines: Lines) -> None:
    answer = client.raw("get", "/healthz?phone=13812345678&name=%E7%8E%8B")
    (line,) = [line for line in lines() if line["event"] == "request"]
    assert (line["method"], line["path"], line["status"]) == ("GET", "/healthz", 200)
    assert line["ms"] >= 0
    assert line["request"] == answer.headers["X-Request-Id"]
    assert "王" not in json.dumps(line, ensure_ascii=False)


def test_the_path_of_a_request_is_masked_too(client: PageClient, lines: Lines) -> None:
    client.raw("get", "/b/13812345678")
    (line,) = [line for line in lines() if line["event"] == "request"]
    assert (line["path"], line["level"]) == ("/b/<phone>", "info")


def test_every_line_of_a_request_carries_its_number(client: PageClient, lines: Lines) -> None:
    first, second = (client.raw("get", "/healthz") for _ in range(2))
    numbers = [line["request"] for line in lines() if line["event"] == "request"]
    assert numbers == [first.headers["X-Request-Id"], second.headers["X-Request-Id"]]
    assert len(set(numbers)) == 2
