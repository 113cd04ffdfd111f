"""Background work: it happens once, tells how far it is, fails in words, and is never lost."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask
from sqlalchemy.orm import Session

from app.core import jobs
from app.core.errors import Refused
from app.core.guards import Role
from app.core.limits import Attempt
from tests.client import PageClient
from tests.factories import make_staff

MOMENT = datetime(2026, 12, 1, 8, 0, tzinfo=UTC)
done: list[str] = []


@jobs.handles("test-work")
def work(params: dict[str, Any], report: jobs.Report) -> dict[str, Any]:
    done.append(params["name"])
    for step in range(1, 5):
        report(step, 4)
    return {"worked": params["name"]}


@jobs.handles("test-refusal")
def refuse(params: dict[str, Any], report: jobs.Report) -> dict[str, Any]:
    jobs.db.session.add(Attempt(key="half-way", at=MOMENT))
    jobs.db.session.flush()
    raise Refused("第 %(row)s 行没有房号", row=7)


@jobs.handles("test-crash")
def crash(params: dict[str, Any], report: jobs.Report) -> dict[str, Any]:
    jobs.db.session.add(Attempt(key="half-way", at=MOMENT))
    jobs.db.session.flush()
    raise RuntimeError("13812345678")


@jobs.handles("test-long")
def stop_half_way(params: dict[str, Any], report: jobs.Report) -> dict[str, Any]:
    report(3, 8)
    raise Refused("到此为止")


@pytest.fixture(autouse=True)
def nothing_done_yet() -> None:
    done.clear()


def _ask(kind: str, **params: Any) -> int:
    job = jobs.ask(kind, params, by=None)
    jobs.db.session.commit()
    return job.id


def _job(session: Session, job_id: int) -> jobs.Job:
    session.expire_all()
    return session.get_one(jobs.Job, job_id)


def test_a_job_is_done_when_it_is_woken_after_the_commit(session: Session) -> None:
    job_id = _ask("test-work", name="one")
    assert done == []
    jobs.wake()
    job = _job(session, job_id)
    assert job.is_finished
    assert not job.has_failed
    assert job.result == {"worked": "one"}
    assert done == ["one"]


def test_a_job_is_done_once_however_often_it_is_woken(session: Session) -> None:
    job_id = _ask("test-work", name="one")
    for _ in range(3):
        jobs.run(job_id)
    jobs.run_waiting()
    assert done == ["one"]


def test_progress_is_kept_beside_the_database(session: Session) -> None:
    job_id = _ask("test-long")
    jobs.run(job_id)
    assert jobs.progress_of(_job(session, job_id)) == jobs.Progress(3, 8)


def test_a_job_that_has_not_begun_is_at_no_step_of_an_unknown_number(session: Session) -> None:
    assert jobs.progress_of(jobs.Job(id=2_000_000_000)) == jobs.Progress(0, 0)


def test_a_refusal_reaches_the_person_and_nothing_is_changed(session: Session) -> None:
    job_id = _ask("test-refusal")
    jobs.run(job_id)
    job = _job(session, job_id)
    assert job.has_failed
    assert job.is_finished
    assert job.refusal == "第 7 行没有房号"
    assert session.query(Attempt).filter_by(key="half-way").count() == 0


def test_a_crash_is_told_in_plain_words_and_nothing_is_changed(session: Session) -> None:
    job_id = _ask("test-crash")
    jobs.run(job_id)
    job = _job(session, job_id)
    assert job.has_failed
    assert "系统出了错" in (job.refusal or "")
    assert "RuntimeError" not in (job.refusal or "")
    assert session.query(Attempt).filter_by(key="half-way").count() == 0


def test_a_job_of_a_kind_nobody_handles_fails_in_words(session: Session) -> None:
    job_id = _ask("no-such-kind")
    jobs.run(job_id)
    assert _job(session, job_id).has_failed


def test_a_lost_wake_up_is_picked_up(session: Session) -> None:
    job_id = _ask("test-work", name="forgotten")
    jobs.run_waiting()
    assert done == ["forgotten"]
    assert _job(session, job_id).is_finished


def test_waiting_jobs_are_done_in_the_order_they_were_asked_for(session: Session) -> None:
    for name in ("a", "b", "c"):
        _ask("test-work", name=name)
    jobs.run_waiting()
    assert done == ["a", "b", "c"]


def test_a_job_somebody_is_working_on_is_left_alone_until_its_lease_ends(session: Session) -> None:
    job_id = _ask("test-work", name="claimed")
    _job(session, job_id).claimed_at = MOMENT
    session.commit()
    with time_machine.travel(MOMENT + jobs.LEASE - timedelta(seconds=1), tick=False):
        jobs.run(job_id)
        jobs.run_waiting()
    assert done == []
    with time_machine.travel(MOMENT + jobs.LEASE + timedelta(seconds=1), tick=False):
        jobs.run_waiting()
    assert done == ["claimed"]


def test_a_fresh_start_takes_up_at_once_what_the_last_process_left(session: Session) -> None:
    job_id = _ask("test-work", name="interrupted")
    _job(session, job_id).claimed_at = MOMENT
    session.commit()
    with time_machine.travel(MOMENT + timedelta(seconds=5), tick=False):
        jobs.resume()
    assert done == ["interrupted"]


def test_only_the_person_who_asked_sees_how_far_it_is(app: Flask, client: PageClient) -> None:
    asker, other = make_staff(Role.OFFICE), make_staff(Role.OFFICE)
    job = jobs.ask("test-long", {}, by=asker.id)
    jobs.db.session.commit()
    jobs.run(job.id)
    url = f"/desk/jobs/{job.id}/progress"
    assert client.raw("get", url).status_code == 303
    client.sign_in(other)
    assert client.raw("get", url).status_code == 404
    client.sign_in(asker)
    assert client.raw("get", url).json == {"finished": True, "done": 3, "total": 8}


def test_the_worker_command_says_when_it_is_not_needed(app: Flask) -> None:
    answer = app.test_cli_runner().invoke(args=["worker"])
    assert answer.exit_code == 1
    assert "JUYI_REDIS_URL" in answer.output


def test_work_on_call_is_done_once_when_it_is_woken_after_the_commit(
    app: Flask, session: Session
) -> None:
    jobs.on_call(app, "test-call", lambda: done.append("called"))
    jobs.call("test-call")
    jobs.call("test-call")
    assert done == []
    jobs.wake()
    assert done == ["called"]
    jobs.wake()
    assert done == ["called"]


def test_work_for_later_is_not_done_now(app: Flask, session: Session) -> None:
    jobs.on_call(app, "test-later", lambda: done.append("later"))
    jobs.call_later("test-later", 10)
    jobs.wake()
    assert done == []
