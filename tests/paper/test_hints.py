"""What stands out in how forms were keyed: with numbers, and silent where there are few."""

from datetime import datetime, timedelta

from app.paper.hints import Crossing, HintKind, Keyed, hints_from

NOON = datetime(2026, 12, 1, 12, 0)


def keyed(form: int, person: int, place: int = 1, said: str = "", **more: object) -> Keyed:
    at = NOON + timedelta(minutes=3 * form)
    facts = {"at": at, "said": said or f"{form}", **more}
    return Keyed(form=form, place=place, person=person, **facts)  # type: ignore[arg-type]


def kinds(*entries: Keyed, crossings: tuple[Crossing, ...] = ()) -> list[HintKind]:
    return [hint.kind for hint in hints_from(entries, crossings)]


def test_nothing_stands_out_where_several_people_key_different_forms_by_day() -> None:
    entries = [keyed(form, form % 4) for form in range(40)]
    entries += [keyed(form, (form + 1 + form % 3) % 4, 2) for form in range(40)]
    assert kinds(*entries) == []


def test_one_person_who_keys_most_first_entries() -> None:
    entries = [keyed(form, 1 if form < 14 else 2) for form in range(20)]
    [hint] = hints_from(entries)
    assert (hint.kind, hint.persons, hint.count, hint.of) == (HintKind.ONE_PERSON, (1,), 14, 20)
    assert kinds(*entries[:19]) == []
    assert kinds(*[keyed(form, 1 if form < 13 else 2) for form in range(20)]) == []


def test_more_in_an_hour_than_anybody_reads() -> None:
    def in_an_hour(forms: int) -> list[Keyed]:
        step = timedelta(minutes=59) / forms
        return [keyed(form, form % 1, 2, at=NOON + form * step) for form in range(forms)]

    assert kinds(*in_an_hour(40)) == []
    [hint] = hints_from(in_an_hour(41))
    assert (hint.kind, hint.count, hint.of) == (HintKind.FAST, 41, 41)


def test_two_who_always_key_together() -> None:
    def pairs(together: int) -> list[Keyed]:
        other = [3 if form >= together else 2 for form in range(20)]
        firsts = [keyed(form, 1 if form % 2 else other[form]) for form in range(20)]
        return firsts + [keyed(form, other[form] if form % 2 else 1, 2) for form in range(20)]

    [hint] = hints_from(pairs(18))
    assert (hint.kind, hint.persons, hint.count) == (HintKind.SAME_PAIR, (1, 2), 18)
    assert kinds(*pairs(17)) == []


def test_entries_by_night() -> None:
    late = [keyed(form, 1, at=NOON.replace(hour=hour)) for form, hour in enumerate((22, 23, 5))]
    [hint] = hints_from([*late, keyed(9, 1)])
    assert (hint.kind, hint.count, hint.of) == (HintKind.NIGHT, 3, 4)
    assert kinds(*late[:2], keyed(9, 1, at=NOON.replace(hour=6))) == []


def test_a_long_row_that_all_says_the_same() -> None:
    row = [keyed(form, 1, said="same") for form in range(15)]
    [hint] = hints_from(row)
    assert (hint.kind, hint.count) == (HintKind.ALL_ALIKE, 15)
    broken = [*row[:7], keyed(7, 1, said="other"), *row[8:]]
    assert kinds(*broken) == []


def test_paper_over_what_was_said_another_way() -> None:
    over = [keyed(form, 1, over_other=True) for form in range(5)]
    [hint] = hints_from(over)
    assert (hint.kind, hint.count, hint.of) == (HintKind.OVER_OTHERS, 5, 5)
    assert kinds(*over[:4]) == []


def test_paper_that_carries_a_matter_over_its_bar() -> None:
    def crossing(on_paper: int) -> Crossing:
        return Crossing("方案", [False] * 30 + [False] * (10 - on_paper) + [True] * on_paper)

    [hint] = hints_from([], [crossing(6)])
    assert (hint.kind, hint.matter, hint.count) == (HintKind.AT_THE_BAR, "方案", 6)
    assert kinds(crossings=(crossing(5),)) == []
