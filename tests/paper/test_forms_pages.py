"""The pages of forms on paper: printing, giving out, the register, and who sees what."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.accounts.models import Staff
from app.core import clock, jobs
from app.core.db import db
from app.core.guards import Role
from app.core.sheets import read_workbook
from app.journal.models import JournalEntry, Kind
from app.paper import actions, queries
from app.paper.keying import key
from app.paper.models import FormState, Handing, VoidReason
from app.rounds.counting import Choice
from tests.client import Page, PageClient
from tests.factories import homes_of, make_compound, make_staff
from tests.paper.papers import UNSIGNED, Desk, make_desk
from tests.rounds.offices import say

READ = (
    "paper.overview",
    "paper.print_forms",
    "paper.register",
    "paper.hand_out",
    "paper.take_in",
    "paper.enter",
)


@pytest.fixture
def desk(session: Session) -> Desk:
    return make_desk(homes=6)


@pytest.fixture
def worker(client: PageClient, desk: Desk) -> PageClient:
    client.sign_in(desk.people[0])
    return client


def of_sums(page: Page) -> list[int]:
    [sums] = page.all("dl", class_="paper-sums")
    return [int(node.text) for node in sums.all("dd")]


def take_away(client: PageClient, desk: Desk) -> bytes:
    """The register of forms as a spreadsheet."""
    address = f"/desk/rounds/{desk.round.id}/paper/forms.xlsx"
    return bytes(client.raw("post", address, data={"csrf_token": client.token()}).data)


def elsewhere(role: Role = Role.WORKER) -> Staff:
    """Somebody of another community."""
    return make_staff(role, make_compound().area)


def test_forms_are_printed_from_the_desk_and_fetched_as_pdf(worker: PageClient, desk: Desk) -> None:
    page = worker.get("paper.print_forms", round_id=desk.round.id)
    assert "现在有 6 户" in page.text
    done = worker.post("paper.print_forms", page.form_values("/print"), round_id=desk.round.id)
    page = worker.follow(done)
    assert of_sums(page) == [6, 6, 0, 0, 0, 0, 0]
    [batch] = queries.batches_of(desk.round.id)
    pdf = worker.raw("get", f"/desk/paper/batches/{batch.id}/file")
    assert pdf.data.startswith(b"%PDF")
    assert pdf.headers["Cache-Control"] == "no-store"


def test_a_pdf_that_is_gone_is_laid_out_again_with_the_same_numbers(
    worker: PageClient, desk: Desk
) -> None:
    [form, *_more] = desk.print_all()
    jobs.run(form.batch.job_id)
    result = dict(form.batch.job.result or {})
    form.batch.job.result = {**result, "expires_at": (clock.now() - timedelta(1)).isoformat()}
    worker.raw("get", f"/desk/paper/batches/{form.batch_id}/file")
    assert worker.raw("get", f"/desk/paper/batches/{form.batch_id}/file").status_code == 410
    worker.post("paper.print_again", batch_id=form.batch_id)
    assert worker.raw("get", f"/desk/paper/batches/{form.batch_id}/file").status_code == 200
    assert queries.last_number(desk.round.id) == 6


def test_one_household_gets_a_new_form_after_a_question(worker: PageClient, desk: Desk) -> None:
    old = desk.print_one()
    page = worker.get("paper.print_one", entry_id=old.entry_id)
    assert old.serial in page.text
    worker.post("paper.print_one", page.form_values("/print"), entry_id=old.entry_id)
    db.session.refresh(old)
    assert old.state == FormState.VOID


def test_one_form_after_the_other_is_given_out_and_the_way_is_kept(
    worker: PageClient, desk: Desk
) -> None:
    [first, second, *_more] = desk.print_all()
    done = worker.post(
        "paper.hand_out",
        {"serial": f"http://x/desk/paper/s/{first.serial}", "handing": "left"},
        round_id=desk.round.id,
    )
    page = worker.follow(done)
    assert first.serial in page.one("p", role="status").text
    values = page.form_values("/hand-out")
    assert values["handing"] == "left"
    short = second.serial.split("-", 1)[1]
    worker.post("paper.hand_out", {**values, "serial": short}, round_id=desk.round.id)
    assert [form.handing for form in (first, second)] == [Handing.LEFT, Handing.LEFT]


def test_a_slip_of_the_hand_in_a_number_changes_nothing(worker: PageClient, desk: Desk) -> None:
    form = desk.print_one()
    wrong = form.serial[:-1] + str((int(form.serial[-1]) + 1) % 10)
    page = worker.post("paper.take_in", {"serial": wrong}, 422, round_id=desk.round.id)
    assert "编号输错了一位" in page.text
    page = worker.post("paper.take_in", {"serial": ""}, 422, round_id=desk.round.id)
    assert "请输入表右上角的编号" in page.text
    assert form.returned_at is None


def test_the_form_of_another_round_is_refused(worker: PageClient, desk: Desk) -> None:
    other = make_desk()
    form = other.print_one()
    page = worker.post("paper.take_in", {"serial": form.serial}, 422, round_id=desk.round.id)
    assert "另一轮征询的表" in page.text
    assert form.returned_at is None


def test_many_forms_of_an_entrance_are_noted_at_once(worker: PageClient, desk: Desk) -> None:
    forms = desk.print_all()
    entrance = desk.building.entrances[0].id
    page = worker.get("paper.hand_out", round_id=desk.round.id, entrance=entrance)
    assert len(page.all("input", name="forms")) == 6
    chosen = {"entrance": entrance, "forms": [forms[0].id, forms[2].id], "way": "household"}
    worker.post("paper.hand_out_many", chosen, round_id=desk.round.id)
    assert queries.sums_of(desk.round.id).given == 2
    chosen = {"entrance": entrance, "forms": [forms[2].id]}
    worker.post("paper.take_in_many", chosen, round_id=desk.round.id)
    assert queries.sums_of(desk.round.id).taken_in == 1


def test_without_a_tick_or_a_way_nothing_is_noted(worker: PageClient, desk: Desk) -> None:
    [form, *_more] = desk.print_all()
    entrance = desk.building.entrances[0].id
    for values in ({"forms": [form.id]}, {"way": "left"}):
        values = {"entrance": entrance, **values}
        worker.post("paper.hand_out_many", values, 422, round_id=desk.round.id)
    worker.post("paper.take_in_many", {"entrance": entrance}, 422, round_id=desk.round.id)
    assert queries.sums_of(desk.round.id).given == 0


def test_the_register_is_found_by_state_and_paged(
    worker: PageClient, desk: Desk, count_queries: Callable[..., Any]
) -> None:
    [form, *more] = desk.print_all()
    actions.hand_out([form], Handing.HOUSEHOLD, by=desk.first)
    page = worker.get("paper.register", round_id=desk.round.id, state="out")
    assert [row.text for row in page.all("th", scope="row")] == [form.serial]
    page = worker.get("paper.register", round_id=desk.round.id, building=desk.building.id)
    assert len(page.all("th", scope="row")) == 1 + len(more)
    with count_queries() as statements:
        worker.get("paper.register", round_id=desk.round.id)
    assert len(statements) <= 16


def test_a_scanned_code_leads_to_its_form(worker: PageClient, desk: Desk) -> None:
    form = desk.print_one()
    answer = worker.raw("get", f"/desk/paper/s/{form.serial}")
    page = worker.follow(answer)
    assert page.h1 == form.serial
    assert worker.raw("get", "/desk/paper/s/R1-2-3").status_code == 404


def test_a_worker_voids_what_nobody_signed_and_the_office_what_was_signed(
    client: PageClient, desk: Desk
) -> None:
    form = desk.print_one()
    client.sign_in(desk.people[0])
    values = {"reason": "spoiled", "note": ""}
    page = client.post("paper.void", values, 422, form_id=form.id)
    assert "请写明是怎么回事" in page.text
    actions.take_in([form], by=desk.first)
    client.post("paper.void", {**values, "note": "看过了"}, 403, form_id=form.id)
    client.sign_in(make_staff(Role.OFFICE, desk.building.compound.area))
    client.post("paper.void", {**values, "note": "看过了"}, form_id=form.id)
    assert form.state == FormState.RETURNED
    page = client.post("paper.judge_void", {"verdict": "agree"}, 422, form_id=form.id)
    assert "您自己提的不能自己同意" in page.text
    client.sign_in(make_staff(Role.OFFICE, desk.building.compound.area))
    page = client.get("paper.overview", round_id=desk.round.id)
    assert "有人提出作废，等第二个人同意 1" in page.text
    page = client.get("paper.judge_void", form_id=form.id)
    assert "看过了" in page.text
    client.post("paper.judge_void", {"verdict": "agree"}, form_id=form.id)
    assert form.state == FormState.VOID
    page = client.get("paper.form", form_id=form.id)
    assert "看过了" in page.text


def test_a_form_is_kept_by_the_second_person(client: PageClient, desk: Desk) -> None:
    form = desk.photographed()
    actions.ask_to_void(form, VoidReason.SPOILED, "看不清", by=desk.first)
    client.sign_in(make_staff(Role.OFFICE, desk.building.compound.area))
    client.post("paper.judge_void", {}, 422, form_id=form.id)
    client.post("paper.judge_void", {"verdict": "keep"}, form_id=form.id)
    assert (form.state, form.awaits_void) == (FormState.RETURNED, False)
    assert "没有人提出作废" in client.get("paper.judge_void", form_id=form.id).text


def test_the_story_and_the_register_say_that_giving_out_was_not_noted(
    worker: PageClient, desk: Desk
) -> None:
    form = desk.photographed()
    assert "没有登记发出" in worker.get("paper.form", form_id=form.id).text
    assert "没有登记发出" in worker.get("paper.register", round_id=desk.round.id).text
    assert "本户签收 ·" not in worker.get("paper.form", form_id=form.id).text


def test_each_place_says_how_many_forms_it_would_have(worker: PageClient, desk: Desk) -> None:
    desk.print_one()
    page = worker.get("paper.print_forms", round_id=desk.round.id)
    assert "全小区（5 户）" in page.text
    assert "1号楼（5 户）" in page.text


def test_where_all_have_spoken_that_is_the_reason_why_nothing_is_printed(
    worker: PageClient, desk: Desk
) -> None:
    for home in homes_of(desk.building):
        say(desk.round, home, Choice.AGREE)
    page = worker.post("paper.print_forms", {"place": ""}, 422, round_id=desk.round.id)
    assert "要问的户都已经表态了" in page.text


def test_only_the_office_sees_the_hints(client: PageClient, desk: Desk) -> None:
    desk.counted()
    client.sign_in(desk.people[0])
    client.get("paper.hints", 403, round_id=desk.round.id)
    client.sign_in(make_staff(Role.OFFICE, desk.building.compound.area))
    page = client.get("paper.hints", round_id=desk.round.id)
    assert "没有特别的情况" in page.text
    assert desk.people[0].name in page.text


def test_the_overview_names_who_needs_a_new_form(worker: PageClient, desk: Desk) -> None:
    form = desk.photographed()
    for who in (0, 1):
        key(form, UNSIGNED, by=desk.people[who].identity)
    page = worker.get("paper.overview", round_id=desk.round.id)
    [link] = [a for a in page.all("a") if a.text == form.entry.label]
    worker.visit(link["href"])


def test_the_overview_warns_of_what_would_not_count(worker: PageClient, desk: Desk) -> None:
    form = desk.photographed()
    page = worker.get("paper.overview", round_id=desk.round.id)
    assert "没有第二次录入的，截止后不计" in page.text
    desk.round.closes_at = clock.now()
    db.session.flush()
    page = worker.get("paper.overview", round_id=desk.round.id)
    assert "有 1 张收回来的表没有录完，不计入" in page.text
    assert form.vote_id is None


def test_the_tables_to_keep_name_each_form_but_never_a_choice(
    worker: PageClient, desk: Desk, tmp_path: Path
) -> None:
    form = desk.counted()
    batches = worker.raw("get", f"/desk/rounds/{desk.round.id}/paper/batches.xlsx")
    (tmp_path / "batches.xlsx").write_bytes(batches.data)
    (tmp_path / "forms.xlsx").write_bytes(take_away(worker, desk))
    for name in ("batches.xlsx", "forms.xlsx"):
        [sheet] = read_workbook(tmp_path / name)
        assert len(sheet.rows) == 2
    [sheet] = read_workbook(tmp_path / "forms.xlsx")
    assert sheet.rows[1][:4] == (form.serial, form.entry.label, "王**", 80)
    assert "没有登记发出" in sheet.rows[1]
    assert "同意" not in str(sheet.rows)


def test_taking_the_register_of_forms_away_is_recorded_and_looking_is_not(
    worker: PageClient, desk: Desk
) -> None:
    desk.counted()
    exports = sa.select(JournalEntry.entry).where(JournalEntry.kind == Kind.EXPORT)
    page = worker.get("paper.register_file", round_id=desk.round.id)
    assert "一共 1 张" in page.text
    assert db.session.scalars(exports).all() == []
    take_away(worker, desk)
    [told] = db.session.scalars(exports)
    assert (json.loads(told)["list"], json.loads(told)["forms"]) == ("paper", 1)


@pytest.mark.parametrize("endpoint", READ)
def test_the_pages_are_for_the_office_of_this_place_only(
    client: PageClient, desk: Desk, endpoint: str
) -> None:
    address = client._url(endpoint, {"round_id": desk.round.id})
    assert client.raw("get", address).status_code == 303
    for stranger in (elsewhere(), make_staff(Role.DESIGNER, desk.building.compound.area)):
        client.sign_in(stranger)
        client.visit(address, 403)
    client.sign_in(desk.people[1])
    client.visit(address)


def test_a_form_and_its_batch_are_closed_to_another_community(
    client: PageClient, desk: Desk
) -> None:
    form = desk.photographed()
    desk.keys(form, 0)
    client.sign_in(elsewhere(Role.OFFICE))
    for endpoint, values in (
        ("paper.form", {"form_id": form.id}),
        ("paper.key", {"form_id": form.id}),
        ("paper.photo", {"form_id": form.id}),
        ("paper.void", {"form_id": form.id}),
        ("paper.batch", {"batch_id": form.batch_id}),
        ("paper.download", {"batch_id": form.batch_id}),
        ("paper.print_one", {"entry_id": form.entry_id}),
        ("paper.by_serial", {"serial": form.serial}),
        ("paper.register_file", {"round_id": desk.round.id}),
        ("paper.hints", {"round_id": desk.round.id}),
    ):
        client.get(endpoint, 403, **values)
    page = client.get("paper.queue")
    assert form.serial not in page.html
