"""How many votes a second, complete and durable, against an empty POST of the same server.

Three runs on each engine, each on a fresh copy of the same synthetic district; after each run the
journal is verified and the votes are counted again. Everything stays on 127.0.0.1.
"""

import getpass
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import psycopg

from bench._wire import CONNECTIONS, Answers, request, send
from bench.measure import ROOT, flask, installation, wait_for

HOUSEHOLDS, VOTES, WARM_UP, RUNS = 5000, 4000, 400, 3
# The rounds that a synthetic district opens.
ROUNDS = (1, 2)
DATABASE = "juyi_bench"


@dataclass(frozen=True)
class Engine:
    """One row of the table: an engine with its server processes, and what we ask of it."""

    name: str
    processes: int
    ratio: float
    p99: int


@dataclass(frozen=True)
class Run:
    """The votes and the empty requests of one server, all of them checked."""

    votes: Answers
    empty: float

    @property
    def refused(self) -> int:
        """Votes that were not recorded, though all of them should have been."""
        return len(self.votes.statuses) - self.votes.statuses.count(200)

    @property
    def rate(self) -> float:
        """Recorded votes a second."""
        return self.votes.statuses.count(200) / self.votes.seconds

    @property
    def ratio(self) -> float:
        """Votes for each empty request."""
        return self.rate / self.empty


POSTGRESQL = Engine("PostgreSQL", processes=2, ratio=0.30, p99=100)
SQLITE = Engine("SQLite", processes=1, ratio=0.35, p99=150)


def main() -> None:
    """Print one line for each run and one for their median."""
    with tempfile.TemporaryDirectory(prefix="juyi-bench-") as folder:
        for line in measurements(Path(folder), sys.argv[1:] or ["postgresql", "sqlite"]):
            print(line, flush=True)


def measurements(folder: Path, engines: list[str]) -> Iterator[str]:
    """The lines, one after the other."""
    if "postgresql" in engines:
        server = postgresql_server()
        if server:
            yield from measured(POSTGRESQL, folder, server)
        else:
            yield "| vote, PostgreSQL | not measured: nothing answers at 127.0.0.1:5432 |"
    if "sqlite" in engines:
        yield from measured(SQLITE, folder, "")


def measured(engine: Engine, folder: Path, server: str) -> Iterator[str]:
    """Three runs on copies of one district."""
    with district(folder / engine.name, server) as original:
        runs = []
        for number in range(RUNS):
            with copied(folder / f"{engine.name}-{number}", original, server) as env:
                runs.append(run(env, engine, folder))
            yield f"| vote, {engine.name}, run {number + 1} | {told(runs[-1])} |"
    yield f"| vote, {engine.name}, median of {RUNS} | {verdict(engine, runs)} |"


@contextmanager
def district(folder: Path, server: str) -> Iterator[dict[str, str]]:
    """An installation with two open rounds, in which every household has a code."""
    with database(folder, server, f"{DATABASE}_original") as env:
        flask(env, "db", "upgrade")
        flask(env, "demo", "--households", str(HOUSEHOLDS))
        yield env


@contextmanager
def copied(folder: Path, original: dict[str, str], server: str) -> Iterator[dict[str, str]]:
    """A copy of the original with an address of its own."""
    with database(folder, server, f"{DATABASE}_copy", f"{DATABASE}_original") as env:
        if not server:
            for file in Path(original["JUYI_INSTANCE_DIR"]).glob("juyi.sqlite*"):
                shutil.copy(file, folder)
        yield env


@contextmanager
def database(folder: Path, server: str, name: str, template: str = "") -> Iterator[dict[str, str]]:
    """The settings of an installation whose database goes away again."""
    env = installation(folder)
    if not server:
        yield env
        return
    copy = f'CREATE DATABASE "{name}"' + (f' TEMPLATE "{template}"' if template else "")
    drop = f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'
    on_server(server, drop, copy)
    try:
        yield {
            **env,
            "JUYI_DATABASE_URL": server.rsplit("/", 1)[0] + f"/{name}",
            # Several processes: what deploy/gunicorn.py does as soon as there is a Redis.
            "JUYI_REDIS_URL": os.environ.get("JUYI_REDIS_URL") or "redis://127.0.0.1:6379/15",
            "WEB_CONCURRENCY": str(POSTGRESQL.processes),
        }
    finally:
        on_server(server, drop)


def on_server(server: str, *commands: str) -> None:
    """Run commands outside of any transaction."""
    with psycopg.connect(server, autocommit=True) as connection:
        for command in commands:
            connection.execute(command)


def postgresql_server() -> str:
    """The address of a server that lets us make databases, or nothing."""
    given = os.environ.get("JUYI_TEST_DATABASE_URL")
    users = (getpass.getuser(), "postgres")
    for url in [given] if given else [f"postgresql://{u}@127.0.0.1:5432/postgres" for u in users]:
        try:
            psycopg.connect(url, connect_timeout=3).close()
        except psycopg.OperationalError:
            continue
        return url
    return ""


