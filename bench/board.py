"""What a board costs: unchanged beside an empty GET, and 500 viewers beside the votes.

Rows 4 and 5 of the targets. On SQLite in one process, as an office runs it; each run of the second
on a fresh copy of the same district. Everything stays on 127.0.0.1, bounded in count and time.
"""

import itertools
import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from bisect import bisect_left
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench._wire import CONNECTIONS, Connection, getting, send
from bench.measure import ROOT
from bench.voting import copied, district, requests_of_phones, served

RUNS, POLLS, WARM_UP, VOTES, VIEWERS = 3, 4000, 400, 1500, 500
# The paced part: so many changes a second for so many seconds.
PACE, SECONDS = 20, 15
# The round whose board is looked at.
ROUND = 1
_OF_ROUND = re.compile(rf"^POST /rounds/{ROUND}/vote ")


def main() -> None:
    """Print one line for each run and one for their median."""
    with tempfile.TemporaryDirectory(prefix="juyi-bench-") as folder:
        for line in measurements(Path(folder)):
            print(line, flush=True)


def measurements(folder: Path) -> Iterator[str]:
    """The lines, one after the other."""
    with district(folder / "SQLite", "") as original:
        unchanged: list[Unchanged] = []
        changing: list[Watched] = []
        for number in range(RUNS):
            with copied(folder / f"board-{number}", original, "") as env:
                changing.append(watched(env, folder, unchanged))
            yield f"| board unchanged (304), run {number + 1} | {unchanged[-1].told} |"
            yield f"| board with {VIEWERS} viewers, run {number + 1} | {changing[-1].told} |"
    ratio = statistics.median(one.ratio for one in unchanged)
    statements = max(one.statements for one in unchanged)
    yield (
        f"| board unchanged (304), median of {RUNS} | {ratio:.2f} of an empty GET (target ≥ 0.80); "
        f"at most {statements} statements for {POLLS:,} polls |"
    )
    loss = statistics.median(one.loss for one in changing)
    cpu = statistics.median(one.cpu_loss for one in changing)
    p99 = statistics.median(one.visible(99) for one in changing)
    yield (
        f"| board with {VIEWERS} viewers, median of {RUNS} | votes/s fall by {loss * 100:.0f} %, "
        f"by the server's own CPU {cpu * 100:.0f} % (target ≤ 15 %); vote to visible p99 "
        f"{p99:.2f} s (target ≤ 2 s) |"
    )


@dataclass(frozen=True)
class Asked:
    """What viewers ask for, each with a cookie of their own."""

    host: str
    path: str
    cookies: list[str]


@dataclass(frozen=True)
class Unchanged:
    """Polls of a board that does not change, beside empty requests of the same server."""

    rate: float
    empty: float
    statements: int

    @property
    def ratio(self) -> float:
        """Polls for each empty request."""
        return self.rate / self.empty

    @property
    def told(self) -> str:
        """One run in a line."""
        return (
            f"{self.rate:,.0f}/s = {self.ratio:.2f} of {self.empty:,.0f} empty GET/s; "
            f"{self.statements} statements for {POLLS:,} polls"
        )


@dataclass(frozen=True)
class Watched:
    """Votes without and with viewers, and how long votes took until a board showed them."""

    alone: float
    beside: float
    # Milliseconds of the server's CPU for each vote, whatever else ran on the machine.
    cpu_alone: float
    cpu_beside: float
    delays: list[float]
    polls: int
    poll_p99: float
    drawn: int
    changes: int

    @property
    def loss(self) -> float:
        """By what share the votes a second fell."""
        return 1 - self.beside / self.alone

    @property
    def cpu_loss(self) -> float:
        """By what share they would fall if the server had its processor to itself."""
        return 1 - self.cpu_alone / self.cpu_beside

    def visible(self, percent: int) -> float:
        """The seconds within which so many of a hundred votes were seen."""
        ordered = sorted(self.delays)
        return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)]

    @property
    def told(self) -> str:
        """One run in a line."""
        return (
            f"{self.beside:,.0f} votes/s beside {self.alone:,.0f} alone: {self.loss * 100:.0f} % "
            f"fewer ({self.cpu_alone:.2f} and {self.cpu_beside:.2f} ms of CPU a vote: "
            f"{self.cpu_loss * 100:.0f} %); at {PACE} votes/s seen after {self.visible(50):.2f} s, "
            f"p99 {self.visible(99):.2f} s; {self.polls:,} polls, p99 {self.poll_p99:.0f} ms; "
            f"{self.drawn} boards drawn for {self.changes} changes"
        )


