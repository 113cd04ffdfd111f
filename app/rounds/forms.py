"""Forms of the rounds: what a household fills in."""

import re
from collections.abc import Iterator
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import MultiDict
from wtforms import BooleanField, Field, HiddenField, RadioField, TextAreaField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import (
    DataRequired,
    InputRequired,
    Length,
    Optional,
    Regexp,
    ValidationError,
)

from app.core.forms import Form, ManyField, cleaned
from app.core.tokens import random_token
from app.rounds.cases import ObjectionKind
from app.rounds.casting import Ballot, matters_asked
from app.rounds.counting import Choice, Track
from app.rounds.models import Matter, RegisterEntry, Round, Voice, Vote
from app.rounds.reasons import Reason
from app.rounds.recording import in_order, said_in

COMMENT_LENGTH = 500
_REQUEST_ID = re.compile(r"^[A-Za-z0-9_-]{8,64}\Z")
_SEEN = re.compile(r"^\d{1,6}\.\d{1,6}\Z", re.ASCII)
# One way to write each, so that no answer can stand in a request twice.
_NUMBER = re.compile(r"^[1-9]\d{0,8}\Z", re.ASCII)
_CHOICES = {choice.value for choice in Choice}
_REASONS = {reason.value for reason in Reason}
# What an unticked box may be sent as, for WTForms.
_NO = ("", "false")
# So many wishes of a menu can be put in an order: first, second, third.
MOST_RANKED = 3
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


class AnswerField(RadioField):
    """One answer to one question: two of them are none."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read the answer, where there is but one."""
        if len(valuelist) > 1:
            raise ValueError(gettext("这一项选了两个答案，请重新选一个。"))
        super().process_formdata(valuelist)


