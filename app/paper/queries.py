"""Reading the register of forms: how far each is, what adds up, what waits for whom."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, and_, case, exists, func, or_, select
from sqlalchemy.orm import aliased, joinedload, selectinload

from app.accounts.queries import are_two_persons, near_to
from app.core import clock
from app.core.db import db
from app.core.guards import Identity, Role
from app.core.jobs import Job
from app.paper.models import (
    WAITING,
    FormState,
    Handing,
    PaperBatch,
    PaperEntry,
    PaperForm,
)
from app.paper.serials import Serial
from app.roster.models import Area, Compound
from app.rounds.lifecycle import State
from app.rounds.models import Channel, RegisterEntry, Round, Voice, Vote
from app.rounds.profile import Sight

FORMS = "paper_forms"
# The same as `PaperForm.state`; a test holds both together.
STATE: ColumnElement[str] = case(
    (PaperForm.voided_at.is_not(None), FormState.VOID.value),
    (PaperForm.vote_id.is_not(None), FormState.COUNTED.value),
    (PaperForm.keyed >= 2, FormState.MISMATCH.value),
    (PaperForm.keyed == 1, FormState.FIRST.value),
    (PaperForm.returned_at.is_not(None), FormState.RETURNED.value),
    (PaperForm.handing == Handing.REFUSED, FormState.DECLINED.value),
    (PaperForm.given_at.is_not(None), FormState.OUT.value),
    else_=FormState.PRINTED.value,
)
# Where forms may still be printed, given out and taken back.
IN_USE = frozenset({State.FROZEN, State.OPEN})
# Whose current vote is counted.
_COUNTS = (RegisterEntry.voice == Voice.COUNTED, RegisterEntry.removed_at.is_(None))
_WHOLE = (
    joinedload(PaperForm.entry),
    joinedload(PaperForm.batch),
    joinedload(PaperForm.given_by),
    joinedload(PaperForm.returned_by),
)


@dataclass(frozen=True)
class Sums:
    """How many forms of a round, or of a batch, are how far; the states always add up to `all`.

    `given`, `taken_in` and `keyed` (a first, second and third time) count what ever happened,
    whatever became of the form afterwards. What came back was given out, noted or not. `standing`
    are those whose vote counts now: a household may have said something else since.
    """

    states: dict[FormState, int]
    given: int = 0
    taken_in: int = 0
    held: int = 0
    standing: int = 0
    keyed: tuple[int, ...] = (0, 0, 0)

    @property
    def all(self) -> int:
        """Every number that was ever printed."""
        return sum(self.states.values())

    @property
    def stock(self) -> int:
        """What lies at the office, unsigned: not given out yet, or not accepted."""
        return self.states[FormState.PRINTED] + self.states[FormState.DECLINED]

    @property
    def out(self) -> int:
        """The gap: given out, and neither returned nor void (THREATS.md T31)."""
        return self.states[FormState.OUT]

    @property
    def waiting(self) -> int:
        """Signed and back, and not counted yet."""
        return sum(self.states[state] for state in WAITING)

    @property
    def untouched(self) -> int:
        """Signed and back, and nobody has keyed it; the others that wait want another person."""
        return self.states[FormState.RETURNED]

    @property
    def counted(self) -> int:
        """What became votes."""
        return self.states[FormState.COUNTED]

    @property
    def void(self) -> int:
        """What is worth nothing, for one reason or another."""
        return self.states[FormState.VOID]


@dataclass(frozen=True)
class Waiting:
    """What one person may do with the forms of one round.

    To photograph and key for the first time, to key again (a second or third entry), and to judge
    whether a returned form is void.
    """

    round_id: int
    compound: str
    first: int
    again: int
    voids: int


def sums_of(round_id: int) -> Sums:
    """The sums of a round, in two statements."""
    return _sums(PaperForm.round_id == round_id).get(round_id, _NOTHING)


def sums_by_batch(round_id: int) -> dict[int, Sums]:
    """Batch id → its sums."""
    return _sums(PaperForm.round_id == round_id, by=PaperForm.batch_id)


_NOTHING = Sums(dict.fromkeys(FormState, 0))


def _sums(where: ColumnElement[bool], *, by: object = PaperForm.round_id) -> dict[int, Sums]:
    key: ColumnElement[int] = by  # type: ignore[assignment]
    is_back = PaperForm.returned_at.is_not(None)
    rows = db.session.execute(
        select(
            key,
            STATE,
            func.count(),
            func.count().filter(or_(PaperForm.handing != Handing.REFUSED, is_back)),
            func.count(PaperForm.returned_at),
            func.count().filter(Vote.is_held),
            func.count().filter(and_(Vote.is_current, *_COUNTS)),
            *(func.count().filter(PaperForm.keyed >= times) for times in (1, 2, 3)),
        )
        .join(RegisterEntry, RegisterEntry.id == PaperForm.entry_id)
        .outerjoin(Vote, Vote.id == PaperForm.vote_id)
        .where(where)
        .group_by(key, STATE)
    ).all()
    found: dict[int, list[Sums]] = {}
    for group, state, forms, given, taken_in, held, standing, *keyed in rows:
        part = Sums({FormState(state): forms}, given, taken_in, held, standing, tuple(keyed))
        found.setdefault(group, []).append(part)
    return {group: _summed(parts) for group, parts in found.items()}


def _summed(parts: list[Sums]) -> Sums:
    states = dict.fromkeys(FormState, 0)
    for part in parts:
        states |= part.states
    numbers = [(p.given, p.taken_in, p.held, p.standing, *p.keyed) for p in parts]
    given, taken_in, held, standing, *keyed = map(sum, zip(*numbers, strict=True))
    return Sums(states, given, taken_in, held, standing, tuple(keyed))


def batches_of(round_id: int) -> list[PaperBatch]:
    """The batches of a round, the newest first."""
    batches = (
        select(PaperBatch)
        .where(PaperBatch.round_id == round_id)
        .options(
            joinedload(PaperBatch.building),
            joinedload(PaperBatch.entrance),
            joinedload(PaperBatch.ordered_by),
            joinedload(PaperBatch.job),
        )
        .order_by(PaperBatch.number.desc())
    )
    return list(db.session.scalars(batches))


def register_of_forms(
    round_id: int,
    *,
    state: FormState | None = None,
    building_id: int | None = None,
    batch_id: int | None = None,
) -> Select[PaperForm]:
    """The forms of a round by their numbers, of one state, building or batch if asked."""
    forms = select(PaperForm).join(RegisterEntry, RegisterEntry.id == PaperForm.entry_id)
    forms = forms.where(PaperForm.round_id == round_id)
    if state is not None:
        forms = forms.where(STATE.in_([state.value]))
    if building_id:
        forms = forms.where(RegisterEntry.building_id == building_id)
    if batch_id:
        forms = forms.where(PaperForm.batch_id == batch_id)
    return forms.options(*_WHOLE).order_by(PaperForm.number)


def forms_at(
    round_id: int, entrance_id: int, states: tuple[FormState, ...], *, on: list[int] | None = None
) -> list[PaperForm]:
    """The forms of an entrance in these states, in the order of doors; `on` keeps to these ids."""
    forms = register_of_forms(round_id).where(
        RegisterEntry.entrance_id == entrance_id, STATE.in_([state.value for state in states])
    )
    if on is not None:
        forms = forms.where(PaperForm.id.in_(on))
    ordered = forms.order_by(None).order_by(RegisterEntry.position, PaperForm.number)
    return list(db.session.scalars(ordered))


def form_of_serial(serial: Serial) -> PaperForm | None:
    """The form with this number, if it was ever printed."""
    mine = (PaperForm.round_id == serial.round_id, PaperForm.number == serial.number)
    return db.session.scalar(select(PaperForm).where(*mine).options(*_WHOLE))


def form_of_vote(vote_id: int) -> PaperForm | None:
    """The form that a vote was keyed from."""
    return db.session.scalar(select(PaperForm).where(PaperForm.vote_id == vote_id))


def forms_of(household_id: int) -> list[PaperForm]:
    """Every form that was ever printed for a household, the newest first."""
    forms = (
        select(PaperForm)
        .join(RegisterEntry, RegisterEntry.id == PaperForm.entry_id)
        .where(RegisterEntry.household_id == household_id)
        .options(*_WHOLE, joinedload(PaperForm.round))
        .order_by(PaperForm.id.desc())
    )
    return list(db.session.scalars(forms))


def live_forms(round_id: int) -> dict[int, PaperForm]:
    """Entry id → the form it holds now: neither counted nor void."""
    live = (PaperForm.voided_at.is_(None), PaperForm.vote_id.is_(None))
    forms = select(PaperForm).where(PaperForm.round_id == round_id, *live)
    return {form.entry_id: form for form in db.session.scalars(forms)}


def last_number(round_id: int) -> int:
    """The highest number of a form so far."""
    highest = select(func.max(PaperForm.number)).where(PaperForm.round_id == round_id)
    return db.session.scalar(highest) or 0


def entries_to_ask(
    round_: Round, building_id: int | None = None, entrance_id: int | None = None
) -> list[RegisterEntry]:
    """Entries without a counted word that are asked something, in the order of doors.

    Shops and landlords too: they answer owners' questions on paper only.
    """
    entries = select(RegisterEntry).where(
        RegisterEntry.round_id == round_.id,
        RegisterEntry.removed_at.is_(None),
        RegisterEntry.voice != Voice.COUNTED,
    )
    if building_id is not None:
        entries = entries.where(RegisterEntry.building_id == building_id)
    if entrance_id is not None:
        entries = entries.where(RegisterEntry.entrance_id == entrance_id)
    found = db.session.scalars(entries.order_by(RegisterEntry.position, RegisterEntry.id))
    return [entry for entry in found if is_asked(round_, entry)]


def is_asked(round_: Round, entry: RegisterEntry) -> bool:
    """Whether there is any question to decide on this entry's form."""
    return any(matter.is_decision and matter.counts(entry) for matter in round_.matters)