def watched(env: dict[str, str], folder: Path, unchanged: list[Unchanged]) -> Watched:
    """Measure one server: the board at rest, votes alone, votes beside viewers, a steady pace."""
    host, port = env["JUYI_BASE_URL"].removeprefix("http://"), int(env["PORT"])
    phones = requests_of_phones(env, folder)
    steady = [one for one in phones if _OF_ROUND.match(one)][: PACE * SECONDS]
    others = [one.encode() for one in phones if one not in set(steady)]
    cookies = cookies_of(env, folder)
    asked = Asked(host, f"/desk/rounds/{ROUND}/live", cookies)
    with served(env):
        send(folder, port, others[:WARM_UP])
        unchanged.append(at_rest(asked, folder, port))
        ahead, beside, after = portions(others[WARM_UP:])
        alone = [cast(ahead, folder, port)]
        with viewers(asked, folder, port, 60) as stop:
            time.sleep(3)
            watched_votes = cast(beside, folder, port)
            stop()
        alone.append(cast(after, folder, port))
        before = counts_at(port)["drawn"]
        with viewers(asked, folder, port, SECONDS + 8):
            time.sleep(3)
            sent = paced(steady, port)
        drawn = int(counts_at(port)["drawn"] - before)
    found = json.loads((folder / "viewers.json").read_text())
    assert set(found["statuses"]) <= {"200", "304"}, found["statuses"]
    return Watched(
        statistics.mean(rate for rate, _cpu in alone),
        watched_votes[0],
        statistics.mean(cpu for _rate, cpu in alone),
        watched_votes[1],
        delays(sent, found["seen"]),
        len(found["times"]),
        sorted(found["times"])[len(found["times"]) * 99 // 100],
        drawn,
        len(sent),
    )


def portions(votes: list[bytes]) -> tuple[list[bytes], list[bytes], list[bytes]]:
    """Half of them before, all beside, half of them after."""
    half = VOTES // 2
    return votes[:half], votes[half : half + VOTES], votes[half + VOTES :][:half]


def cast(votes: list[bytes], folder: Path, port: int) -> tuple[float, float]:
    """Recorded votes a second, and the server's CPU for each in ms; all must be recorded."""
    before = counts_at(port)["seconds"]
    answers = send(folder, port, votes)
    spent = counts_at(port)["seconds"] - before
    assert set(answers.statuses) == {200}, set(answers.statuses)
    return answers.rate, spent * 1000 / len(votes)


def cookies_of(env: dict[str, str], folder: Path) -> list[str]:
    """The cookies of as many members of staff as there are viewers."""
    file = folder / "cookies.json"
    command = [sys.executable, "bench/_sign_in.py", str(VIEWERS), str(file)]
    subprocess.run(command, cwd=ROOT, env=env, check=True, timeout=300)
    return json.loads(file.read_text())  # type: ignore[no-any-return]


def at_rest(asked: Asked, folder: Path, port: int) -> Unchanged:
    """Poll a board that nobody changes, between empty requests; each connection in turn."""
    etag = etag_of(asked, port)
    cookies = itertools.cycle(asked.cookies[:CONNECTIONS])
    polls = [getting(asked.host, asked.path, next(cookies), etag).encode() for _ in range(POLLS)]
    nothing = [getting(asked.host, "/empty").encode()] * POLLS
    send(folder, port, polls[:CONNECTIONS])
    send(folder, port, nothing)
    before = send(folder, port, nothing)
    statements = counts_at(port)["statements"]
    answers = send(folder, port, polls)
    statements = counts_at(port)["statements"] - statements
    after = send(folder, port, nothing)
    assert set(answers.statuses) == {304}, set(answers.statuses)
    return Unchanged(answers.rate, statistics.mean([before.rate, after.rate]), int(statements))


def etag_of(asked: Asked, port: int) -> str:
    """The tag of the board as it is now."""
    headers = {"Cookie": asked.cookies[0], "Accept": "application/json"}
    request = urllib.request.Request(f"http://127.0.0.1:{port}{asked.path}", headers=headers)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return str(answer.headers["ETag"])


@contextmanager
def viewers(asked: Asked, folder: Path, port: int, seconds: int) -> Iterator[Callable[[], None]]:
    """So many viewers in a process of their own; the value stops them before their time."""
    (folder / "asked.json").write_text(json.dumps(vars(asked)))
    files = [str(folder / "asked.json"), str(folder / "viewers.json")]
    command = [sys.executable, "bench/_viewers.py", str(port), str(VIEWERS), str(seconds), *files]
    process = subprocess.Popen(command, cwd=ROOT)
    try:
        yield process.terminate
        process.wait(timeout=seconds + 20)
    finally:
        process.kill()


def paced(requests: list[str], port: int) -> list[float]:
    """Send votes at a steady pace over one connection; when each was sent."""
    connection, begun, sent = Connection(port), time.monotonic(), []
    for number, one in enumerate(requests):
        time.sleep(max(0.0, begun + number / PACE - time.monotonic()))
        sent.append(time.monotonic())
        connection.ask(one.encode())
        while not connection.is_answered():
            pass
        assert connection.received[9:12] == b"200", connection.received[:200]
    return sent


def delays(sent: list[float], seen: list[list[float]]) -> list[float]:
    """Seconds from each vote to the first answer on a watched board that counts it."""
    ordered = sorted((moment, number) for moment, number in seen)
    last = max(number for _moment, number in ordered)
    base = int(last) - len(sent)
    numbers = [max(n for _m, n in ordered[: at + 1]) for at in range(len(ordered))]
    found = [bisect_left(numbers, base + place) for place in range(1, len(sent) + 1)]
    return [ordered[at][0] - moment for at, moment in zip(found, sent, strict=True)]


def counts_at(port: int) -> dict[str, float]:
    """What the server did so far."""
    request = f"http://127.0.0.1:{port}/counts"
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.loads(answer.read())  # type: ignore[no-any-return]


if __name__ == "__main__":
    main()
