"""The page of a round in every state, and the steps taken from it."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
import time_machine

from app.core import clock
from app.core.db import db
from app.core.guards import Role
from app.roster.models import AreaKind
from app.rounds import actions, changes, decisions, matters, queries, register
from app.rounds.counting import Choice
from app.rounds.lifecycle import State, Verb
from app.rounds.models import Channel, Counter, Round
from tests.client import Page, PageClient
from tests.factories import (
    homes_of,
    issue_code,
    make_area,
    make_building,
    make_compound,
    make_plan,
    make_staff,
)
from tests.rounds.asking import HIRE, MENU
from tests.rounds.lives import BEGUN, DO, GROUNDS, Life, draft, go_to, life_in

pytestmark = pytest.mark.usefixtures("session")
BEFORE = (State.DRAFT, State.REVIEW, State.REGISTER, State.FROZEN)
NEXT = {
    State.DRAFT: "submit",
    State.REGISTER: "freeze",
    State.CLOSED: "publish-result",
    State.CERTIFIED: "archive",
}


def seen(client: PageClient, life: Life, role: Role = Role.OFFICE) -> Page:
    """The page of the round as somebody else of this role sees it."""
    client.sign_in(make_staff(role))
    return client.get("rounds_staff.preflight", round_id=life.round.id)


def steps_on(page: Page, round_: Round) -> list[str]:
    """The steps that the page offers in its next-step bar."""
    prefix = f"/desk/rounds/{round_.id}/steps/"
    links = page.one("div", class_="next-step").all("a")
    return [a["href"].removeprefix(prefix) for a in links if a["href"].startswith(prefix)]


@pytest.mark.parametrize("state", State)
def test_the_page_says_where_the_round_stands_and_what_comes_next(
    client: PageClient, state: State
) -> None:
    with life_in(state) as life:
        page = seen(client, life)
        assert page.one("span", class_="badge-state").text == str(life.round.standing)
        wanted = {State.REVIEW: ["confirm", "return"]}.get(state, [NEXT.get(state, "")])
        assert steps_on(page, life.round) == [name for name in wanted if name]
        assert bool(page.all("h2", id="figures")) == (state not in BEFORE[:3])
        has_list = state in (*BEFORE, State.CLOSED, State.PRELIMINARY)
        assert bool(page.all("h2", id="conditions")) == has_list
        assert bool(page.all("h2", id="opening")) == (state not in BEFORE)


@pytest.mark.parametrize("state", [State.REGISTER, State.CLOSED, State.CERTIFIED])
def test_a_worker_is_offered_nothing_that_binds(client: PageClient, state: State) -> None:
    with life_in(state) as life:
        page = seen(client, life, Role.WORKER)
        assert steps_on(page, life.round) == []
        assert "下一步由街道（乡镇）或区里的同事来办" in page.text
        assert not page.all("a", href=f"/desk/rounds/{life.round.id}/withdraw")


def test_what_certifying_still_lacks_is_listed_with_the_way_to_mend_it(client: PageClient) -> None:
    with life_in(State.PRELIMINARY) as life:
        page = seen(client, life)
        lacking = [item.one(class_="what").text for item in page.all("li", class_="unmet")]
        assert [words.partition("：")[0] for words in lacking] == [
            "异议期已满",
            "抽中的纸质表都已核对",
        ]
        ways = {a["href"] for a in page.one("ul", class_="checks").all("a")}
        assert ways == {f"/desk/rounds/{life.round.id}/audit"}
        life.settle_everything()
        assert steps_on(seen(client, life), life.round) == ["certify"]
        client.sign_in(life.first)
        own = client.get("rounds_staff.preflight", round_id=life.round.id)
        assert steps_on(own, life.round) == []
        assert "您自己公示的，不能自己确认" in own.text


def test_a_counter_that_went_wrong_stands_in_the_way_of_certifying(client: PageClient) -> None:
    with life_in(State.PRELIMINARY) as life:
        life.settle_everything()
        db.session.execute(sa.update(Counter).values(households=Counter.households + 1))
        page = seen(client, life)
        assert "重算的票数和记录对不上" in page.text
        refused = client.post(
            "rounds_staff.step", status=409, round_id=life.round.id, name="certify"
        )
        assert "条件没有满足" in refused.one(role="alert").text


def test_an_objection_to_the_register_stands_in_the_way_of_locking_it(client: PageClient) -> None:
    with life_in(State.REGISTER) as life:
        DO[Verb.OBJECT](life)
        page = seen(client, life)
        assert steps_on(page, life.round) == []
        assert "登记册的异议都答复以后，才能锁定" in page.text
        assert page.all("a", href=f"/desk/rounds/{life.round.id}/objections")


def test_a_register_that_waits_for_a_decision_leads_to_it(client: PageClient) -> None:
    with life_in(State.FROZEN) as life:
        register.propose_addition(life.round, life.spare.premises, GROUNDS, by=life.first)
        checks = seen(client, life).one("ul", class_="checks")
        assert "登记册还有 1 件异议或更改没有办结" in checks.text
        assert checks.all("a", href=f"/desk/rounds/{life.round.id}/decisions")


def test_a_compound_without_homes_is_led_to_the_ledger(client: PageClient) -> None:
    compound = make_compound()
    now = clock.now()
    terms = actions.RoundTerms("第1轮征询", now, now + timedelta(days=15), "0953-5550100")
    round_ = actions.draft_round(compound, terms, by=make_staff().identity)
    client.sign_in(make_staff())
    page = client.get("rounds_staff.preflight", round_id=round_.id)
    assert page.one("ul", class_="checks").all("a", href="/desk/roster/import")


def test_a_newer_plan_asks_for_a_decision_while_the_round_is_open(client: PageClient) -> None:
    with life_in(State.OPEN) as life:
        assert "方案换版" not in seen(client, life).one("main").text
        make_plan(life.building.compound)
        page = seen(client, life)
        assert "方案已公布第 2 版，这一轮还是第 1 版" in page.text
        assert page.all("a", href=f"/desk/rounds/{life.round.id}/change-plan")


def test_the_figures_tell_what_was_answered_and_what_it_takes(client: PageClient) -> None:
    with life_in(State.OPEN) as life:
        for place in range(5):
            life.vote(place, Choice.AGREE)
        life.vote(5, Choice.DISAGREE)
        rows = seen(client, life).one("table", class_="figures").one("tbody").all("tr")
        assert [row.text for row in rows] == [
            "改造方案 5/6 户，83.3 % 5 户 已达到",
            "物业管理方案 5/6 户，83.3 % 5 户 已达到",
        ]


def test_the_opening_record_shows_what_the_round_rests_on(client: PageClient) -> None:
    with life_in(State.OPEN) as life:
        DO[Verb.EXTEND](life)
        record = seen(client, life).one("section", class_="record").text
        for digest in (life.round.profile_hash, life.round.register_hash):
            assert digest is not None
            assert digest[:16] in record
        assert "6 户" in record
        assert "原定 2026年12月5日 15:00" in record


def test_asking_again_wants_a_reason_and_both_rounds_name_each_other(client: PageClient) -> None:
    with life_in(State.CERTIFIED) as life:
        client.sign_in(make_staff())
        compound_id = life.building.compound_id
        form = client.get("rounds_staff.draft", compound_id=compound_id).form_values("/new")
        missing = client.post("rounds_staff.draft", form, status=422, compound_id=compound_id)
        assert "请写明为什么再征询一轮" in missing.one(role="alert").text
        form["reopening_reason"] = "物业费改低了，再问一次"
        page = client.follow(client.post("rounds_staff.draft", form, compound_id=compound_id))
        assert "物业费改低了，再问一次" in page.one(class_="kin").text
        [again, before] = queries.rounds_of(compound_id)
        assert again.reopening_reason == "物业费改低了，再问一次"
        old = client.get("rounds_staff.preflight", round_id=before.id)
        assert "后来又征询了一轮" in old.one(class_="kin").text
        form = client.get("rounds_staff.edit", round_id=again.id).form_values("/edit")
        assert form["reopening_reason"] == "物业费改低了，再问一次"
        form["reopening_reason"] = "物业费改低了"
        client.post("rounds_staff.edit", form, round_id=again.id)
        assert again.reopening_reason == "物业费改低了"


def test_a_round_names_the_one_that_followed_unless_it_was_withdrawn(client: PageClient) -> None:
    with life_in(State.CERTIFIED) as life:
        withdrawn = draft(life.building, by=life.first, why="物业费改低了")
        actions.withdraw_round(withdrawn, "时间不合适", by=life.first)
        assert not seen(client, life).all(class_="kin")
        draft(life.building, by=life.first, why="换了物业公司")
        assert "换了物业公司" in seen(client, life).one(class_="kin").text


def test_a_first_round_is_asked_for_no_reason(client: PageClient) -> None:
    with life_in(State.DRAFT) as life:
        client.sign_in(make_staff())
        page = client.get("rounds_staff.edit", round_id=life.round.id)
        assert "reopening_reason" not in page.form_values("/edit")


def test_withdrawing_wants_a_reason_shows_it_and_frees_the_compound(client: PageClient) -> None:
    with life_in(State.FROZEN) as life:
        at = {"round_id": life.round.id}
        page = seen(client, life)
        assert page.all("a", href=f"/desk/rounds/{life.round.id}/withdraw")
        empty = client.post("rounds_staff.withdraw", {"why": " "}, status=422, **at)
        assert "请写明撤回的理由" in empty.one(role="alert").text
        done = client.follow(
            client.post("rounds_staff.withdraw", {"why": "<b>方案</b>要重做"}, **at)
        )
        assert done.one("span", class_="badge-state").text == "已撤回"
        assert "<b>方案</b>要重做" in done.one(class_="kin").text
        new = f"/desk/compounds/{life.building.compound_id}/rounds/new"
        assert done.all("a", href=new)
        assert not done.all("li", class_="ahead")
        late = client.post("rounds_staff.withdraw", {"why": "再来"}, status=422, **at)
        assert "已撤回" in late.one(role="alert").text


@pytest.mark.parametrize(
    ("state", "role", "status"),
    [
        (State.FROZEN, Role.WORKER, 403),
        (State.FROZEN, Role.DISTRICT, 200),
        (State.OPEN, Role.OFFICE, 200),
    ],
)
def test_only_the_office_withdraws_and_only_before_the_opening(
    client: PageClient, state: State, role: Role, status: int
) -> None:
    with life_in(state) as life:
        client.sign_in(make_staff(role))
        page = client.get("rounds_staff.withdraw", status=status, round_id=life.round.id)
        assert bool(page.all("textarea")) == (status == 200 and state == State.FROZEN)
        client.sign_in(make_staff(area=make_area(AreaKind.TOWN)))
        client.get("rounds_staff.withdraw", status=403, round_id=life.round.id)
        client.get("rounds_staff.withdraw", status=404, round_id=999_999)


@pytest.mark.parametrize(
    ("state", "name", "words"),
    [
        (State.DRAFT, "submit", ["改造方案 7 户 6 户"]),
        (State.REVIEW, "confirm", ["改造方案 7 户 6 户", "您家同意这份改造方案吗？", "抽 60 张"]),
        (State.REGISTER, "freeze", ["登记册户数7 户", "改造方案 7 户 6 户"]),
        (State.FROZEN, "open", ["方案第 1 版", "改造方案 6 户 5 户"]),
        (State.CLOSED, "publish-result", ["改造方案 2/6 户，33.3 % 5 户 没有通过", "7 天，到"]),
        (State.PRELIMINARY, "certify", ["改造方案 2/6 户，33.3 % 5 户 没有通过"]),
        (State.CERTIFIED, "archive", ["改造方案 2/6 户，33.3 % 5 户 没有通过"]),
    ],
)
def test_a_step_says_in_numbers_what_it_is_about(
    client: PageClient, state: State, name: str, words: list[str]
) -> None:
    with life_in(state) as life:
        client.sign_in(make_staff())
        text = client.get("rounds_staff.step", round_id=life.round.id, name=name).one("main").text
        for some in words:
            assert some in text


def test_a_certified_round_is_put_away_from_its_page(client: PageClient) -> None:
    with life_in(State.CERTIFIED) as life:
        client.sign_in(make_staff(Role.WORKER))
        client.post("rounds_staff.step", status=403, round_id=life.round.id, name="archive")
        client.sign_in(make_staff())
        done = client.follow(
            client.post("rounds_staff.step", round_id=life.round.id, name="archive")
        )
        assert done.one("span", class_="badge-state").text == "已归档"
        assert life.round.state == State.ARCHIVED


def told(page: Page) -> list[tuple[str, str]]:
    """(what, by whom) of every line of the timeline that has happened."""
    return [
        (item.one(class_="what").text, " ".join(who.text for who in item.all(class_="who")))
        for item in page.one("ol", class_="timeline").all("li", class_="done")
    ]


def test_the_timeline_tells_the_whole_life_with_both_persons(client: PageClient) -> None:
    with life_in(State.OPEN) as life:
        first, second = life.first.name, life.second.name
        both = f"{first}提出，{second}同意"
        DO[Verb.EXTEND](life)
        life.clock.move_to(life.round.opens_at + timedelta(days=1))
        DO[Verb.CHANGE_PLAN](life)
        DO[Verb.CHANGE_REGISTER](life)
        for _ in range(2):
            DO[Verb.OBJECT](life)
        asked = changes.propose_extension(
            life.round, life.round.closes_at + timedelta(days=1), GROUNDS, by=life.first
        )
        decisions.decline(asked, "太久了", by=life.second)
        page = seen(client, life)
        assert told(page) == [
            ("起草", first),
            ("提交确认", first),
            ("口径确认", f"{first}提交，{second}确认"),
            ("登记册公示", first),
            ("登记册锁定", first),
            ("开始", first),
            ("截止时间延到 2026年12月8日 15:00", both),
            ("方案换成第 2 版，内容变了，以前的表态要重新确认", both),
            ("登记册增加", both),
            ("收到异议（2 件）", "居民"),
            ("未同意：延长截止时间", second),
        ]
        assert page.one("ol", class_="timeline").text.count("业主拿来了证明") == 2
        ahead = [item.text for item in page.all("li", class_="ahead")]
        assert [words.partition("：")[0] for words in ahead] == [
            "截止",
            "初步结果",
            "异议期结束",
            "最终结果",
            "归档",
        ]
        assert "2026年12月8日 15:00" in ahead[0]


def test_the_timeline_of_a_finished_round_ends_in_its_result(client: PageClient) -> None:
    with life_in(State.ARCHIVED) as life:
        first, second = life.first.name, life.second.name
        page = seen(client, life)
        assert told(page)[6:] == [
            ("截止", ""),
            ("初步结果", first),
            ("抽查纸质表，一致", second),
            ("异议期结束", ""),
            ("最终结果", f"{first}公示，{second}确认"),
            ("归档", first),
        ]
        assert not page.all("li", class_="ahead")


def test_a_round_that_went_back_and_forth_says_so(client: PageClient) -> None:
    with life_in(State.REVIEW) as life:
        actions.return_round(life.round, by=life.second)
        actions.submit_round(life.round, by=life.second)
        lines = told(seen(client, life))
        assert [what for what, _who in lines] == ["起草", "提交确认", "退回修改", "提交确认"]


def test_the_close_stands_on_the_timeline_before_anybody_recorded_it(client: PageClient) -> None:
    with life_in(State.OPEN) as life:
        life.clock.move_to(life.round.closes_at + timedelta(seconds=1))
        page = seen(client, life)
        assert life.round.closed_at is None
        assert told(page)[-1] == ("截止", "")


def test_the_end_of_the_objection_days_is_ahead_with_its_date(client: PageClient) -> None:
    with life_in(State.PRELIMINARY) as life:
        page = seen(client, life)
        [end] = [item for item in page.all("li", class_="ahead") if "异议期结束" in item.text]
        # Published on Saturday the 5th; the seventh day is Saturday the 12th, so Monday ends it.
        assert "2026年12月15日 00:00" in end.text


def test_the_words_of_the_page_name_no_household(client: PageClient) -> None:
    with life_in(State.OPEN) as life:
        life.vote(0, Choice.AGREE)
        life.vote(0, Choice.DISAGREE, Channel.PAPER)
        DO[Verb.CHANGE_REGISTER](life)
        text = seen(client, life).one("main").text
        assert life.spare.premises.room not in text
        assert life.home().premises.room not in text


def test_a_draft_is_followed_through_every_state_without_a_broken_page(client: PageClient) -> None:
    with life_in(State.CERTIFIED) as life:
        again = draft(life.building, by=life.first, why="再问一次")
        client.sign_in(make_staff(Role.DISTRICT))
        page = client.get("rounds_staff.preflight", round_id=again.id)
        assert "再问一次" in page.text


def test_a_draft_offers_a_further_question_beside_its_next_step(client: PageClient) -> None:
    with life_in(State.DRAFT) as life:
        bar = seen(client, life).one("div", class_="next-step")
        link = next(a for a in bar.all("a") if a.text == "加事项")
        assert link["href"] == f"/desk/rounds/{life.round.id}/matters/new"


def test_the_rules_stand_question_by_question_and_those_of_households_apart(
    client: PageClient,
) -> None:
    with life_in(State.DRAFT) as life:
        matters.add_matter(life.round, HIRE, by=life.first)
        panel = seen(client, life).one("section", **{"aria-labelledby": "counting"})
        assert [p.one("b").text for p in panel.all("p") if p.all("b")] == [
            "改造方案",
            "物业管理方案",
            "选聘物业公司",
        ]
        households, everybody = panel.all("h3")
        assert (households.text, everybody.text) == ("居民征询都这样算", "每一项都这样")
        lists = [ul.text for ul in panel.all("ul")]
        assert "都要有三分之二以上（含）的业主参加" in lists[2]
        assert "没有表态不算同意" in lists[3]
        assert "总户数" not in lists[4]


@pytest.mark.parametrize(("state", "name"), [(State.DRAFT, "submit"), (State.REVIEW, "confirm")])
def test_whoever_submits_or_confirms_reads_the_start_the_menu_and_both_bars_of_owners(
    client: PageClient, state: State, name: str
) -> None:
    with life_in(State.DRAFT) as life:
        for terms in (HIRE, MENU):
            matters.add_matter(life.round, terms, by=life.first)
        go_to(life, state)
        client.sign_in(make_staff())
        page = client.get("rounds_staff.step", round_id=life.round.id, name=name)
        text = page.one("main").text
        assert "开始时间2026年11月20日" in text
        assert "至少 5 人、373.34 m² 参加" in text
        assert "参加的人数和面积里，同意的都要超过 50 %" in text
        assert "楼道灯、充电桩、晾衣架" in page.one("table", class_="figures").text


def test_the_suggested_start_is_the_next_full_hour(client: PageClient) -> None:
    with time_machine.travel(BEGUN + timedelta(minutes=20), tick=False):
        building = make_building()
        make_plan(building.compound)
        client.sign_in(make_staff())
        page = client.get("rounds_staff.draft", compound_id=building.compound_id)
        assert page.one("input", id="opens_at")["value"] == "2026-11-20T16:00"
        assert "最后一天遇周末、节假日顺延" in page.text


def test_codes_of_the_round_before_are_said_to_hold(client: PageClient) -> None:
    with life_in(State.ARCHIVED) as life:
        again = Life(
            draft(life.building, by=life.first, why="方案改了"),
            *(life.building, life.spare, life.first, life.second, life.clock),
        )
        go_to(again, State.FROZEN)
        codes = seen(client, again).one("ul", class_="checks").text
        assert "还有 1 户没有户码" in codes
        issue_code(life.spare)
        assert "6 户沿用上一轮的户码，不用重发。" in seen(client, again).one("main").text


def test_codes_of_a_first_round_are_nobodys_before(client: PageClient) -> None:
    with life_in(State.FROZEN) as life:
        for home in homes_of(life.building):
            issue_code(home)
        assert "沿用" not in seen(client, life).one("ul", class_="checks").text


def test_what_is_still_open_is_named_before_the_result_is_published(client: PageClient) -> None:
    with life_in(State.CLOSED) as life:
        client.sign_in(make_staff())
        place = {"round_id": life.round.id, "name": "publish-result"}
        box = client.get("rounds_staff.step", **place).one("div", class_="alert-warning")
        assert "1 张抽中的纸质表没有核对" in box.one("a").text
        life.settle_everything()
        client.sign_in(make_staff())
        page = client.get("rounds_staff.step", **place)
        assert not page.all("div", class_="alert-warning")
        assert "最后一天遇周末、节假日顺延" in page.text
