"""Background work of the roster: reading an uploaded ledger, and importing it."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Select, select

from app.core import clock, files
from app.core.db import db, reading, release
from app.core.errors import Refused, msg
from app.core.jobs import Job, Report, handles
from app.core.sheets import read_workbook
from app.roster import actions, findings, queries
from app.roster.areas import Placement
from app.roster.importer import read_ledger
from app.roster.ledger import Ledger
from app.roster.queries import IMPORT, PREVIEW

KEPT = timedelta(days=7)


@dataclass(frozen=True)
class _Asker:
    """Who asked for the import, as the journal names them."""

    commitment: str


@handles(PREVIEW)
def preview(params: dict[str, Any], report: Report) -> dict[str, Any]:
    """Read the upload and compare it with the roster; nothing is changed but old uploads go."""
    ledger = _ledger(params, report)
    with reading():
        found = queries.preview(ledger, _placement(params))
        report(90, 100)
        summary = findings.summary_of(found)
        summary["report"] = findings.keep_report(found, ledger)
        release()
    _discard_forgotten()
    return summary


@handles(IMPORT)
def import_(params: dict[str, Any], report: Report) -> dict[str, Any]:
    """Import the upload that a person has seen the preview of."""
    ledger = _ledger(params, report)

    def step(done: int, total: int) -> None:
        report(50 + 50 * done // max(total, 1), 100)

    by = _Asker(params["actor"])
    done = actions.import_roster(ledger, _placement(params), report=step, by=by)
    files.discard(params["digest"])
    counts = {"added": done.added, "changed": done.changed, "unchanged": done.unchanged}
    return {**counts, "compounds": list(done.compounds)}


def _ledger(params: dict[str, Any], report: Report) -> Ledger:
    """The ledger in the upload, read while no transaction is open: it may take seconds."""
    release()
    path = files.path_of(params["digest"])
    if not path.exists():
        raise Refused(msg("上传的文件已经清理掉了，请重新上传。"))
    report(5, 100)
    sheets = read_workbook(path)
    report(25, 100)
    ledger = read_ledger(sheets, params["compound"])
    report(50, 100)
    return ledger


def _placement(params: dict[str, Any]) -> Placement:
    return Placement(params["community"], scope=params["scope"], area_id=params.get("area_id"))


def _discard_forgotten() -> None:
    """Uploads nobody came back to are personal data without a purpose (THREATS.md §4)."""
    limit = clock.now() - KEPT
    previews = select(Job.params, Job.result).where(Job.kind == PREVIEW)
    with reading():
        forgotten = _kept_files(previews.where(Job.asked_at < limit))
        needed = _kept_files(previews.where(Job.asked_at >= limit))
        release()
    for digest in forgotten - needed:
        files.discard(digest)


def _kept_files(previews: Select[Any]) -> set[str]:
    kept = set()
    for params, result in db.session.execute(previews):
        kept |= {params["digest"], (result or {}).get("report", params["digest"])}
    return kept
