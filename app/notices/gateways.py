"""The ways out for messages, behind one port; each takes a letter and says what became of it.

What the office sends with its own platform leaves by `flask notices export` and has no gateway.
"""

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from app.core.format import masked_phone


@dataclass(frozen=True)
class Letter:
    """What a gateway is given: the text to one phone.

    `message_id` names it for good, `attempt` counts how often it was taken up.
    """

    message_id: int
    attempt: int
    phone: str
    body: str
    is_code: bool


class Busy(Exception):  # noqa: N818 - it is an answer, as `Refused` is
    """The gateway certainly took nothing and may be asked again: full, slowed down, or away."""


class Rejected(Exception):  # noqa: N818
    """The gateway certainly took nothing and never will; the words go to the operator."""


class Gateway(Protocol):
    """Hands letters to somebody who delivers them.

    It must answer within 15 seconds, half of the lease of a message, holds no session of the
    database, and may be called by several threads at once.
    """

    def send(self, letter: Letter) -> str:
        """Hand one letter over; returns the name under which the provider knows it.

        Raises `Busy` and `Rejected`. Anything else it raises means that nobody knows.
        """
        ...


class Console:
    """Writes what would be sent to the terminal, one plain line each: for trying things out.

    The phone is masked, as in the log; the text is not, for a code must be readable.
    """

    def send(self, letter: Letter) -> str:
        """Print it."""
        sys.stderr.write(f"SMS {masked_phone(letter.phone)} {letter.body}\n")
        sys.stderr.flush()
        return f"console-{letter.message_id}"


class File:
    """Appends what would be sent to a file, one JSON object a line, safe on the disk.

    For whoever sends by other means, and for trying things out. Only the service may read it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def send(self, letter: Letter) -> str:
        """Append it; a line is written at one blow, so that several writers never mix."""
        name = f"file-{letter.message_id}"
        line = json.dumps({"id": name, "to": letter.phone, "text": letter.body}, ensure_ascii=False)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        target = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(target, f"{line}\n".encode())
            os.fsync(target)
        finally:
            os.close(target)
        return name


def gateway(sms: str, instance: Path) -> Gateway | None:
    """The gateway of this installation, as `JUYI_SMS` names it; None where nothing is sent."""
    if sms == "console":
        return Console()
    return File(instance / "messages.jsonl") if sms == "file" else None
