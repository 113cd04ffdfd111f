"""The figures of docs/performance.md, measured on an installation of their own; prints a table.

Everything happens below a temporary folder and on 127.0.0.1, bounded in count and time.
"""

import gzip
import json
import os
import re
import secrets
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

HOUSEHOLDS = 25_516
SLIPS = 1_845


def main() -> None:
    """Measure everything and print one line a figure."""
    with tempfile.TemporaryDirectory(prefix="juyi-bench-") as folder:
        for what, figure in measurements(Path(folder)):
            print(f"| {what} | {figure} |", flush=True)


def measurements(folder: Path) -> Iterator[tuple[str, str]]:
    """(what, figure), one after the other."""
    env = installation(folder / "sample")
    flask(env, "db", "upgrade")
    seconds, told = timed(env, "demo", "--json")
    sample = json.loads(told)
    yield "`flask demo`: 20 compounds, 1,845 households, 4 rounds", f"{seconds:.1f} s"
    yield from serving(env, sample)
    yield from importing(folder)
    yield from printing(folder)


def serving(
    env: dict[str, str], sample: dict[str, list[dict[str, str]]]
) -> Iterator[tuple[str, str]]:
    """Start, memory at rest, the first view, and a board that has not changed."""
    begun = time.perf_counter()
    command = [sys.executable, "-m", "gunicorn", "-c", "deploy/gunicorn.py", "wsgi:app"]
    server = subprocess.Popen(command, cwd=ROOT, env=env, stderr=subprocess.DEVNULL)
    try:
        base = env["JUYI_BASE_URL"]
        wait_for(f"{base}/readyz", server)
        yield "start of the server to its first answer", f"{time.perf_counter() - begun:.1f} s"
        [worker] = children(server.pid)
        yield "memory of the process at rest", f"{memory(worker, 'VmRSS'):.0f} MB"
        url = next(b["url"] for b in sample["buildings"] if b["compound"] == "银塔南区")
        yield "first view of a building (HTML + CSS + JS, gzip)", first_view(base, url)
        yield "building page, one after the other", latency(url, 100)
    finally:
        server.terminate()
        server.wait(timeout=40)


def importing(folder: Path) -> Iterator[tuple[str, str]]:
    """A ledger of 25,516 households, as a real workbook."""
    env = installation(folder / "import")
    flask(env, "db", "upgrade")
    workbook = folder / "ledger.xlsx"
    flask(env, "shell", script=_WRITE_LEDGER.format(path=str(workbook), households=HOUSEHOLDS))
    yield (
        f"`flask roster check`, {HOUSEHOLDS:,} households",
        f"{timed(env, 'roster', 'check', str(workbook))[0]:.1f} s",
    )
    args = ("roster", "import", str(workbook), "--community", "测试社区")
    first, peak = timed_with_memory(env, *args)
    yield f"`flask roster import`, {HOUSEHOLDS:,} households", f"{first:.1f} s, {peak:.0f} MB"
    again, _peak = timed_with_memory(env, *args)
    yield "the same file again (nothing changes)", f"{again:.1f} s"


def printing(folder: Path) -> Iterator[tuple[str, str]]:
    """1,845 slips with fresh codes as one PDF."""
    env = installation(folder / "print")
    flask(env, "db", "upgrade")
    flask(env, "demo", "--households", str(SLIPS))
    begun = time.perf_counter()
    told = flask(env, "shell", script=_PRINT_SLIPS)
    seconds = time.perf_counter() - begun
    yield (
        f"{SLIPS:,} slips as PDF, codes drawn and hashed",
        f"{seconds:.1f} s, {told.strip().splitlines()[-1]}",
    )


_WRITE_LEDGER = """
from pathlib import Path
from app.core.sheets import Column, Table, write_workbook
from app.demo.synthetic import synthetic_homes
heads = [Column(h) for h in ("小区", "楼栋", "单元", "房号", "建筑面积", "业主", "电话")]
rows = [
    (h.compound, h.building, h.entrance, h.room, h.area / 100, "、".join(h.owners), h.phones[0])
    for h in synthetic_homes({households})
]
Path({path!r}).write_bytes(write_workbook([Table("台账", heads, rows)]))
"""