def standing_elsewhere(entry: RegisterEntry) -> Vote | None:
    """The household's vote by another channel that a form would be laid over (THREATS.md T30)."""
    other = (Vote.entry_id == entry.id, Vote.is_current, Vote.channel != Channel.PAPER)
    return db.session.scalar(select(Vote).where(*other))


def may_key(form: PaperForm, by: Identity) -> bool:
    """Whether this person may make the next entry of a form: they, nor who made their account or

    whose account they made, have not keyed it before.
    """
    return all(are_two_persons(entry.keyed_by_id, by) for entry in form.entries)


def sees_photo(form: PaperForm, by: Identity) -> bool:
    """Whether the photograph may be shown: to whoever keys from it now, and to the office.

    A signed form tells what one household chose (RULES.md §5).
    """
    if by.role != Role.WORKER or form.round.switches.staff_see_choices == Sight.HOUSEHOLDS:
        return True
    return form.is_waiting and form.round.is_open and may_key(form, by)


def waiting_for(by: Identity, *, round_id: int | None = None) -> Select[PaperForm]:
    """Forms that lack a second or third entry which this person may make, the oldest first."""
    mine = _queue(by).where(PaperForm.keyed >= 1, ~_keyed_near(by))
    if round_id is not None:
        mine = mine.where(PaperForm.round_id == round_id)
    return mine.options(*_WHOLE, joinedload(PaperForm.round).joinedload(Round.compound)).order_by(
        PaperForm.photographed_at, PaperForm.id
    )


