"""Forms of the rounds: what a household fills in, and the terms an office sets."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import current_app
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms import (
    DateTimeLocalField,
    HiddenField,
    RadioField,
    StringField,
    TextAreaField,
)
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange, Regexp

from app.core.format import local
from app.core.forms import Form, SmallNumberField, cleaned, tidied
from app.core.tokens import random_token
from app.rounds.actions import RoundTerms
from app.rounds.casting import Ballot
from app.rounds.counting import Choice
from app.rounds.models import RegisterEntry, Round

COMMENT_LENGTH = 500


class BallotForm(Form):
    """One household's answer to every matter of a round; made by `ballot_form`.

    `seen` tells what the page showed: votes of the household so far, and the plan version.
    """

    comment = TextAreaField(
        _l("还有话想说吗？（可以不写）"),
        [Length(max=COMMENT_LENGTH, message=_l("最多写 500 个字。"))],
        render_kw={"rows": 3, "maxlength": COMMENT_LENGTH},
    )
    request_id = HiddenField(validators=[Regexp(r"^[A-Za-z0-9_-]{8,64}\Z", message=_l("请刷新。"))])
    seen = HiddenField(validators=[Regexp(r"^\d{1,6}\.\d{1,6}\Z", message=_l("请刷新。"))])
    round: Round

    def begin(self, entry: RegisterEntry, words: str) -> None:
        """Give the form the name of its request and write down what the page shows.

        `words` are those of the last vote: whoever only changes a choice need not repeat them.
        """
        self.request_id.data = random_token(24)
        self.comment.data = words
        self.see(entry)

    def see(self, entry: RegisterEntry) -> None:
        """Note what the household sees now."""
        version = self.round.plan_version
        self.seen.data = f"{entry.votes}.{version.number if version else 0}"

    def answers(self) -> list[tuple[Any, Any]]:
        """Each matter with its field."""
        return [(matter, self[f"matter-{matter.id}"]) for matter in self.round.matters]

    def kept(self) -> dict[str, Any]:
        """What was filled in, as the cookie of the session keeps it between form and review.

        The words are bytes, so that 500 characters of any script fit into a cookie.
        """
        return {
            "answers": {field.name: field.data for _matter, field in self.answers()},
            "words": (self.comment.data or "").encode(),
            "request_id": self.request_id.data,
            "seen": self.seen.data,
        }

    def fill_in(self, kept: dict[str, Any]) -> None:
        """Put back what was `kept`."""
        for _matter, field in self.answers():
            field.data = kept["answers"].get(field.name)
        self.comment.data = kept["words"].decode()
        self.request_id.data, self.seen.data = kept["request_id"], kept["seen"]

    def ballot(self) -> Ballot:
        """What was filled in, once it is valid."""
        votes, plan_number = self.seen.data.split(".")
        return Ballot(
            choices={matter.id: Choice(field.data) for matter, field in self.answers()},
            request_id=self.request_id.data,
            seen=int(votes),
            plan_number=int(plan_number),
            comment=cleaned(self.comment.data),
        )


def ballot_form(round_: Round) -> BallotForm:
    """The form of this round: nothing is chosen beforehand, every matter wants an answer."""
    choices = [choice.value for choice in Choice]
    must = InputRequired(_l("这一项还没有选。"))
    fields = {
        f"matter-{matter.id}": RadioField(matter.title, [must], choices=choices)
        for matter in round_.matters
    }
    form: BallotForm = type("BallotFormOfRound", (BallotForm,), {**fields, "round": round_})()
    return form


class WallClockField(DateTimeLocalField):
    """A moment as the office's clock shows it; `data` is aware, in UTC."""

    # None before anything is read; `InputRequired` sees to the rest.
    data: Any

    def process_data(self, value: datetime | None) -> None:
        """Keep the moment as it is stored."""
        self.data = value

    def process_formdata(self, valuelist: list[Any]) -> None:
        """Read what the browser sends, which knows no time zone."""
        super().process_formdata(valuelist)
        if self.data is not None:
            here = ZoneInfo(current_app.config["BABEL_DEFAULT_TIMEZONE"])
            try:
                self.data = self.data.replace(tzinfo=here).astimezone(UTC)
            except OverflowError:
                self.data = None
                raise ValueError(gettext("这个时间不对，请重新选。")) from None

    def _value(self) -> str:
        if self.raw_data:
            return " ".join(self.raw_data)
        return local(self.data).strftime("%Y-%m-%dT%H:%M") if self.data else ""


class RoundForm(Form):
    """What the office says of a round: title, times on the office's clock, phone, objections."""

    title = StringField(
        _l("标题"),
        [DataRequired(_l("请填标题。")), Length(max=120, message=_l("标题太长。"))],
        filters=[tidied],
    )
    opens_at = WallClockField(_l("开始时间"), [InputRequired(_l("请填开始时间。"))])
    closes_at = WallClockField(_l("截止时间"), [InputRequired(_l("请填截止时间。"))])
    phone = StringField(
        _l("社区电话"),
        [DataRequired(_l("请填社区电话。")), Length(max=40, message=_l("电话太长。"))],
        filters=[tidied],
    )
    objection_days = SmallNumberField(
        _l("异议期（天）"),
        [
            InputRequired(_l("请填异议期。")),
            NumberRange(min=1, max=60, message=_l("异议期填 1 到 60 天。")),
        ],
    )

    def terms(self) -> RoundTerms:
        """The values as the actions take them."""
        return RoundTerms(
            title=self.title.data,
            opens_at=self.opens_at.data,
            closes_at=self.closes_at.data,
            phone=self.phone.data,
            objection_days=self.objection_days.data,
        )
