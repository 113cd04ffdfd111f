"""What a plan says of single buildings, in lines that begin with their names."""

import pytest

from app.projects.by_building import lines_of, strangers, words_for

TEXT = "1号楼、2号楼：第一批做。\n\n 3 号楼: 屋顶 6:00 以后不响。\n1号楼：门口做坡道。\n"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("1号楼", "第一批做。\n门口做坡道。"),
        ("2号楼", "第一批做。"),
        ("2 号楼", "第一批做。"),
        ("3号楼", "屋顶 6:00 以后不响。"),
        ("11号楼", ""),
        ("号楼", ""),
        ("", ""),
    ],
)
def test_a_building_finds_its_own_lines_and_no_others(name: str, words: str) -> None:
    assert words_for(TEXT, name) == words


def test_everybody_may_read_all_lines() -> None:
    assert lines_of(TEXT) == [
        ("1号楼、2号楼", "第一批做。"),
        ("3 号楼", "屋顶 6:00 以后不响。"),
        ("1号楼", "门口做坡道。"),
    ]


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("", []),
        ("1号楼：最先做\n2 号楼: 最后做", []),
        ("1号楼、2号楼：一起做", []),
        ("1号楼、9号楼：一起做", ["9号楼"]),
        ("4号楼：没有这一栋", ["4号楼"]),
        ("屋顶最先做", ["屋顶最先做"]),
        ("1号楼：", ["1号楼："]),
        ("：没有楼号", ["：没有楼号"]),
    ],
)
def test_a_line_that_no_building_would_find_is_named(text: str, wrong: list[str]) -> None:
    assert strangers(text, ("1号楼", "2号楼")) == wrong
