"""So many boards on so many screens, each asking every other second, in a process of its own.

`python bench/_viewers.py PORT VIEWERS SECONDS ASKED ANSWERS`: ASKED is a JSON object with host,
path and cookies, one for each. The first few ask every second, as the page does, and keep what
they are sent.
"""

import gzip
import heapq
import json
import re
import select
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench._wire import Connection, getting

EVERY, WATCHERS_EVERY, WATCHERS = 2.0, 1.0, 5
_VOTED = re.compile(r'data-key=\\"voted\\">([\d,]+)/')


class _Viewer:
    """One screen: its connection, what it has seen, and when it asks again."""

    def __init__(self, number: int, port: int, cookie: str) -> None:
        self.number, self.cookie = number, cookie
        self.connection = Connection(port)
        self.etag = ""
        self.every = WATCHERS_EVERY if number < WATCHERS else EVERY

    @property
    def is_watcher(self) -> bool:
        return self.number < WATCHERS


def main() -> None:
    """Poll until the time is over; write down what was answered, and when a number was seen."""
    port, viewers, seconds = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    asked = json.loads(Path(sys.argv[4]).read_text())
    cookies = asked["cookies"][:viewers]
    watching = [_Viewer(number, port, cookie) for number, cookie in enumerate(cookies)]
    found = _poll(watching, asked, seconds)
    Path(sys.argv[5]).write_text(json.dumps(found))


def _poll(viewers: list[_Viewer], asked: dict[str, str], seconds: float) -> dict[str, object]:
    epoll, by_number = select.epoll(), {v.connection.socket.fileno(): v for v in viewers}
    begun = time.monotonic()
    due = [(begun + v.every * v.number / len(viewers), v.number) for v in viewers]
    heapq.heapify(due)
    for number in by_number:
        epoll.register(number, select.EPOLLIN)
    statuses: dict[str, int] = {}
    seen: list[tuple[float, int]] = []
    times: list[float] = []
    while (now := time.monotonic()) < begun + seconds:
        while due and due[0][0] <= now:
            viewer = viewers[heapq.heappop(due)[1]]
            request = getting(asked["host"], asked["path"], viewer.cookie, viewer.etag)
            viewer.connection.ask(request.encode())
        for number, _event in epoll.poll(max(0.0, min(due[0][0] - now, 0.5)) if due else 0.5):
            viewer = by_number[number]
            if not viewer.connection.is_answered():
                continue
            times.append((time.perf_counter() - viewer.connection.began) * 1000)
            heapq.heappush(due, (now + viewer.every, viewer.number))
            _note(viewer, statuses, seen)
    return {"statuses": statuses, "seen": seen, "times": times}


def _note(viewer: _Viewer, statuses: dict[str, int], seen: list[tuple[float, int]]) -> None:
    head, _end, body = viewer.connection.received.partition(b"\r\n\r\n")
    status = head[9:12].decode()
    statuses[status] = statuses.get(status, 0) + 1
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"etag:"):
            viewer.etag = line.split(b":", 1)[1].strip().decode()
    if viewer.is_watcher and status == "200":
        told = _VOTED.search(gzip.decompress(body).decode())
        if told:
            seen.append((time.monotonic(), int(told.group(1).replace(",", ""))))


if __name__ == "__main__":
    main()
