"""What the tests of this folder say again and again: a household writes, a browser reads."""

from app.comments import actions
from app.comments.models import Comment, Nature
from app.projects.models import Section
from app.roster.models import Building
from tests.client import Page, PageClient
from tests.factories import homes_of, issue_code


def ask(
    building: Building,
    body: str = "换不换水管？",
    home: int = 0,
    nature: Nature = Nature.QUESTION,
) -> Comment:
    """A comment of the household that was made as number `home`."""
    household = homes_of(building)[home]
    about = (household.id, building.compound, Section.WORK, body, nature)
    return actions.write_comment(*about)


def enter(client: PageClient, building: Building, home: int = 0) -> PageClient:
    """Let this browser be that household's."""
    client.enter(building, issue_code(homes_of(building)[home]))
    return client


def bodies(page: Page) -> list[str]:
    """What the comments and replies say, line breaks kept."""
    return ["".join(p.element.itertext()) for p in page.all("p", class_="body")]


def about(building: Building, comment: Comment) -> dict[str, object]:
    """What an address about one comment carries."""
    return {"token": building.token, "comment_id": comment.id}
