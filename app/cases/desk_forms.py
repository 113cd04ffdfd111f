"""What staff fill in about a case without settling it: who looks after it, its day, a note."""

from collections.abc import Sequence
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import SelectField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, InputRequired, Length

from app.core.forms import Form, WallClockField, cleaned
from app.core.guards import Identity

_MOST_WORDS = 1000


def _words(label: Any, needed: Any) -> TextAreaField:
    return TextAreaField(
        label,
        [
            DataRequired(needed),
            Length(max=_MOST_WORDS, message=_l("太长了，最多 %(max)d 个字。")),
        ],
        filters=[cleaned],
        render_kw={"rows": 3, "maxlength": _MOST_WORDS},
    )


class HandOverForm(Form):
    """Who looks after a case from now on: oneself, or a colleague."""

    to = SelectField(_l("由谁办"), [InputRequired(_l("请选一个人。"))])

    def __init__(self, people: Sequence[Identity], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._people = {str(one.id): one for one in people}
        self.to.choices = [
            SelectChoice(key, f"{one.name} · {one.role.label}") for key, one in self._people.items()
        ]

    def chosen(self) -> Identity:
        """The person, as the action takes them."""
        return self._people[self.to.data]


class DueForm(Form):
    """Another day for a case, and why."""

    until = WallClockField(_l("新的期限"), [InputRequired(_l("请填新的期限。"))])
    why = _words(_l("理由"), _l("请写明理由。"))


class NoteForm(Form):
    """Words for colleagues."""

    words = _words(_l("留言"), _l("请写下要留的话。"))
