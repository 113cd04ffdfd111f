"""A gateway that keeps what it is given and answers as it is told: the only fake, at the port."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from flask import Flask

from app.notices.gateways import Letter
from app.notices.queries import GATEWAY


class Postbox:
    """Keeps every letter; `answer` may be replaced by something that raises."""

    def __init__(self) -> None:
        self.letters: list[Letter] = []
        self.answer: Callable[[Letter], str] = lambda letter: f"post-{letter.message_id}"

    def send(self, letter: Letter) -> str:
        """Keep the letter, then answer."""
        self.letters.append(letter)
        return self.answer(letter)

    @property
    def phones(self) -> list[str]:
        return [letter.phone for letter in self.letters]

    @property
    def bodies(self) -> list[str]:
        return [letter.body for letter in self.letters]


@contextmanager
def sending_to(app: Flask, postbox: Postbox) -> Iterator[Postbox]:
    """Inside, the application sends messages, and they arrive in `postbox`."""
    before = app.extensions[GATEWAY]
    app.extensions[GATEWAY] = postbox
    try:
        yield postbox
    finally:
        app.extensions[GATEWAY] = before
