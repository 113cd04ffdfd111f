"""Work done together: whoever comes while others are being served goes along with the next turn.

Most of what a short transaction costs under load (the lock, the round trips, the flush to the
disk) is the same for one and for twenty.
"""

import threading
import time
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from app.core.db import db, release

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")

# More at once would keep the first of them waiting for too long.
_MOST = 64
_PAUSE = 0.004


class _Place(Generic[Asked, Answer]):
    """One who waits: what is asked, and the answer once it is there."""

    answer: Answer
    error: BaseException | None = None
    is_served = False

    def __init__(self, asked: Asked) -> None:
        self.asked = asked
        # Locked until it is this one's turn, to be served or to serve.
        self.turn = threading.Lock()
        self.turn.acquire()


class Together(Generic[Asked, Answer]):
    """Lets threads of this process share transactions.

    `work` answers several at once, in one transaction of its own that is committed before anybody
    gets the answer. One of those who wait does the work for all; when it fails, all of them fail.
    """

    def __init__(self, work: Callable[[Sequence[Asked]], Sequence[Answer]]) -> None:
        self._work = work
        self._guard = threading.Lock()
        self._waiting: list[_Place[Asked, Answer]] = []
        self._is_serving = False

    def ask(self, asked: Asked) -> Answer:
        """The answer, together with those of all others who ask meanwhile."""
        place = _Place[Asked, Answer](asked)
        with self._guard:
            self._waiting.append(place)
            must_wait, self._is_serving = self._is_serving, True
        if must_wait:
            place.turn.acquire()
            if not place.is_served:
                # Where one had to wait, more are on their way.
                time.sleep(_PAUSE)
        if not place.is_served:
            self._serve()
        if place.error is not None:
            raise place.error
        return place.answer

    def _serve(self) -> None:
        with self._guard:
            served, self._waiting = self._waiting[:_MOST], self._waiting[_MOST:]
        try:
            for place, answer in zip(served, self._answers(served), strict=True):
                place.answer = answer
        except BaseException as error:
            for place in served:
                place.error = error
        with self._guard:
            following = self._waiting[:1]
            self._is_serving = bool(following)
        for place in served:
            place.is_served = True
        # The first of those who came meanwhile serves next.
        for place in [*following, *served]:
            place.turn.release()

    def _answers(self, served: Sequence[_Place[Asked, Answer]]) -> Sequence[Answer]:
        release()
        try:
            answers = self._work([place.asked for place in served])
            db.session.commit()
        except BaseException:
            release()
            raise
        return answers
