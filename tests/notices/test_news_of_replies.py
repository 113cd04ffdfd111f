"""A household is told when its comment got an answer; nobody else is, and of nothing else."""

import pytest

from app.comments import actions, moderation
from app.comments.models import Comment, Wrong
from app.comments.wording import state_of
from app.notices.models import MessageKind
from app.projects.models import Section
from app.roster.models import Building
from tests.factories import homes_of, make_building, make_staff
from tests.notices.homes import MOBILE, OTHER_MOBILE, give_phones, queued

pytestmark = pytest.mark.usefixtures("session", "postbox")


@pytest.fixture
def building() -> Building:
    building = make_building(homes=2)
    own, other = homes_of(building)
    give_phones(own, MOBILE)
    give_phones(other, OTHER_MOBILE)
    return building


def ask(building: Building, body: str) -> Comment:
    own = homes_of(building)[0]
    return actions.write_comment(own.id, building.compound, Section.WORK, body)


def test_the_household_that_asked_is_told_of_each_answer_and_of_no_word(building: Building) -> None:
    comment = ask(building, "什么时候动工？")
    by = make_staff().identity
    actions.agree_with(homes_of(building)[1].id, comment, state_of(comment))
    actions.reply(comment, "社区", "四月一日。", by=by, seen=state_of(comment))
    actions.reply(comment, "社区", "补充一句。", by=by, seen=state_of(comment))
    messages = queued()
    assert [(m.phone, m.kind) for m in messages] == [(MOBILE, MessageKind.REPLIED)] * 2
    assert [m.cause for m in messages] == [f"reply:{one.id}" for one in comment.replies]
    assert not any(word in str(m.body) for m in messages for word in ("四月", "动工"))


def test_nothing_else_about_a_comment_is_sent(building: Building) -> None:
    comment = ask(building, "打 13812345678")
    by = make_staff().identity
    moderation.release_comment(comment, by=by, seen=state_of(comment))
    actions.report_comment(homes_of(building)[1].id, comment, Wrong.ABUSE)
    moderation.keep_comment(comment, by=by, seen=state_of(comment))
    moderation.remove_comment(comment, "骂人", by=by, seen=state_of(comment))
    with pytest.raises(actions.IsRemoved):
        actions.reply(comment, "社区", "好。", by=by, seen=state_of(comment))
    assert queued() == []