class RanksField(Field):
    """What of a menu is wanted first, second and third: option ids in that order.

    A place left empty between two others is no place; the order is what counts.
    """

    data: list[int]

    def __init__(self, label: str, matter: Matter, **kwargs: Any) -> None:
        super().__init__(label, **kwargs)
        self.titles = {option.id: option.title for option in matter.options}

    @property
    def places(self) -> range:
        """The places that can be filled, from 1 on."""
        return range(1, min(MOST_RANKED, len(self.titles)) + 1)

    def at(self, place: int) -> int | None:
        """Which option stands there."""
        return self.data[place - 1] if place <= len(self.data) else None

    def process_data(self, value: Any) -> None:
        """Nothing is in an order beforehand."""
        self.data = list(value or ())

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read the places in their order."""
        if not all(_NUMBER.match(value) for value in valuelist if value):
            raise ValueError(gettext("选了这里没有的项目，请刷新后重新选。"))
        self.data = [int(value) for value in valuelist if value]

    def pre_validate(self, form: Any) -> None:
        """Each option is on the menu, and has one place only."""
        if not set(self.data) <= self.titles.keys() or len(self.data) > len(self.titles):
            raise ValidationError(gettext("选了这里没有的项目，请刷新后重新选。"))
        twice = next((option for option in self.data if self.data.count(option) > 1), None)
        if twice is not None:
            raise ValidationError(
                gettext("“%(item)s”排了两次，一样只能排一个位置。", item=self.titles[twice])
            )


class BallotForm(_SeenForm):
    """One household's answers to the matters that it is asked; made by `ballot_form`."""

    comment = TextAreaField(
        _l("还有话想说吗？（可以不写）"),
        [Length(max=COMMENT_LENGTH, message=_l("最多写 500 个字。"))],
        render_kw={"rows": 3, "maxlength": COMMENT_LENGTH},
    )
    may_call = BooleanField(_l("社区可以就这件事给我家打电话"), false_values=(False, *_NO))
    matters: tuple[Matter, ...]

    def process(self, formdata: Any = None, *args: Any, **kwargs: Any) -> None:
        """Read what was sent, and under which names."""
        formdata = self.meta.wrap_formdata(self, formdata)
        self.names = tuple(formdata or ())
        super().process(formdata, *args, **kwargs)

    def validate(self, *args: Any, **kwargs: Any) -> bool:
        """Refuse what names a question in two ways, too: nobody can say which answer is meant."""
        is_valid = super().validate(*args, **kwargs)
        if all(_is_plainly_named(name) for name in self.names):
            return is_valid
        self.form_errors = [gettext("选了这里没有的项目，请刷新后重新选。"), *self.form_errors]
        return False

    def begin(self, entry: RegisterEntry, last: Vote | None) -> None:
        """Give the form the name of its request and write down what the page shows.

        What the household's own `last` vote says stands in it: whoever only changes one answer
        need not repeat the others. Decisions are chosen beforehand only while that vote counts.
        """
        if last:
            self._repeat(said_in(last, "", 0, 0), with_choices=entry.voice == Voice.COUNTED)
        self.see(entry)

    def _repeat(self, said: Ballot, *, with_choices: bool) -> None:
        self.comment.data, self.may_call.data = said.comment, said.may_call
        for matter, field in self.answers():
            if not matter.is_decision:
                field.data = [o.id for o in matter.options if o.id in said.wishes]
                self[f"rank-{matter.id}"].data = list(said.ranks.get(matter.id, ()))
            elif with_choices and matter.id in said.choices:
                field.data = said.choices[matter.id].value
                reason = said.told_reasons.get(matter.id)
                self[f"reason-{matter.id}"].data = reason.value if reason else None

    def answers(self) -> list[tuple[Matter, Field]]:
        """Each matter with its field: consultations, owners' decisions, then menus."""
        return [(matter, self[f"matter-{matter.id}"]) for matter in self.matters]

    def why(self, matter: Matter) -> Field:
        """Why one might disagree about this; it takes part only beside that answer."""
        return self[f"reason-{matter.id}"]

    def why_said(self, matter: Matter) -> Reason | None:
        """The reason that would be sent for this matter."""
        return self.ballot().told_reasons.get(matter.id)

    def wished(self, matter: Matter) -> list[tuple[int, str]]:
        """What would be wished for of this menu, in words and in order: (place or 0, item)."""
        return in_order(matter, self.ballot().wishes, self.ballot().places)

    def ranks(self, matter: Matter) -> RanksField:
        """What of this menu comes first, second and third."""
        found: RanksField = self[f"rank-{matter.id}"]
        return found

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
        said = self.ballot()
        return {
            "answers": {field.name: field.data for _matter, field in self.answers()},
            "reasons": {f"reason-{m}": reason.value for m, reason in said.told_reasons.items()},
            "ranks": {f"rank-{menu}": list(order) for menu, order in said.ranks.items()},
            "may_call": said.may_call,
            "words": (self.comment.data or "").encode(),
            "request_id": self.request_id.data,
            "seen": self.seen.data,
        }

    def fill_in(self, kept: dict[str, Any]) -> None:
        """Put back what was `kept`."""
        # Both may be missing from what was kept before there were any.
        more = {**kept.get("reasons", {}), **kept.get("ranks", {})}
        for field in self:
            if field.name in kept["answers"]:
                field.data = kept["answers"][field.name]
            elif field.name in more:
                field.data = more[field.name]
        self.may_call.data = kept.get("may_call", False)
        self.comment.data = kept["words"].decode()
        self.request_id.data, self.seen.data = kept["request_id"], kept["seen"]

    def ballot(self) -> Ballot:
        """What was filled in, once it is valid."""
        answers = self.answers()
        menus = [matter for matter in self.matters if not matter.is_decision]
        ranks = {m.id: tuple(self.ranks(m).data) for m in menus if self.ranks(m).data}
        ticked = {wish for menu in menus for wish in self[f"matter-{menu.id}"].data or ()}
        return Ballot(
            choices={
                m.id: Choice(f.data) for m, f in answers if m.is_decision and f.data in _CHOICES
            },
            request_id=self.request_id.data,
            seen=self.seen_votes,
            plan_number=self.seen_plan,
            comment=cleaned(self.comment.data),
            # What is put in an order is wanted, whether it was ticked or not.
            wishes=frozenset(ticked.union(*ranks.values())),
            ranks=ranks,
            reasons=self._reasons(),
            may_call=bool(self.may_call.data),
        )

    def _reasons(self) -> dict[int, Reason]:
        given = {m.id: self.why(m).data for m in self.matters if m.is_decision}
        return {matter: Reason(data) for matter, data in given.items() if data in _REASONS}


