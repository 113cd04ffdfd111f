"""Long work in the background, with progress: a row that survives, and Huey that only wakes.

A handler runs inside one transaction that is committed here when it returns. Progress is a
hint kept beside the database, so that showing it never waits for the work's own transaction.
"""

import json
import sqlite3
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from flask import Flask, current_app, g
from huey import Huey, MemoryHuey, RedisHuey, SqliteHuey
from redis import RedisError
from sqlalchemy import ForeignKey, String, Text, or_, select, update
from sqlalchemy.orm import Mapped, mapped_column

from app.config import Config
from app.core import clock
from app.core.db import Model, db
from app.core.errors import Refused, msg

log = structlog.get_logger()
LEASE = timedelta(minutes=15)
_ON_CALL = "juyi_on_call"


class Job(Model):
    """One piece of background work, who asked for it and what came of it."""

    __tablename__ = "job"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(40))
    params: Mapped[dict[str, Any]]
    asked_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    asked_at: Mapped[datetime]
    claimed_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    refusal: Mapped[str | None] = mapped_column(Text)
    result: Mapped[dict[str, Any] | None]

    @property
    def is_finished(self) -> bool:
        """Whether it ended, well or not."""
        return self.finished_at is not None

    @property
    def has_failed(self) -> bool:
        """Whether it ended without doing its work; `refusal` tells the person why."""
        return self.refusal is not None


@dataclass(frozen=True)
class Progress:
    """How far a job is: `done` of `total` steps; total 0 while it is not known yet."""

    done: int
    total: int


Report = Callable[[int, int], None]
Handler = Callable[[dict[str, Any], Report], dict[str, Any]]
_handlers: dict[str, Handler] = {}


def handles(kind: str) -> Callable[[Handler], Handler]:
    """Register the decorated function for jobs of this kind: (params, report) → result.

    The handler calls `report(done, total)` as it goes and may raise `Refused`.
    """

    def decorate(handler: Handler) -> Handler:
        _handlers[kind] = handler
        return handler

    return decorate


def ask(kind: str, params: dict[str, Any], *, by: int | None) -> Job:
    """Put a job into the queue for the staff id `by`; it is woken after the commit."""
    job = Job(kind=kind, params=params, asked_by_id=by, asked_at=clock.now())
    db.session.add(job)
    db.session.flush()
    g.setdefault("jobs_to_wake", []).append(job.id)
    return job


def call(name: str) -> None:
    """Have the work of this name (`on_call`) done as soon as what this context did is committed.

    The work looks for what there is to do by itself; a call that is lost only makes it later.
    """
    g.setdefault("works_to_call", {})[name] = None


def call_later(name: str, seconds: int) -> None:
    """Have the work of this name done after a pause, whatever becomes of this transaction."""
    _hand_over(current_app.extensions[_ON_CALL][name].schedule, delay=seconds)


def wake() -> None:
    """Tell the workers about what was asked for in this context; call it after the commit.

    What was committed stays so when the queue is out of reach: `run_waiting` finds the job.
    """
    for job_id in g.pop("jobs_to_wake", []):
        _hand_over(current_app.extensions["juyi_run_job"], job_id)
    for name in g.pop("works_to_call", ()):
        _hand_over(current_app.extensions[_ON_CALL][name])


def _hand_over(enqueue: Callable[..., object], *job_id: int, **how: int) -> None:
    try:
        enqueue(*job_id, **how)
    except (RedisError, sqlite3.Error):
        log.exception("job not woken", job=job_id)


def progress_of(job: Job) -> Progress:
    """The last progress the running job reported."""
    raw = current_app.extensions["huey"].storage.peek_data(_progress_key(job.id))
    done, total = json.loads(raw) if isinstance(raw, bytes) else (0, 0)
    return Progress(done, total)


def run(job_id: int) -> None:
    """Claim and do one job; a job that another worker holds or that is done is left alone."""
    if not _claim(job_id):
        return
    job = db.session.get_one(Job, job_id)
    try:
        result, refusal = _handlers[job.kind](dict(job.params), _reporter(job_id)), None
    except Refused as no:
        db.session.rollback()
        result, refusal = None, str(no)
    except Exception:
        # The person must learn that it failed; the reason is for the operator's log.
        log.exception("job failed", job=job_id)
        db.session.rollback()
        result, refusal = None, msg("系统出了错，什么都没有改。请再试一次；还不行就联系管理员。")
    job = db.session.get_one(Job, job_id)
    job.result, job.refusal, job.finished_at = result, refusal, clock.now()
    db.session.commit()


