"""The forms of a plan as a person at the desk uses them."""

from typing import Any

from app.projects.models import PlanVersion
from tests.client import Page, PageClient

FORMS = ("summary", "items", "money", "design", "construction", "management")
UPLOADS = ("pictures", "documents")


def errors(page: Page) -> str:
    return page.one("div", role="alert").text


def change(client: PageClient, verb: str, version: PlanVersion, **values: Any) -> Any:
    """Open a form of the draft, change some fields as a person would, and save."""
    page = client.get(f"projects_staff.{verb}", version_id=version.id)
    data = page.form_values(verb) | values
    return client.post(f"projects_staff.{verb}", data, version_id=version.id)


def row(number: int, *values: str, **ticks: str) -> dict[str, str]:
    names = ("category", "name", "quantity", "unit", "cost")
    filled = dict(zip(names, values, strict=True)) | ticks
    return {f"items-{number}-{name}": value for name, value in filled.items()}
