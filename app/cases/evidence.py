"""Photographs of what a proposal or an objection rests on: small, without notes, sealed on disk.

A photograph may show what a household chose, so it is shown to whoever may see that, and to
whoever took it. Named by its digest, which the journal holds too (THREATS.md T14, T30).
"""

from dataclasses import dataclass

from app.cases.sight import sees_choices
from app.core import files
from app.core.errors import Refused
from app.core.files import Picture, shrink_picture
from app.core.guards import Identity
from app.core.sealing import seal, unseal
from app.rounds.models import Round

_PNG = b"\x89PNG"


@dataclass(frozen=True)
class SentPhoto:
    """What somebody sent with a form: the small picture made of it, or why it is none."""

    picture: Picture | None = None
    refusal: Refused | None = None

    def keep(self) -> str | None:
        """Store it sealed and return the name of the file; None when nothing was sent."""
        return files.keep(seal(self.picture.content)) if self.picture else None


def photo_of(content: bytes) -> SentPhoto:
    """The small picture of an upload. This takes up to seconds: hold no lock meanwhile."""
    try:
        return SentPhoto(picture=shrink_picture(content))
    except Refused as refusal:
        return SentPhoto(refusal=refusal)


def shown(digest: str) -> tuple[bytes, str]:
    """The picture kept under this name, and its media type; `FileNotFoundError` when it is gone."""
    content = unseal(files.read(digest))
    return content, "image/png" if content.startswith(_PNG) else "image/jpeg"


def may_see(round_: Round, taken_by_id: int | None, by: Identity) -> bool:
    """Whether `by` may look at a photograph that this member of staff took."""
    return sees_choices(round_, by) or taken_by_id == by.id
