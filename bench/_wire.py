"""Sends prepared requests over many kept-alive connections, as cheaply as one process can.

Run as a process of its own, because it shares the machine with what it measures:
`python bench/_wire.py PORT CONNECTIONS REQUESTS ANSWERS`, both files one JSON list.
"""

import json
import select
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

CONNECTIONS = 64
# What a browser says of itself, in every request alike.
HEADERS = (
    "Host: {host}",
    "User-Agent: Mozilla/5.0 (Linux; Android 13) AppleWebKit/537.36 MicroMessenger/8.0.49",
    "Accept: application/json",
    "Accept-Language: zh-CN,zh;q=0.9",
    "Accept-Encoding: gzip, deflate",
    "Origin: http://{host}",
    "Content-Type: application/x-www-form-urlencoded",
)


@dataclass(frozen=True)
class Answers:
    """What came back: statuses and bodies in the order of arrival, each request's time in ms."""

    seconds: float
    times: list[float]
    statuses: list[int]
    bodies: list[str]

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.times) / self.seconds

    def percentile(self, percent: int) -> float:
        """The time in ms that so many of a hundred answers did not exceed."""
        ordered = sorted(self.times)
        return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)]


def request(host: str, path: str, body: str = "", cookie: str = "") -> str:
    """A whole POST as it goes over the wire."""
    lines = [f"POST {path} HTTP/1.1", *(line.format(host=host) for line in HEADERS)]
    lines += [f"Cookie: {cookie}"] if cookie else []
    return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", body])


def getting(host: str, path: str, cookie: str = "", etag: str = "") -> str:
    """A whole GET as the page of a board sends it."""
    lines = [f"GET {path} HTTP/1.1", *(line.format(host=host) for line in HEADERS[:5])]
    lines += [f"Cookie: {cookie}"] if cookie else []
    lines += [f"If-None-Match: {etag}"] if etag else []
    return "\r\n".join([*lines, "", ""])


def send(folder: Path, port: int, requests: Sequence[bytes]) -> Answers:
    """Send `requests` in a process of its own and wait for all answers."""
    asked, answered = folder / "requests.json", folder / "answers.json"
    asked.write_text(json.dumps([one.decode("latin-1") for one in requests]))
    command = [sys.executable, __file__, str(port), str(CONNECTIONS), str(asked), str(answered)]
    subprocess.run(command, check=True, timeout=600)
    return Answers(**json.loads(answered.read_text()))


class Connection:
    """One kept-alive connection with at most one request on its way."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.began = 0.0
        self.received = b""

    def ask(self, request: bytes) -> None:
        self.received = b""
        self.began = time.perf_counter()
        self.socket.sendall(request)

    def is_answered(self) -> bool:
        """Read what there is; whether the whole answer has come."""
        piece = self.socket.recv(65536)
        if not piece:
            raise ConnectionError(f"closed after {self.received[:200]!r}")
        self.received += piece
        head, end, body = self.received.partition(b"\r\n\r\n")
        if not end:
            return False
        if head[9:12] == b"304":
            return True
        length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
        return len(body) >= int(length)


def _exchange(port: int, connections: int, requests: list[bytes]) -> Answers:
    waiting = list(reversed(requests))
    open_ones = [Connection(port) for _ in range(min(connections, len(requests)))]
    poll = select.epoll()
    by_number = {one.socket.fileno(): one for one in open_ones}
    times: list[float] = []
    raw: list[bytes] = []
    begun = time.perf_counter()
    for number, one in by_number.items():
        poll.register(number, select.EPOLLIN)
        one.ask(waiting.pop())
    while len(raw) < len(requests):
        for number, _event in poll.poll(30) or _nobody():
            one = by_number[number]
            if one.is_answered():
                times.append((time.perf_counter() - one.began) * 1000)
                raw.append(one.received)
                if waiting:
                    one.ask(waiting.pop())
    seconds = time.perf_counter() - begun
    for one in open_ones:
        one.socket.close()
    return Answers(
        seconds,
        times,
        [int(answer[9:12]) for answer in raw],
        [answer.partition(b"\r\n\r\n")[2].decode("utf-8", "replace") for answer in raw],
    )


def _nobody() -> list[tuple[int, int]]:
    raise TimeoutError("no answer within 30 seconds")


def main() -> None:
    """Send what the first file holds and write what came back into the second."""
    port, connections, asked, answered = sys.argv[1:]
    requests = [one.encode("latin-1") for one in json.loads(Path(asked).read_text())]
    answers = _exchange(int(port), int(connections), requests)
    Path(answered).write_text(json.dumps(vars(answers)))


if __name__ == "__main__":
    main()