def forms_waiting(by: Identity) -> list[Waiting]:
    """The rounds in which forms wait for this person, in one statement."""
    is_mine = ~_keyed_near(by)
    counts = (
        func.count().filter(PaperForm.keyed == 0),
        func.count().filter(PaperForm.keyed >= 1, is_mine),
        func.count().filter(PaperForm.void_asked_by_id.not_in(near_to(by))),
    )
    rows = db.session.execute(
        _queue(by)
        .with_only_columns(Round.id, Compound.name, *counts)
        .group_by(Round.id, Compound.name)
        .order_by(Round.id)
    )
    return [Waiting(*row) for row in rows]


def _queue(by: Identity) -> Select[PaperForm]:
    """Forms that came back and are not done with, in the open rounds of a scope."""
    is_open = (Round.opened_at.is_not(None), Round.closed_at.is_(None))
    return (
        select(PaperForm)
        .join(Round, Round.id == PaperForm.round_id)
        .join(Compound, Compound.id == Round.compound_id)
        .join(Area, Area.id == Compound.area_id)
        .where(Area.path.startswith(by.area_path), *is_open, Round.closes_at > clock.now())
        .where(STATE.in_([state.value for state in WAITING]))
    )


def _keyed_near(by: Identity) -> ColumnElement[bool]:
    """Whether somebody who is no second person to `by` keyed the form (as `are_two_persons`)."""
    return exists().where(
        PaperEntry.form_id == PaperForm.id, PaperEntry.keyed_by_id.in_(near_to(by))
    )


def wanting_paper(round_id: int) -> list[RegisterEntry]:
    """Who signed a form that came to nothing, and has neither another one nor spoken since."""
    other = aliased(PaperForm)
    holds = exists().where(other.entry_id == RegisterEntry.id, other.voided_at.is_(None))
    failed = (PaperForm.voided_at.is_not(None), PaperForm.returned_at.is_not(None))
    came_to_nothing = exists().where(PaperForm.entry_id == RegisterEntry.id, *failed)
    silent = (RegisterEntry.voice != Voice.COUNTED, RegisterEntry.removed_at.is_(None))
    found = select(RegisterEntry).where(
        RegisterEntry.round_id == round_id, *silent, came_to_nothing, ~holds
    )
    return list(db.session.scalars(found.order_by(RegisterEntry.position)))


def asked_void(round_id: int) -> list[PaperForm]:
    """Forms that came back and that a second person is asked to agree to void."""
    asked = register_of_forms(round_id).where(
        PaperForm.void_asked_at.is_not(None), STATE.in_([state.value for state in WAITING])
    )
    return list(db.session.scalars(asked))


def without_form(round_id: int) -> int:
    """How many votes on paper count that were keyed from no numbered form, as by a decision."""
    numbered = exists().where(PaperForm.vote_id == Vote.id)
    mine = (Vote.round_id == round_id, Vote.channel == Channel.PAPER, Vote.is_current)
    found = select(func.count()).select_from(Vote).join(RegisterEntry).where(*mine, ~numbered)
    return db.session.scalar(found.where(*_COUNTS)) or 0


def whole_form(form_id: int) -> PaperForm | None:
    """A form with everything its page shows."""
    return db.session.scalar(
        select(PaperForm)
        .where(PaperForm.id == form_id)
        .options(
            *_WHOLE,
            selectinload(PaperForm.entries).joinedload(PaperEntry.keyed_by),
            joinedload(PaperForm.round).joinedload(Round.compound),
        )
    )


def kept_files() -> list[Job]:
    """The jobs whose PDF still lies in the store: it names owners, so it does not stay."""
    kept = select(Job).where(Job.kind == FORMS, Job.result["file"].as_string().is_not(None))
    return list(db.session.scalars(kept))
