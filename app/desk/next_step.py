"""What an office does next for a compound, in one sentence and with the page to do it on."""

from dataclasses import dataclass

from flask_babel import gettext as _

from app.core import clock
from app.core.format import as_count, as_moment
from app.core.guards import Role
from app.desk.queries import CompoundLine, PlanLine, RoundLine
from app.rounds.models import State


@dataclass(frozen=True)
class Step:
    """A sentence, and where it is done: an endpoint with its one parameter."""

    text: str
    link: str
    endpoint: str
    values: dict[str, int]


def next_step(line: CompoundLine, role: Role) -> Step:
    """The one thing that moves this compound forward (RULES.md §3), as `role` reads it."""
    if line.households == 0:
        return Step(_("先导入住户台账。"), _("导入台账"), "roster_staff.upload", {})
    if line.round and line.round.state not in (State.CERTIFIED, State.ARCHIVED):
        return _of_round(line.round, line.plan, role)
    return _of_plan(line)


def _of_plan(line: CompoundLine) -> Step:
    plan, compound = line.plan, {"compound_id": line.id}
    project = "projects_staff.project"
    if plan.is_waiting and plan.draft_id:
        version = {"version_id": plan.draft_id}
        text = _("等第二个人审阅并公布方案第 %(number)s 版。", number=plan.draft)
        return Step(text, _("审阅方案"), "projects_staff.plan_version", version)
    if line.round:
        if line.round.passed:
            return Step(_("两项都已通过，结果已确认。"), _("查看结果"), *_board(line.round))
        return Step(_("上一轮没有通过。改好方案，再开一轮。"), _("改方案"), project, compound)
    if plan.published:
        text = _("方案已公布。新建一轮征询，定好起止时间。")
        return Step(text, _("新一轮征询"), "rounds_staff.draft", compound)
    if plan.draft:
        return Step(_("把方案写完，提交给第二个人公布。"), _("写方案"), project, compound)
    return Step(_("起草改造方案和物业管理方案。"), _("起草方案"), project, compound)


def _of_round(round_: RoundLine, plan: PlanLine, role: Role) -> Step:
    preflight = ("rounds_staff.preflight", {"round_id": round_.id})
    if round_.state == State.OPEN:
        return _of_open(round_, plan, role)
    if not plan.published and round_.state in (State.DRAFT, State.REVIEW):
        return Step(_("方案还没有公布，征询不能开启。"), _("检查清单"), *preflight)
    if waiting := _of_cases(round_, role):
        return waiting
    if round_.state == State.PRELIMINARY:
        return Step(_of_result(round_), _("检查清单"), *preflight)
    texts = {
        State.DRAFT: _("核对起止时间和电话，提交计票口径。"),
        State.REVIEW: _("等第二个人确认计票口径。"),
        State.REGISTER: _("登记册公示没有异议后，锁定登记册。"),
        State.FROZEN: _("打印海报和户码单，然后开启征询。"),
        State.CLOSED: _("已截止。核对结果，公示初步结果。"),
    }
    if round_.state == State.REVIEW and round_.is_confirmed:
        return Step(_("计票口径已确认。公示登记册。"), _("检查清单"), *preflight)
    return Step(texts[round_.state], _("检查清单"), *preflight)


def _of_open(round_: RoundLine, plan: PlanLine, role: Role) -> Step:
    if plan.published and plan.published > round_.version:
        text = _("新方案第 %(number)s 版已公布，请决定这一轮怎么换。", number=plan.published)
        return Step(text, _("方案换版"), "cases.change_plan", {"round_id": round_.id})
    if waiting := _of_cases(round_, role):
        return waiting
    if round_.passed:
        return Step(_("两项都已达到，等到截止。"), _("实时看板"), *_board(round_))
    text = _("还差 %(missing)s 户，请上门找还没有表态的住户。", missing=as_count(round_.missing))
    return Step(text, _("未表态名单"), "doors_staff.doors", {"round_id": round_.id})


def _of_cases(round_: RoundLine, role: Role) -> Step | None:
    """What somebody of the office has to do before the round can go on, if there is anything."""
    cases, at = round_.cases, {"round_id": round_.id}
    if cases.decisions and role in (Role.WORKER, Role.AUDITOR):
        text = _("%(count)s 件事等街道决定。", count=as_count(cases.decisions))
        return Step(text, _("看一看"), "cases.decisions", at)
    if cases.decisions:
        text = _("%(count)s 件事等第二个人决定。", count=as_count(cases.decisions))
        return Step(text, _("去决定"), "cases.decisions", at)
    if cases.conflicts:
        text = _("%(count)s 户的纸质表和手机不一样，请核实。", count=as_count(cases.conflicts))
        return Step(text, _("去核实"), "cases.conflicts", at)
    if cases.objections:
        text = _("%(count)s 件异议没有答复。", count=as_count(cases.objections))
        return Step(text, _("去答复"), "cases.objections", at)
    if cases.audit and round_.state == State.PRELIMINARY:
        text = _("还有 %(count)s 张抽中的纸质表没有核对。", count=as_count(cases.audit))
        return Step(text, _("去核对"), "cases.audit", at)
    return None


def _of_result(round_: RoundLine) -> str:
    end = round_.objections_end
    if end is not None and clock.now() < end:
        return _("异议期到 %(time)s 结束，之后由第二个人确认结果。", time=as_moment(end))
    return _("异议期已满，请第二个人确认结果。")


def _board(round_: RoundLine) -> tuple[str, dict[str, int]]:
    return "desk.board", {"round_id": round_.id}
