"""The one way to say no: `Refused`, and the marker that makes its words translatable.

It owns no rule; each refusal stands beside the verb that raises it.
"""

from typing import Any


def msg(message: str) -> str:
    """Mark `message` for the catalogues without translating it (pure modules know no language)."""
    return message


class Refused(Exception):  # noqa: N818 - it is an answer, not an error
    """The rules do not allow this now; `message` tells the person why, in Chinese msgid form.

    Parameters stand as `%(name)s` in the message, so that it can be translated as a whole.
    """

    def __init__(self, message: str, **params: Any) -> None:
        super().__init__(message)
        self.message = message
        self.params = params

    def __str__(self) -> str:
        return self.message % self.params if self.params else self.message
