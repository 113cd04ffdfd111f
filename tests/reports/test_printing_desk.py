"""Ordering prints: who may, what they get, how long codes can be fetched, and that old ones die."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask
from sqlalchemy.orm import Session

from app.accounts import entering
from app.accounts.codes import read_code
from app.accounts.models import HouseholdCode, Staff
from app.core import clock, files
from app.core.db import db
from app.core.guards import Role
from app.core.jobs import Job, progress_of
from app.journal.models import JournalEntry
from app.reports import queries, tasks
from app.roster.models import Building, Compound
from tests.client import PageClient
from tests.factories import (
    CODE_KEY,
    homes_of,
    issue_all_codes,
    make_area,
    make_building,
    make_compound,
    make_household,
    make_round,
    make_staff,
)
from tests.reports import paper

BASE = "http://127.0.0.1:8000"


@pytest.fixture
def compound(session: Session) -> Compound:
    """Two buildings: six homes in two entrances, made out of order, and three in one."""
    compound = make_compound(name="利水南园")
    first = make_building(compound, homes=0, entrances=2)
    for entrance, room in ((1, "201"), (0, "1001"), (0, "102"), (1, "101"), (0, "101"), (0, "202")):
        make_household(first.entrances[entrance], room)
    make_building(compound, homes=3)
    return compound


@pytest.fixture
def worker(client: PageClient, compound: Compound) -> Staff:
    """A worker of this community, signed in."""
    person = make_staff(Role.WORKER, compound.area)
    client.sign_in(person)
    return person


def ordered(client: PageClient, endpoint: str, compound: Compound, **values: Any) -> Job:
    """Order a print and return its finished job."""
    page = client.follow(client.post(endpoint, compound_id=compound.id, **values))
    job = newest_job()
    assert page.response.request.path == f"/desk/prints/{job.id}"
    assert job.refusal is None
    return job


def newest_job() -> Job:
    """The job that was asked for last."""
    return db.session.scalars(sa.select(Job).order_by(Job.id.desc()).limit(1)).one()


def fetched(client: PageClient, job: Job, status: int = 200) -> bytes:
    """The file of a job."""
    with client.raw("get", f"/desk/prints/{job.id}/file") as answer:
        assert answer.status_code == status
        if status == 200:
            assert answer.headers["Cache-Control"] == "no-store"
            assert answer.mimetype == "application/pdf"
        return bytes(answer.data)


def printed_codes(pdf: bytes) -> list[str]:
    """What the QR codes of all sheets say, in order."""
    pages = range(len(paper.sizes(pdf)))
    return [code.text for page in pages for code in paper.codes(paper.picture(pdf, page))]


def opens(building: Building, digits: str) -> bool:
    """Whether these digits let somebody in."""
    code = read_code(digits)
    assert code is not None
    return entering.enter(building.id, code, CODE_KEY) is not None


def digits_by_home(pdf: bytes, compound: Compound) -> dict[int, str]:
    """Household id → digits, as the QR codes on paper carry them."""
    homes = [door.home.household_id for door in queries.doors(compound)]
    found = [text.rsplit("=", 1)[1] for text in printed_codes(pdf)]
    return dict(zip(homes, found, strict=True))


def test_slips_come_in_the_order_of_doors_and_their_codes_open_them(
    client: PageClient, worker: Staff, compound: Compound
) -> None:
    job = ordered(client, "reports_staff.slips", compound)
    assert progress_of(job).total == progress_of(job).done == 9
    pdf = fetched(client, job)
    first, second = compound.buildings
    labels = [
        *("1号楼1单元101", "1号楼1单元102", "1号楼1单元202", "1号楼1单元1001"),
        *("1号楼2单元101", "1号楼2单元201"),
        *("2号楼1单元101", "2号楼1单元102", "2号楼1单元201"),
    ]
    buildings = [first] * 6 + [second] * 3
    texts = printed_codes(pdf)
    assert len(texts) == 9
    for place, (text, label, building) in enumerate(zip(texts, labels, buildings, strict=True)):
        address, digits = text.split("/enter#code=")
        assert address == f"{BASE}/b/{building.token}"
        left, top = place % 2 * 105, place % 8 // 2 * 74.25
        words = paper.words(pdf, place // 8, (left, top, left + 105, top + 74.25))
        assert label in words
        assert " ".join((digits[:4], digits[4:8], digits[8:])) in words
        assert opens(building, digits)
    live = sa.select(HouseholdCode).where(HouseholdCode.revoked_at.is_(None))
    stored = {code.household.address: code.selector for code in db.session.scalars(live)}
    assert [stored[label] for label in labels] == [text.rsplit("=", 1)[1][:4] for text in texts]


def test_printing_again_kills_the_old_codes_and_says_so_first(
    client: PageClient, worker: Staff, compound: Compound
) -> None:
    old = issue_all_codes(compound)
    first = compound.buildings[0]
    page = client.get("reports_staff.slips", compound_id=compound.id, building=first.id)
    assert "6 张户码单" in page.text
    assert "6 户手里的旧户码会马上作废" in page.text
    job = ordered(client, "reports_staff.slips", compound, building=first.id)
    assert (job.result or {})["slips"] == 6
    for home in homes_of(first):
        assert not opens(first, old[home.id])
    second = compound.buildings[1]
    assert all(opens(second, old[home.id]) for home in homes_of(second))


def test_one_household_gets_one_new_slip_and_its_neighbours_keep_theirs(
    client: PageClient, worker: Staff, compound: Compound
) -> None:
    old = issue_all_codes(compound)
    building = compound.buildings[0]
    lost, neighbour = homes_of(building)[:2]
    page = client.get("reports_staff.homes", compound_id=compound.id, building=building.id)
    (link,) = [a for a in page.all("a") if a.get("aria-label") == lost.address]
    page = client.visit(link["href"])
    assert page.h1 == f"打印户码单 · {lost.address}"
    form = page.form_values(f"household={lost.id}")
    (action,) = [f["action"] for f in page.all("form") if "household=" in f["action"]]
    client.submit(action, form)
    (text,) = printed_codes(fetched(client, newest_job()))
    assert opens(building, text.rsplit("=", 1)[1])
    assert not opens(building, old[lost.id])
    assert opens(building, old[neighbour.id])


def test_codes_are_written_nowhere_but_on_the_paper(
    client: PageClient, worker: Staff, compound: Compound, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(0)
    job = ordered(client, "reports_staff.slips", compound)
    digits = digits_by_home(fetched(client, job), compound)
    client.get("reports_staff.job", job_id=job.id)
    written = caplog.text + json.dumps([job.params, job.result])
    written += "".join(db.session.scalars(sa.select(JournalEntry.entry)))
    written += "".join(db.session.scalars(sa.select(HouseholdCode.secret_hash)))
    assert "CODE_ISSUED" in written
    for one in digits.values():
        assert one not in written
        assert one[4:] not in written


def test_the_file_is_for_the_person_who_ordered_it_alone(
    client: PageClient, worker: Staff, compound: Compound
) -> None:
    job = ordered(client, "reports_staff.slips", compound)
    client.sign_in(make_staff(Role.ADMIN))
    fetched(client, job, status=404)
    client.get("reports_staff.job", job_id=job.id, status=404)
    client.sign_in(worker)
    fetched(client, job)


def test_after_half_an_hour_the_file_is_gone_for_good(
    client: PageClient, worker: Staff, compound: Compound
) -> None:
    job = ordered(client, "reports_staff.slips", compound)
    posters = ordered(client, "reports_staff.posters", compound)
    digest = (job.result or {})["digest"]
    with time_machine.travel(clock.now() + timedelta(minutes=29)):
        client.sign_in(worker)
        tasks.purge_slips()
        fetched(client, job)
    with time_machine.travel(clock.now() + timedelta(minutes=30, seconds=1)):
        client.sign_in(worker)
        fetched(client, job, status=410)
        assert files.path_of(digest).exists()
        tasks.purge_slips()
        assert not files.path_of(digest).exists()
        db.session.expire_all()
        fetched(client, job, status=410)
        assert "这份 PDF 已经删除" in client.get("reports_staff.job", job_id=job.id).text
        fetched(client, posters)


def test_two_runs_at_once_are_refused(
    client: PageClient, worker: Staff, compound: Compound
) -> None:
    params = {"compound_id": compound.id, "building_id": None, "by": worker.id}
    db.session.add(
        Job(kind=queries.SLIPS, params=params, asked_by_id=worker.id, asked_at=clock.now())
    )
    page = client.post("reports_staff.slips", status=409, compound_id=compound.id)
    assert "正在生成" in page.text


def test_an_account_closed_meanwhile_issues_nothing(
    client: PageClient, worker: Staff, compound: Compound
) -> None:
    old = issue_all_codes(compound)
    worker.closed_at = clock.now()
    db.session.commit()
    params = {"compound_id": compound.id, "building_id": None, "by": worker.id}
    with pytest.raises(tasks.AccountClosed):
        tasks.print_slips(params, lambda done, total: None)
    building = compound.buildings[1]
    assert opens(building, old[homes_of(building)[0].id])


def test_nothing_is_printed_without_a_phone(
    client: PageClient, worker: Staff, compound: Compound
) -> None:
    compound.phone = ""
    for endpoint in ("reports_staff.posters", "reports_staff.slips"):
        page = client.post(endpoint, status=409, compound_id=compound.id)
        assert "联系电话" in page.text
    client.get("reports_staff.poster_page", 409, compound_id=compound.id)
    page = client.get("reports_staff.prints", compound_id=compound.id)
    assert "填好才能打印" in page.text


def test_posters_name_every_entrance_and_lead_to_the_configured_host(
    client: PageClient, worker: Staff, compound: Compound
) -> None:
    round_ = make_round(compound, opened=False)
    round_.posters_printed_at = None
    pdf = fetched(client, ordered(client, "reports_staff.posters", compound))
    first, second = compound.buildings
    assert printed_codes(pdf) == [f"{BASE}/b/{b.token}" for b in (first, first, second)]
    for page, place in enumerate(("1号楼 1单元", "1号楼 2单元", "2号楼 1单元")):
        assert place in paper.words(pdf, page)
    assert round_.title in paper.words(pdf)
    assert round_.posters_printed_at is not None


def test_the_poster_of_one_building_does_not_count_for_all(
    client: PageClient, worker: Staff, compound: Compound
) -> None:
    round_ = make_round(compound, opened=False)
    round_.posters_printed_at = None
    second = compound.buildings[1]
    pdf = fetched(client, ordered(client, "reports_staff.posters", compound, building=second.id))
    assert len(paper.sizes(pdf)) == 1
    assert round_.posters_printed_at is None
    client.post("reports_staff.posters_printed", compound_id=compound.id)
    assert round_.posters_printed_at is not None


def test_a_forged_host_changes_no_poster(
    client: PageClient, app: Flask, worker: Staff, compound: Compound
) -> None:
    url = f"/desk/compounds/{compound.id}/posters"
    honest = client.visit(url)
    forged = client.raw("get", url, headers={"X-Forwarded-Host": "evil.example"})
    assert forged.get_data(as_text=True) == honest.html
    answer = app.test_client().get(url, headers={"Host": "evil.example"})
    assert answer.status_code == 400
    assert f"127.0.0.1:8000<wbr>/b/{compound.buildings[0].token}" in honest.html


def test_the_print_page_offers_each_building(
    client: PageClient, worker: Staff, compound: Compound
) -> None:
    page = client.get("reports_staff.prints", compound_id=compound.id)
    rows = [row.text.split()[:3] for row in page.one("tbody").all("tr")]
    assert rows == [["1号楼", "2", "6"], ["2号楼", "1", "3"]]


def test_strangers_reach_none_of_it(client: PageClient, worker: Staff, compound: Compound) -> None:
    job = ordered(client, "reports_staff.slips", compound)
    elsewhere = make_staff(Role.WORKER, make_area())
    district = make_staff(Role.DISTRICT)
    pages = [f"/desk/compounds/{compound.id}/{part}" for part in ("prints", "posters", "slips")]
    client.sign_in(elsewhere)
    for url in pages:
        client.visit(url, status=403)
    client.sign_in(district)
    client.visit(pages[0])
    client.visit(pages[2], status=403)
    anonymous = PageClient(client.app)
    for url in [*pages, f"/desk/prints/{job.id}/file"]:
        assert anonymous.raw("get", url).status_code == 303


def test_a_home_or_building_of_another_compound_is_not_found(
    client: PageClient, worker: Staff, compound: Compound
) -> None:
    other = make_building(make_compound(area=compound.area), homes=1)
    (home,) = homes_of(other)
    for values in ({"building": other.id}, {"household": home.id}):
        client.get("reports_staff.slips", 404, compound_id=compound.id, **values)
    client.post("reports_staff.posters", {"building": other.id}, 404, compound_id=compound.id)


def test_reading_the_doors_costs_the_same_for_few_and_many(
    compound: Compound, count_queries: Any
) -> None:
    compound_id = compound.id
    db.session.expire_all()
    with count_queries() as statements:
        assert len(queries.doors(db.session.get_one(Compound, compound_id))) == 9
    assert len(statements) <= 5


@pytest.mark.parametrize(
    ("address", "is_warned"),
    [("http://127.0.0.1:8000", True), ("http://localhost", True), ("https://juyi.example", False)],
)
def test_an_address_that_no_phone_can_open_is_warned_of(
    client: PageClient, worker: Staff, compound: Compound, app: Flask, address: str, is_warned: bool
) -> None:
    config = app.extensions["juyi_config"]
    app.extensions["juyi_config"] = replace(config, base_url=address)
    try:
        page = client.get("reports_staff.prints", compound_id=compound.id)
    finally:
        app.extensions["juyi_config"] = config
    assert ("请管理员把网址改成居民能打开的" in page.text) is is_warned
    assert "JUYI_" not in page.text