def run_waiting() -> None:
    """Do every job whose wake-up call was lost or whose worker died."""
    for job_id in _waiting():
        run(job_id)


def _waiting() -> list[int]:
    stale = clock.now() - LEASE
    waiting = select(Job.id).where(
        Job.finished_at.is_(None), or_(Job.claimed_at.is_(None), Job.claimed_at < stale)
    )
    return list(db.session.scalars(waiting.order_by(Job.id)))


def _claim(job_id: int) -> bool:
    stale = clock.now() - LEASE
    claimed: Any = db.session.execute(
        update(Job)
        .where(
            Job.id == job_id,
            Job.finished_at.is_(None),
            or_(Job.claimed_at.is_(None), Job.claimed_at < stale),
        )
        .values(claimed_at=clock.now())
    )
    db.session.commit()
    return bool(claimed.rowcount)


def _progress_key(job_id: int) -> str:
    return f"juyi.job.{job_id}"


def _reporter(job_id: int) -> Report:
    storage = current_app.extensions["huey"].storage
    last = [-1]

    def report(done: int, total: int) -> None:
        percent = done * 100 // max(total, 1)
        if percent != last[0]:
            last[0] = percent
            storage.put_data(_progress_key(job_id), json.dumps([done, total]).encode())

    return report


def init(app: Flask, config: Config) -> None:
    """Build the queue that suits the installation and let it run our jobs in an app context."""
    huey = _build_queue(config)

    @huey.task()
    def run_job(job_id: int) -> None:
        with app.app_context():
            run(job_id)

    app.extensions["huey"] = huey
    app.extensions["juyi_run_job"] = run_job
    every_minute(app, run_waiting)


def on_call(app: Flask, name: str, work: Callable[[], None]) -> None:
    """Let `call(name)` have `work` done in the background, in a fresh app context.

    For what a person waits for; whatever it misses must be found once a minute as well.
    """
    from_queue: Huey = app.extensions["huey"]

    def answer() -> None:
        with app.app_context():
            work()

    task = from_queue.task(name=f"on-call-{name}")(answer)
    app.extensions.setdefault(_ON_CALL, {})[name] = task


def every_minute(app: Flask, work: Callable[[], None]) -> None:
    """Call `work` once a minute from the background, each time in a fresh app context."""
    from_queue: Huey = app.extensions["huey"]

    def tick() -> None:
        with app.app_context():
            work()

    name = f"every-minute-{work.__module__}-{work.__name__}"
    from_queue.periodic_task(lambda _moment: True, name=name)(tick)


def start_in_background(app: Flask) -> None:
    """Start the queue's consumer as threads of this process (the embedded installation)."""
    consumer = _consumer(app)
    # Signals belong to the web server's main thread.
    consumer._set_signal_handlers = lambda: None

    def work() -> None:
        with app.app_context():
            resume()
        consumer.run()

    threading.Thread(target=work, name="juyi-jobs", daemon=True).start()


def resume() -> None:
    """Wake what the last process left behind; only where there is no other worker.

    Nobody can be working on a claimed job then: waiting for its lease to end would be idle.
    """
    unfinished = update(Job).where(Job.finished_at.is_(None))
    db.session.execute(unfinished.values(claimed_at=None))
    db.session.commit()
    g.jobs_to_wake = _waiting()
    wake()


def work_until_stopped(app: Flask) -> None:
    """Run the queue's consumer in the foreground, as a process of its own (with Redis)."""
    _consumer(app).run()


def _consumer(app: Flask) -> Any:
    """Three at work, so that two long prints keep nobody's code waiting.

    An idle one looks at least once a second, for a queue in a file wakes nobody.
    """
    queue: Huey = app.extensions["huey"]
    return queue.create_consumer(workers=3, worker_type="thread", max_delay=1.0)


def _build_queue(config: Config) -> Huey:
    if config.testing:
        return MemoryHuey("juyi", immediate=True, immediate_use_memory=True)
    if config.redis_url:
        return RedisHuey("juyi", url=config.redis_url)
    config.instance_dir.mkdir(parents=True, exist_ok=True)
    return SqliteHuey("juyi", filename=str(config.instance_dir / "queue.sqlite"))
