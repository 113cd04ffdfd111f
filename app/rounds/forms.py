"""Forms of the rounds: what a household fills in."""

import re
from typing import Any

from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import MultiDict
from wtforms import Field, HiddenField, RadioField, TextAreaField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import DataRequired, InputRequired, Length, Optional, Regexp

from app.core.forms import Form, ManyField, cleaned
from app.core.tokens import random_token
from app.rounds.cases import ObjectionKind
from app.rounds.casting import Ballot, matters_asked
from app.rounds.counting import Choice, Track
from app.rounds.models import Matter, RegisterEntry, Round, Voice, Vote

COMMENT_LENGTH = 500
_REQUEST_ID = re.compile(r"^[A-Za-z0-9_-]{8,64}\Z")
_SEEN = re.compile(r"^\d{1,6}\.\d{1,6}\Z", re.ASCII)
_NUMBER = re.compile(r"^\d{1,9}\Z", re.ASCII)
_CHOICES = {choice.value for choice in Choice}
_IN_ORDER = list(Track)


class _SeenForm(Form):
    """A request of a household with its own name and with what its page showed.

    `seen` tells votes of the household so far, and the plan version.
    """

    request_id = HiddenField(validators=[Regexp(_REQUEST_ID, message=_l("请刷新。"))])
    seen = HiddenField(validators=[Regexp(_SEEN, message=_l("请刷新。"))])

    def see(self, entry: RegisterEntry) -> None:
        """Give the request a new name, and note what the household sees now."""
        version = entry.round.plan_version
        self.request_id.data = random_token(24)
        self.seen.data = f"{entry.votes}.{version.number if version else 0}"

    @property
    def seen_votes(self) -> int:
        """How many votes of the household its page knew of."""
        return int(self.seen.data.split(".")[0])

    @property
    def seen_plan(self) -> int:
        """The number of the plan version that its page named."""
        return int(self.seen.data.split(".")[1])


class ReaffirmForm(_SeenForm):
    """One tap that says the same again, after the plan changed."""


class BallotForm(_SeenForm):
    """One household's answers to the matters that it is asked; made by `ballot_form`."""

    comment = TextAreaField(
        _l("还有话想说吗？（可以不写）"),
        [Length(max=COMMENT_LENGTH, message=_l("最多写 500 个字。"))],
        render_kw={"rows": 3, "maxlength": COMMENT_LENGTH},
    )
    matters: tuple[Matter, ...]

    def begin(self, entry: RegisterEntry, last: Vote | None) -> None:
        """Give the form the name of its request and write down what the page shows.

        What the household's own `last` vote says stands in it: whoever only changes one answer
        need not repeat the others. Decisions are chosen beforehand only while that vote counts.
        """
        self.comment.data = last.comment if last else ""
        if last:
            said = {choice.matter_id: choice.choice.value for choice in last.choices}
            wished = {wish.option_id for wish in last.wishes}
            for matter, field in self.answers():
                if not matter.is_decision:
                    field.data = [option.id for option in matter.options if option.id in wished]
                elif entry.voice == Voice.COUNTED:
                    field.data = said.get(matter.id)
        self.see(entry)

    def answers(self) -> list[tuple[Matter, Field]]:
        """Each matter with its field: consultations, owners' decisions, then menus."""
        return [(matter, self[f"matter-{matter.id}"]) for matter in self.matters]

    def groups(self) -> list[tuple[Track, list[tuple[int, Matter, Field]]]]:
        """The answers by track, each with its number on the page."""
        numbered = [(number, *pair) for number, pair in enumerate(self.answers(), start=1)]
        tracks = [(track, [row for row in numbered if row[1].track == track]) for track in Track]
        return [(track, rows) for track, rows in tracks if rows]

    @property
    def is_filled(self) -> bool:
        """Whether there is an answer wherever one is wanted."""
        wanted = [answer for m, answer in self.answers() if m.track == Track.CONSULTATION]
        return bool(wanted) and all(answer.data for answer in wanted)

    def kept(self) -> dict[str, Any]:
        """What was filled in, as a cookie keeps it between form and review.

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
        answers = self.answers()
        menus = [field for matter, field in answers if not matter.is_decision]
        return Ballot(
            choices={m.id: Choice(f.data) for m, f in answers if m.is_decision and f.data},
            request_id=self.request_id.data,
            seen=self.seen_votes,
            plan_number=self.seen_plan,
            comment=cleaned(self.comment.data),
            wishes=frozenset(wish for menu in menus for wish in menu.data),
        )


def ballot_form(round_: Round, entry: RegisterEntry | None) -> BallotForm:
    """The form of this household: every consultation wants an answer, an owners' decision may

    be left open. What it is not asked is no field, so whatever is sent for it is ignored.
    """
    asked = matters_asked(round_, entry) if entry else []
    matters = tuple(sorted(asked, key=lambda m: (_IN_ORDER.index(m.track), m.position)))
    fields = {f"matter-{matter.id}": _field(matter) for matter in matters}
    form: BallotForm = type("BallotFormOfRound", (BallotForm,), {**fields, "matters": matters})()
    return form


def read_ballot(sent: MultiDict[str, str]) -> Ballot | None:
    """What a phone sent, where the form would find nothing wrong with it; else the form must look.

    Whether it answers what the household is asked is found out when it is cast.
    """
    request_id, seen, comment = (sent.get(name, "") for name in ("request_id", "seen", "comment"))
    if not _REQUEST_ID.match(request_id) or not _SEEN.match(seen) or len(comment) > COMMENT_LENGTH:
        return None
    choices: dict[int, Choice] = {}
    wishes: set[int] = set()
    for name, values in sent.lists():
        matter = name.removeprefix("matter-")
        if matter == name:
            continue
        if _NUMBER.match(matter) and len(values) == 1 and values[0] in _CHOICES:
            choices[int(matter)] = Choice(values[0])
        elif all(_NUMBER.match(value) for value in values):
            wishes.update(map(int, values))
        else:
            return None
    votes, plan = seen.split(".")
    words = cleaned(comment) if comment else ""
    return Ballot(choices, request_id, int(votes), int(plan), words, frozenset(wishes))


def _field(matter: Matter) -> Any:
    if matter.is_decision:
        # Who does not answer as owner takes no part in that decision (RULES.md §2.1).
        may_stay_open = matter.track == Track.OWNERS
        must = Optional() if may_stay_open else InputRequired(_l("这一项还没有选。"))
        return RadioField(matter.title, [must], choices=[choice.value for choice in Choice])
    options = [SelectChoice(value=option.id, label=option.title) for option in matter.options]
    return ManyField(matter.title, choices=options, coerce=int)


class ObjectionForm(Form):
    """What a household says is wrong with the register, the votes, or the plan."""

    kind = RadioField(
        _l("是哪一种？"),
        [InputRequired(_l("请选是哪一种。"))],
        choices=[kind.value for kind in ObjectionKind],
    )
    words = TextAreaField(
        _l("请写清楚是怎么回事"),
        [
            DataRequired(_l("请写清楚是怎么回事。")),
            Length(max=COMMENT_LENGTH, message=_l("最多写 500 个字。")),
        ],
        filters=[cleaned],
        render_kw={"rows": 4, "maxlength": COMMENT_LENGTH},
    )
