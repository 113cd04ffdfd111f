"""What the office posts in a WeChat group: counts and the way to take part, never a name.

Only what residents may see: while a round is open who took part, not what they chose (RULES §5).
"""

from dataclasses import dataclass
from urllib.parse import urlsplit

from flask_babel import force_locale, gettext

from app.core.format import as_deadline, as_share
from app.core.i18n import DEFAULT, say
from app.reports.queries import building_url
from app.roster.models import Building
from app.rounds.models import Round, State
from app.rounds.tallies import RoundTally, results


@dataclass(frozen=True)
class Posting:
    """One posting for the residents of a building; all of it in Chinese, as posters are."""

    compound: str
    building: str
    title: str
    # Counts, and the deadline or what comes after it.
    facts: tuple[str, ...]
    how: str
    # By which one sees that it is no forgery (THREATS.md T06).
    check: str
    # The community's phone, or nothing when none is known.
    phone: str
    url: str

    @property
    def text(self) -> str:
        """To be copied and pasted."""
        heading = f"【{self.compound}】{self.building}"
        lines = (heading, self.title, *self.facts, self.how, self.url, self.check, self.phone)
        return "\n".join(line for line in lines if line)

    @property
    def typed_address(self) -> str:
        """The address without its scheme, as a person types it."""
        parts = urlsplit(self.url)
        return f"{parts.netloc}{parts.path}"


def posting_of(round_: Round, building: Building) -> Posting:
    """What may be said of the round now to the residents of one of its buildings."""
    phone = round_.phone or round_.compound.phone
    with force_locale(DEFAULT):
        return Posting(
            round_.compound.name,
            building.name,
            gettext("小区改造征求意见 · %(round)s", round=str(round_.shown_title)),
            _facts(round_),
            _how(round_),
            gettext("扫码后网页上的核对词应是：%(words)s", words=building.check_phrase),
            gettext("社区电话：%(phone)s", phone=phone) if phone else "",
            building_url(building),
        )


def _facts(round_: Round) -> tuple[str, ...]:
    tally = results(round_)
    if round_.state in (State.PRELIMINARY, State.CERTIFIED) or round_.certified_at:
        return _outcome(round_, tally)
    deadline = as_deadline(round_.closes_at)
    if round_.opened_at is None:
        return (gettext("还没有开始。"), deadline)
    share = gettext("全小区已表态 %(share)s", share=as_share(tally.voted, tally.total))
    if round_.is_open:
        return (share, deadline)
    return (share, gettext("已截止，正在核对，结果另行公示。"))


def _outcome(round_: Round, tally: RoundTally) -> tuple[str, ...]:
    """The published numbers, matter by matter."""
    lines = [
        gettext(
            "%(matter)s：同意 %(share)s，%(result)s",
            matter=say(m.title),
            share=as_share(m.tally.agree, m.tally.total),
            result=gettext("通过") if m.passed else gettext("没有通过"),
        )
        for m in tally.main
    ]
    is_final = round_.certified_at is not None
    heading = gettext("最终结果") if is_final else gettext("初步结果，有异议请打社区电话")
    return (heading, *lines)


def _how(round_: Round) -> str:
    if round_.has_closed:
        return gettext("扫二维码看结果和每一步的记录。")
    return gettext(
        "扫二维码或楼道海报，填户码单上的户码表态；不会用手机，打社区电话，工作人员上门帮您。"
    )
