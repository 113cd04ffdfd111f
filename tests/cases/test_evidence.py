"""Photographs of what a case rests on: small, without notes, sealed, and for few eyes."""

import io
from typing import Any

from PIL import Image

from app.cases import evidence
from app.core import files
from app.core.guards import Role
from app.journal.models import Kind
from app.rounds.cases import Decision, Objection, ObjectionKind
from app.rounds.decisions import decline
from tests.cases.quarrels import a_photo, every_kind
from tests.client import PageClient
from tests.factories import make_area, make_compound, make_staff
from tests.rounds.disagreeing import WORDS, last_decision
from tests.rounds.offices import journal_of


def photo_of(client: PageClient, of: Decision | Objection) -> Any:
    noun = "decisions" if isinstance(of, Decision) else "objections"
    return client.raw("get", f"/desk/{noun}/{of.id}/photo")


def proposed(client: PageClient, conflict_id: int, status: int = 303, photo: Any = None) -> Any:
    form = {**WORDS, "keep": "held", "photo": photo or a_photo()}
    return client.post("cases.resolve", form, status=status, conflict_id=conflict_id)


def test_a_photograph_is_sealed_small_and_without_its_notes(client: PageClient) -> None:
    quarrels = every_kind()
    client.sign_in(make_staff())
    proposed(client, quarrels.conflict.id, photo=a_photo(2000))
    decision = last_decision()
    kept = files.read(decision.evidence_digest)
    assert not kept.startswith(b"\xff\xd8")
    assert b"canary" not in kept
    answer = photo_of(client, decision)
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.content_type == "image/jpeg"
    image = Image.open(io.BytesIO(answer.data))
    assert max(image.size) <= 1280
    assert not image.getexif()
    assert b"canary" not in answer.data
    [told] = [f for f in journal_of(quarrels.round, Kind.DECISION_PROPOSED) if "ev" in f]
    assert told["ev"] == decision.evidence_digest


def test_it_is_shown_where_one_decides_and_only_to_few(client: PageClient) -> None:
    area = make_area()
    quarrels = every_kind(make_compound(area=area))
    taker = make_staff(role=Role.WORKER, area=area)
    client.sign_in(taker)
    proposed(client, quarrels.conflict.id)
    decision = last_decision()
    assert photo_of(client, decision).status_code == 200
    for role, place, status in (
        (Role.OFFICE, area, 200),
        (Role.DISTRICT, None, 200),
        (Role.WORKER, area, 403),
        (Role.WORKER, make_area(), 403),
        (Role.OFFICE, make_area(), 403),
        (Role.DESIGNER, area, 403),
    ):
        client.sign_in(make_staff(role=role, area=place))
        assert photo_of(client, decision).status_code == status, (role, status)
    client.sign_in(make_staff(role=Role.OFFICE, area=area))
    shown = client.get("cases.decision", decision_id=decision.id)
    assert shown.all("img", src=f"/desk/decisions/{decision.id}/photo")
    client.sign_in(make_staff(role=Role.WORKER, area=area))
    hidden = client.get("cases.decision", decision_id=decision.id)
    assert not hidden.all("img", class_="evidence")
    assert "有照片，只给" in hidden.text


def test_what_is_no_picture_is_told_and_nothing_is_proposed(client: PageClient) -> None:
    quarrels = every_kind()
    before = last_decision().id
    client.sign_in(make_staff())
    broken = (io.BytesIO(b"MZ not a picture"), "a.jpg")
    page = proposed(client, quarrels.conflict.id, status=422, photo=broken)
    assert "打不开" in page.one(role="alert").text
    assert last_decision().id == before


def test_an_objection_comes_with_its_photograph_and_the_answer_with_another(
    client: PageClient,
) -> None:
    quarrels = every_kind()
    worker = make_staff(role=Role.WORKER)
    client.sign_in(worker)
    form = {
        "kind": ObjectionKind.CONTENT.value,
        "place": "3号楼东头平房",
        "words": "不好",
        "photo": a_photo(),
    }
    answer = client.post("cases.raise_objection", form, round_id=quarrels.round.id)
    page = client.follow(answer)
    objection_id = int(answer.headers["Location"].rsplit("/", 1)[1])
    assert page.all("img", src=f"/desk/objections/{objection_id}/photo")
    assert client.raw("get", f"/desk/objections/{objection_id}/photo").status_code == 200
    raised = [f for f in journal_of(quarrels.round, Kind.OBJECTION) if f.get("ev")]
    assert len(raised) == 1
    form = {"words": "看过了", "effect": "none", "photo": a_photo()}
    client.post("cases.answer", form, objection_id=objection_id)
    assert last_decision().evidence_digest is not None
    assert photo_of(client, last_decision()).status_code == 200


def test_without_a_photograph_there_is_none_to_see(client: PageClient) -> None:
    quarrels = every_kind()
    client.sign_in(make_staff())
    assert photo_of(client, quarrels.extension).status_code == 404
    assert photo_of(client, quarrels.objection).status_code == 404
    assert evidence.SentPhoto().keep() is None


def test_every_proposal_can_bring_one(client: PageClient) -> None:
    quarrels = every_kind()
    client.sign_in(make_staff())
    # One later end at a time is asked for.
    decline(quarrels.extension, "先不延", by=make_staff().identity)
    entry = quarrels.conflict.entry
    forms = {
        f"/desk/rounds/{quarrels.round.id}/extend",
        f"/desk/entries/{entry.id}/dispute",
        f"/desk/entries/{quarrels.disputed.id}/settle",
        f"/desk/entries/{entry.id}/remove",
        f"/desk/entries/{entry.id}/transfer",
        f"/desk/conflicts/{quarrels.conflict.id}/resolve",
        f"/desk/objections/{quarrels.objection.id}/answer",
        f"/desk/rounds/{quarrels.round.id}/objections/new",
    }
    for path in forms:
        page = client.visit(path)
        [form] = [one for one in page.all("form") if one.all("input", name="photo")]
        assert form["enctype"] == "multipart/form-data"
