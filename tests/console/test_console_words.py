"""Widths, durations, curves and rules are said so that a terminal and a person can take them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some
from wcwidth import wcwidth

from stepmill.console.canvas import Look
from stepmill.console.rules import rule_text
from stepmill.console.tables import pairs, table
from stepmill.console.words import (
    _NARROW,
    SPARKS,
    clip,
    duration,
    log_line,
    number,
    one_line,
    pad,
    pretty,
    safe,
    scalars,
    spark,
    width,
)


@given(some.text(), some.integers(0, 40))
def test_a_clipped_text_never_takes_more_columns_than_it_may(text: str, columns: int) -> None:
    assert width(clip(one_line(text), columns)) <= columns


@given(some.text())
def test_a_safe_text_has_no_character_that_moves_the_cursor(text: str) -> None:
    assert not any((ord(c) < 32 and c != "\t") or 127 <= ord(c) < 160 or c in "\u202e\u2066" for c in safe(text))


def test_wide_and_combining_characters_are_counted_as_they_are_shown() -> None:
    assert [width(text) for text in ("abc", "数字", "e\u0301", "ﾊﾝ")] == [3, 4, 1, 2]
    assert clip("数字を学ぶ", 6) == "数字…"
    assert pad("数", 4) == "数  "


def test_what_is_taken_for_narrow_without_the_tables_is_narrow_by_the_tables() -> None:
    narrow = [character for character in map(chr, range(0x20, 0x3000)) if _NARROW.fullmatch(character)]
    assert len(narrow) > 1000
    assert [character for character in narrow if wcwidth(character) != 1] == []


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0.0 s"), (-1, "0.0 s"), (12.34, "12.3 s"), (59.94, "59.9 s"), (59.96, "1 min 00 s"), (3599.6, "1 h 00 min"),
     (7322, "2 h 02 min"), (90_000, "1 d 01 h")],
)  # fmt: skip
def test_a_duration_is_as_exact_as_it_is_useful(seconds: float, said: str) -> None:
    assert duration(seconds) == said


def test_numbers_have_four_digits() -> None:
    assert [number(value) for value in (0.97251, 3.0, 1e-7, 123456.0)] == ["0.9725", "3", "1e-07", "1.235e+05"]


def test_a_curve_keeps_its_shape_whatever_its_length() -> None:
    assert spark(range(8)) == SPARKS
    assert spark([1, 1, 1]) == "▅▅▅"
    assert spark([]) == ""
    assert spark([float("nan"), 1.0, float("inf"), 2.0]) == "▁█"
    long = spark([i / 1000 for i in range(1000)])
    assert (len(long), long[0], long[-1]) == (16, "▁", "█")


def test_a_progress_bar_is_shown_in_its_last_state() -> None:
    assert log_line("10%\r50%\r100%\r\n") == "100%"
    assert log_line("\x1b[32mok\x1b[0m\tgood \x1b]0;title\x07") == "ok\tgood \\x1b]0;title\\x07"


def test_the_scalars_of_a_report_are_one_line() -> None:
    report = {"accuracy": 0.97222, "ok": True, "matrix": [[1]], "name": "数字", "text": "x" * 30, "n": 360}
    assert scalars(report) == "accuracy 0.9722  ok true  name 数字  n 360"
    assert scalars([1, 2]) == ""


def test_a_payload_that_is_no_json_is_shown_as_it_is() -> None:
    assert pretty("plain \x1b text") == "plain \\x1b text"
    assert pretty('{"a":1}') == '{"a": 1}'
    assert pretty(None) == ""


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({"Condition": "{% $a >= 1 %}", "Next": "X"}, "$a >= 1"),
        ({"Variable": "$.a", "NumericGreaterThanEquals": 0.9, "Next": "X"}, "$.a >= 0.9"),
        ({"Variable": "$.a", "StringEqualsPath": "$.b", "Next": "X"}, "$.a = $.b"),
        ({"Variable": "$.a", "StringMatches": "数*", "Next": "X"}, '$.a matches "数*"'),
        ({"Variable": "$.a", "IsPresent": False, "Next": "X"}, "$.a is not present"),
        ({"Not": {"Variable": "$.a", "BooleanEquals": True}, "Next": "X"}, "not $.a = true"),
        (
            {"And": [{"Variable": "$.a", "IsNull": True},
                     {"Or": [{"Variable": "$.b", "NumericLessThan": 1}, {"Variable": "$.c", "IsString": True}]}]},
            "$.a is null and ($.b < 1 or $.c is string)",
        ),
        ({"Something": 1, "Next": "X"}, '{"Something": 1}'),
    ],
)  # fmt: skip
def test_a_rule_is_said_in_a_few_words(rule: dict[str, Any], said: str) -> None:
    assert rule_text(rule) == said


def test_a_table_stays_aligned_and_within_the_terminal() -> None:
    rows = [("数字の学習と評価をする", "SUCCEEDED", "1.0 s"), ("short", "FAILED", "12.0 s")]
    lines = table(("NAME", "STATUS", "TIME"), rows, Look(30))
    assert max(map(width, lines)) <= 30
    assert "…" in lines[1]
    columns = {width(line[: line.index(word)]) for line, word in zip(lines[1:], ("SUCC", "FAIL"), strict=True)}
    assert len(columns) == 1


def test_pairs_stand_in_two_columns_and_empty_ones_are_left_out() -> None:
    assert pairs([("a", "1"), ("名前", "x\ny"), ("none", "")], Look()) == ["  a     1", "  名前  x", "        y"]