def run(env: dict[str, str], engine: Engine, folder: Path) -> Run:
    """Measure one server: empty requests, the votes, empty requests again; then check it all."""
    phones = [ballot.encode("latin-1") for ballot in requests_of_phones(env, folder)]
    host, port = env["JUYI_BASE_URL"].removeprefix("http://"), int(env["PORT"])
    nothing = [request(host, "/empty").encode()] * VOTES
    with served(env):
        warm = [*send(folder, port, nothing).statuses]
        first = send(folder, port, phones[:WARM_UP])
        before = send(folder, port, nothing)
        votes = send(folder, port, phones[WARM_UP:])
        after = send(folder, port, nothing)
    assert {*warm, *before.statuses, *after.statuses} == {200}
    check(env, [first, votes])
    return Run(votes, statistics.mean([before.rate, after.rate]))


def requests_of_phones(env: dict[str, str], folder: Path) -> list[str]:
    """A signed-in household and its ballot for every vote of the run."""
    file = folder / "phones.json"
    command = [sys.executable, "bench/_phones.py", str(VOTES + WARM_UP), str(file)]
    subprocess.run(command, cwd=ROOT, env=env, check=True, timeout=300)
    return json.loads(file.read_text())  # type: ignore[no-any-return]


@contextmanager
def served(env: dict[str, str]) -> Iterator[None]:
    """The server as deploy/ runs it."""
    command = [sys.executable, "-m", "gunicorn", "-c", "deploy/gunicorn.py", "bench._served:app"]
    log = Path(env["JUYI_INSTANCE_DIR"]) / "server.log"
    with log.open("wb") as out:
        server = subprocess.Popen(command, cwd=ROOT, env=env, stderr=out)
    try:
        wait_for(f"{env['JUYI_BASE_URL']}/readyz", server)
        yield
    finally:
        server.terminate()
        server.wait(timeout=40)


def check(env: dict[str, str], answers: list[Answers]) -> None:
    """What was acknowledged stands in the journal and in the count, once and nothing else."""
    bodies = [json.loads(body) for answer in answers for body in answer.bodies]
    acknowledged = [body["receipt"] for body in bodies if body.get("status") == "recorded"]
    assert acknowledged, bodies[:3]
    assert len(set(acknowledged)) == len(acknowledged), "two votes have the same receipt"
    flask(env, "journal", "verify")
    entries = flask(env, "shell", script=_COUNT_ENTRIES).strip().splitlines()[-1]
    assert int(entries) == len(acknowledged), f"{entries} entries for {len(acknowledged)} votes"
    counted = sum(voted(env, round_id) for round_id in ROUNDS)
    assert counted == len(acknowledged), f"{counted} counted of {len(acknowledged)}"


def voted(env: dict[str, str], round_id: int) -> int:
    """How many households of a round a recount finds; it fails when the counters disagree."""
    told = flask(env, "rounds", "tally", str(round_id), "--recount", "--json")
    [first, *_others] = json.loads(told)["matters"]
    return int(first["agree"] + first["disagree"] + first["abstain"])


_COUNT_ENTRIES = """
from sqlalchemy import func, select
from app.core.db import db
from app.journal.models import JournalEntry, Kind
votes = select(func.count()).select_from(JournalEntry).where(JournalEntry.kind == Kind.VOTE)
print(db.session.scalar(votes))
"""


def told(run: Run) -> str:
    """One run in a line."""
    votes = run.votes
    return (
        f"{run.rate:,.0f}/s = {run.ratio:.2f} of {run.empty:,.0f} empty POST/s; "
        f"p50 {votes.percentile(50):.0f} ms, p99 {votes.percentile(99):.0f} ms"
        + (f"; {run.refused} NOT RECORDED" if run.refused else "")
    )


def verdict(engine: Engine, runs: list[Run]) -> str:
    """The medians of the runs beside what we ask."""
    median = statistics.median
    votes, empty = median([r.rate for r in runs]), median([r.empty for r in runs])
    p50 = median([r.votes.percentile(50) for r in runs])
    p99 = median([r.votes.percentile(99) for r in runs])
    processes = "1 process" if engine.processes == 1 else f"{engine.processes} processes"
    return (
        f"{votes:,.0f} votes/s, {empty:,.0f} empty POST/s, ratio "
        f"{median([r.ratio for r in runs]):.2f} (target ≥ {engine.ratio:.2f}); p50 {p50:.0f} ms, "
        f"p99 {p99:.0f} ms (target ≤ {engine.p99} ms); {CONNECTIONS} connections, {processes}"
    )


if __name__ == "__main__":
    main()
