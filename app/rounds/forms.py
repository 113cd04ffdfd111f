"""Forms of the rounds: what a household fills in."""

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, RadioField, TextAreaField
from wtforms.validators import InputRequired, Length, Regexp

from app.core.forms import Form, cleaned
from app.core.tokens import random_token
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
