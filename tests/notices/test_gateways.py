"""The ways out: a terminal, a file, and a table for the office's own platform."""

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask

from app.core import clock
from app.core.db import db
from app.core.sheets import as_csv
from app.notices import actions as notices
from app.notices import tasks
from app.notices.gateways import Console, File, Letter, gateway
from app.notices.models import MessageKind, MessageState
from app.notices.queries import can_send, can_tell
from tests.notices.homes import MOBILE, OTHER_MOBILE, ask_for_code, home_with, only_message, queued
from tests.notices.postbox import Postbox, sending_to

LETTER = Letter(7, 1, MOBILE, "【裕西社区】验证码204918，10分钟内有效。", is_code=True)


@pytest.fixture
def exporting(app: Flask) -> Iterator[Flask]:
    """The office sends with its own platform."""
    config = app.extensions["juyi_config"]
    app.extensions["juyi_config"] = replace(config, sms="export")
    yield app
    app.extensions["juyi_config"] = config


def test_each_way_is_chosen_by_its_name(tmp_path: Path) -> None:
    assert isinstance(gateway("console", tmp_path), Console)
    assert isinstance(gateway("file", tmp_path), File)
    assert gateway("export", tmp_path) is None
    assert gateway("", tmp_path) is None


def test_the_terminal_shows_the_text_and_hides_the_number(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Console().send(LETTER)
    said = capsys.readouterr().err
    assert said == f"SMS 138****0001 {LETTER.body}\n"


def test_the_file_gets_a_line_for_each_and_only_the_service_may_read_it(tmp_path: Path) -> None:
    file = File(tmp_path / "instance" / "messages.jsonl")
    assert file.send(LETTER) == "file-7"
    file.send(replace(LETTER, message_id=8, phone=OTHER_MOBILE))
    lines = [json.loads(line) for line in file.path.read_text("utf-8").splitlines()]
    assert [line["to"] for line in lines] == [MOBILE, OTHER_MOBILE]
    assert lines[0] == {"id": "file-7", "to": MOBILE, "text": LETTER.body}
    assert file.path.stat().st_mode & 0o077 == 0


@pytest.mark.usefixtures("session")
def test_what_waits_for_export_is_written_once(exporting: Flask, tmp_path: Path) -> None:
    assert can_tell()
    notices.tell([home_with(MOBILE, OTHER_MOBILE).id], MessageKind.VOIDED, "void:1")
    tasks.send_waiting()
    assert {message.state for message in queued()} == {MessageState.QUEUED}
    target = tmp_path / "out.csv"
    run = exporting.test_cli_runner().invoke(args=["notices", "export", "--out", str(target)])
    assert run.exit_code == 0, run.output
    header, *rows = csv.reader(io.StringIO(target.read_text("utf-8-sig")))
    assert header == ["编号", "手机号", "短信内容", "请在此前发出"]
    messages = queued()
    assert [row[:3] for row in rows] == [[str(m.id), m.phone, m.body] for m in messages]
    assert {(m.state, m.finished_at) for m in messages} == {(MessageState.SENT, clock.now())}
    assert target.stat().st_mode & 0o077 == 0
    again = exporting.test_cli_runner().invoke(args=["notices", "export"])
    assert "0 messages" in again.output
    assert MOBILE not in again.output


@pytest.mark.usefixtures("session")
def test_an_export_that_cannot_be_written_counts_nothing_as_sent(
    exporting: Flask, tmp_path: Path
) -> None:
    notices.tell([home_with(MOBILE).id], MessageKind.VOIDED, "void:1")
    db.session.commit()
    nowhere = tmp_path / "missing" / "out.csv"
    run = exporting.test_cli_runner().invoke(args=["notices", "export", "--out", str(nowhere)])
    db.session.rollback()
    assert run.exit_code != 0
    assert only_message().state == MessageState.QUEUED


@pytest.mark.usefixtures("session")
def test_a_code_is_no_use_in_an_export(exporting: Flask) -> None:
    assert not can_send()
    ask_for_code(home_with(MOBILE))
    assert queued() == []


@pytest.mark.usefixtures("session")
def test_a_code_left_from_before_is_not_exported(exporting: Flask) -> None:
    with sending_to(exporting, Postbox()):
        ask_for_code(home_with(MOBILE))
    run = exporting.test_cli_runner().invoke(args=["notices", "export"])
    assert "0 messages" in run.output
    assert "204918" not in run.output


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "＝1", "'quoted"])
def test_no_text_in_the_table_becomes_a_formula(text: str) -> None:
    (row,) = csv.reader(io.StringIO(as_csv((text,), [])))
    assert row == [f"'{text}"]


def test_commas_quotes_and_lines_stay_inside_their_cell() -> None:
    texts = ['他说"好"', "一,二", "一\n二", "【社区】"]
    assert list(csv.reader(io.StringIO(as_csv(texts, [texts])))) == [texts, texts]