def ballot_form(round_: Round, entry: RegisterEntry | None) -> BallotForm:
    """The form of this household: every consultation wants an answer, an owners' decision may

    be left open. What it is not asked is no field, so whatever is sent for it is ignored.
    """
    asked = matters_asked(round_, entry) if entry else []
    matters = tuple(sorted(asked, key=lambda m: (_IN_ORDER.index(m.track), m.position)))
    fields = {name: field for matter in matters for name, field in _fields(matter)}
    form: BallotForm = type("BallotFormOfRound", (BallotForm,), {**fields, "matters": matters})()
    return form


def _is_plainly_named(name: str) -> bool:
    """Whether a field's name is not another spelling of one about a matter."""
    kind, _, number = name.partition("-")
    return kind not in ("matter", "rank", "reason") or bool(_NUMBER.match(number))


def read_ballot(sent: MultiDict[str, str]) -> Ballot | None:
    """What a phone sent, where the form would find nothing wrong with it; else the form must look.

    Whether it answers what the household is asked is found out when it is cast.
    """
    request_id, seen, comment = (sent.get(name, "") for name in ("request_id", "seen", "comment"))
    if not _REQUEST_ID.match(request_id) or not _SEEN.match(seen) or len(comment) > COMMENT_LENGTH:
        return None
    answers = _Answers()
    if not all(answers.take(*named) for named in sent.lists()):
        return None
    votes, plan = seen.split(".")
    words = cleaned(comment) if comment else ""
    return Ballot(
        answers.choices,
        request_id,
        int(votes),
        int(plan),
        words,
        frozenset(answers.wishes),
        answers.ranks,
        answers.reasons,
        sent.get("may_call", "") not in _NO,
    )


class _Answers:
    """What stands in a request about its matters, read without asking what they are."""

    def __init__(self) -> None:
        self.choices: dict[int, Choice] = {}
        self.wishes: set[int] = set()
        self.ranks: dict[int, tuple[int, ...]] = {}
        self.reasons: dict[int, Reason] = {}

    def take(self, name: str, values: list[str]) -> bool:
        """Read what was sent under one name; False: the form must look at it."""
        kind, _, number = name.partition("-")
        if kind not in ("matter", "rank", "reason"):
            return True
        if not _is_plainly_named(name):
            return False
        if kind == "reason":
            # No vote is refused for a reason that nobody knows.
            known = (Reason(value) for value in values if value in _REASONS)
            self.reasons.update((int(number), reason) for reason in known)
            return True
        if kind == "rank":
            values = [value for value in values if value]
        elif len(values) == 1 and values[0] in _CHOICES:
            self.choices[int(number)] = Choice(values[0])
            return True
        if not all(_NUMBER.match(value) for value in values):
            return False
        self.wishes.update(map(int, values))
        if kind == "rank" and values:
            self.ranks[int(number)] = tuple(map(int, values))
        return True


def _fields(matter: Matter) -> Iterator[tuple[str, Any]]:
    """The fields of one matter by name, in the order in which they stand on the page."""
    if matter.is_decision:
        # Who does not answer as owner takes no part in that decision (RULES.md §2.1).
        may_stay_open = matter.track == Track.OWNERS
        must = Optional() if may_stay_open else InputRequired(_l("这一项还没有选。"))
        choices = [choice.value for choice in Choice]
        yield f"matter-{matter.id}", AnswerField(matter.title, [must], choices=choices)
        why = RadioField(matter.title, [Optional()], choices=list(Reason), validate_choice=False)
        yield f"reason-{matter.id}", why
        return
    options = [SelectChoice(value=option.id, label=option.title) for option in matter.options]
    yield f"matter-{matter.id}", ManyField(matter.title, choices=options, coerce=int)
    yield f"rank-{matter.id}", RanksField(matter.title, matter)


class DisownForm(Form):
    """What a household may add when it says that a vote is not its own."""

    words = TextAreaField(
        _l("知道是怎么回事的话，请写一写（可以不写）"),
        [Length(max=COMMENT_LENGTH, message=_l("最多写 500 个字。"))],
        filters=[cleaned],
        render_kw={"rows": 3, "maxlength": COMMENT_LENGTH},
    )


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
