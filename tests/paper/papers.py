"""An open round with people who print, photograph and key forms, and pictures of such forms."""

import base64
import io
import random
from dataclasses import dataclass, field
from typing import Any

from PIL import Image, ImageDraw

from app.accounts.models import Staff
from app.core.db import db
from app.core.guards import Identity, Role
from app.core.qr import qr_png
from app.paper import actions, queries
from app.paper.actions import Place
from app.paper.keying import Keyed, Said, key
from app.paper.models import Flaw, PaperForm
from app.paper.photos import Photo, develop
from app.roster.models import Building, Household
from app.rounds.counting import Choice
from app.rounds.models import RegisterEntry, Round
from tests.factories import homes_of, make_building, make_round, make_staff
from tests.rounds.offices import answers, entry_at


@dataclass
class Desk:
    """A building whose round is open, and three who work in its community."""

    building: Building
    round: Round
    people: list[Staff] = field(default_factory=list)

    @property
    def first(self) -> Identity:
        return self.people[0].identity

    @property
    def second(self) -> Identity:
        return self.people[1].identity

    @property
    def third(self) -> Identity:
        return self.people[2].identity

    def home(self, place: int = 0) -> Household:
        """A household of the building."""
        return homes_of(self.building)[place]

    def entry(self, place: int = 0) -> RegisterEntry:
        """Its place on the register."""
        return entry_at(self.round, self.home(place))

    def print_all(self) -> list[PaperForm]:
        """A form for everybody who has not spoken, by the order of doors."""
        batch = actions.order_forms(self.round, Place(), by=self.first)
        return list(db.session.scalars(queries.register_of_forms(self.round.id, batch_id=batch.id)))

    def print_one(self, place: int = 0) -> PaperForm:
        """A new form for one household."""
        actions.order_form(self.round, self.entry(place), by=self.first)
        return queries.live_forms(self.round.id)[self.entry(place).id]

    def photographed(self, place: int = 0) -> PaperForm:
        """A form of a household that came back and was photographed."""
        form = self.print_one(place)
        actions.photograph(form, photo_of(form), by=self.first)
        return form

    def said(self, form: PaperForm, choice: Choice = Choice.AGREE, **others: Any) -> Said:
        """The same choice on every question of the form."""
        return Said(answers(form.entry, choice), **others)

    def keys(self, form: PaperForm, who: int, choice: Choice = Choice.AGREE, **more: Any) -> Keyed:
        """One of the three keys the form."""
        return key(form, self.said(form, choice, **more), by=self.people[who].identity)

    def counted(self, place: int = 0, choice: Choice = Choice.AGREE) -> PaperForm:
        """A form that two persons keyed alike."""
        form = self.photographed(place)
        self.keys(form, 0, choice)
        self.keys(form, 1, choice)
        return form


def make_desk(homes: int = 4, role: Role = Role.WORKER, **facts: Any) -> Desk:
    """An open round of a building of `homes`, with three workers of its community."""
    building = make_building(homes=homes)
    round_ = make_round(building.compound, **facts)
    area = building.compound.area
    return Desk(building, round_, [make_staff(role, area) for _ in range(3)])


UNSIGNED, UNCLEAR = Said(flaw=Flaw.UNSIGNED), Said(flaw=Flaw.UNCLEAR)


def picture_of(form: PaperForm, *, with_code: bool = True, seed: int | None = None) -> bytes:
    """Something like a photograph of this form, as a PNG: its code, lines, and handwriting."""
    chance = random.Random(form.number if seed is None else seed)
    image = Image.new("L", (900, 1270), 235)
    drawing = ImageDraw.Draw(image)
    for row in range(14):
        drawing.line((60, 220 + row * 60, 840, 220 + row * 60), fill=60)
    for _ in range(40):
        x, y = chance.randrange(80, 800), chance.randrange(200, 1150)
        drawing.line((x, y, x + chance.randrange(-40, 40), y + chance.randrange(30)), 20, 4)
    if with_code:
        data = base64.b64decode(
            qr_png(f"http://x.example/desk/paper/s/{form.serial}").split(",")[1]
        )
        image.paste(Image.open(io.BytesIO(data)).convert("L"), (690, 20))
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def photo_of(form: PaperForm, **how: Any) -> Photo:
    """The same as we keep it."""
    return develop(picture_of(form, **how))