_PRINT_SLIPS = """
import resource
from sqlalchemy import select
from app.accounts.models import Staff
from app.core import jobs
from app.core.db import db
from app.reports.actions import order_slips
from app.roster.models import Compound
compound = db.session.scalars(select(Compound)).first()
by = db.session.scalars(select(Staff)).first().identity
job = order_slips(compound, None, None, by=by)
db.session.commit()
jobs.run(job.id)
assert job.refusal is None, job.refusal
own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
child = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
print(f"{own:.0f} MB here and {child:.0f} MB in the process that lays out")
"""


def installation(folder: Path) -> dict[str, str]:
    """The environment of an empty installation."""
    (folder / "keys").mkdir(parents=True)
    for key in ("secret.key", "code.key"):
        (folder / "keys" / key).write_text(secrets.token_hex(32))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    kept = {k: v for k, v in os.environ.items() if not k.startswith("JUYI_")}
    base = f"http://127.0.0.1:{port}"
    ours = {"FLASK_APP": "wsgi", "PORT": port, "JUYI_BASE_URL": base}
    return {**kept, **ours, "JUYI_INSTANCE_DIR": str(folder)}


def flask(env: dict[str, str], *args: str, script: str = "") -> str:
    """Run a command; what it printed."""
    command = [sys.executable, "-m", "flask", *args]
    if script:
        command = [
            sys.executable,
            "-c",
            f"from wsgi import app\napp.app_context().push()\n{script}",
        ]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr[-2000:])
    return done.stdout


def timed(env: dict[str, str], *args: str) -> tuple[float, str]:
    """Seconds a command took, and what it printed."""
    begun = time.perf_counter()
    told = flask(env, *args)
    return time.perf_counter() - begun, told


def timed_with_memory(env: dict[str, str], *args: str) -> tuple[float, float]:
    """Seconds, and the peak memory in MB of the command's own process."""
    begun = time.perf_counter()
    command = [sys.executable, "-m", "flask", *args]
    process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.DEVNULL)
    _pid, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{args} failed")
    return time.perf_counter() - begun, usage.ru_maxrss / 1024


def wait_for(url: str, server: "subprocess.Popen[bytes]") -> None:
    """Until the address answers."""
    for _ in range(600):
        if server.poll() is not None:
            sys.exit("the server ended")
        try:
            urllib.request.urlopen(url, timeout=5).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    sys.exit("the server did not start")


def children(pid: int) -> list[int]:
    """The worker processes of a server."""
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(child) for child in text.split()]


def memory(pid: int, name: str) -> float:
    """A memory figure of a process, in MB."""
    found = re.search(rf"{name}:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    return int(found.group(1)) / 1024 if found else 0.0


def first_view(base: str, url: str) -> str:
    """Bytes over the wire for a page and every style sheet and script it names."""
    sizes = {}
    html = fetch(url)
    sizes["HTML"] = html[1]
    for path in re.findall(r'(?:href|src)="(/static/[^"]+\.(?:css|js)[^"]*)"', html[0]):
        sizes[path.split("?")[0].rsplit("/", 1)[1]] = fetch(base + path)[1]
    parts = ", ".join(f"{name} {size / 1000:.1f}" for name, size in sizes.items())
    return f"{sum(sizes.values()) / 1000:.1f} KB ({parts})"


def fetch(url: str) -> tuple[str, int]:
    """Text of an address, and how many bytes came over the wire."""
    request = urllib.request.Request(url, headers={"Accept-Encoding": "gzip"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        raw = answer.read()
        packed = answer.headers.get("Content-Encoding") == "gzip"
    return (gzip.decompress(raw) if packed else raw).decode(), len(raw)


def latency(url: str, count: int) -> str:
    """Median and worst time of `count` requests in a row."""
    times = []
    for _ in range(count):
        begun = time.perf_counter()
        fetch(url)
        times.append(time.perf_counter() - begun)
    times.sort()
    return f"median {times[count // 2] * 1000:.1f} ms, slowest {times[-1] * 1000:.1f} ms"


if __name__ == "__main__":
    main()
