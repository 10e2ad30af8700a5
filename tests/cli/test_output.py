"""Nothing from outside acts on the terminal; nothing is cut in a pipe."""

from __future__ import annotations

import io
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtcd_cli.output import (
    facts,
    how_long_ago,
    make_console,
    plural,
    safe,
    safe_lines,
    show,
    show_json,
    size,
    table,
)


@given(st.text(alphabet=st.characters(categories=("L", "M", "N", "P", "S", "Zs"))))
def test_what_a_person_can_read_stays_as_it_is(text: str) -> None:
    assert safe(text) == text


@given(st.text(alphabet=st.characters()))
def test_nothing_that_acts_is_left(text: str) -> None:
    for shown in (safe(text), safe_lines(text).replace("\n", "").replace("\t", "")):
        for character in shown:
            category = unicodedata.category(character)
            assert category not in {"Cc", "Cs", "Co", "Zl", "Zp"}
            assert category != "Cf" or character in "\u200c\u200d"
            assert unicodedata.bidirectional(character) not in {
                "LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI",
            }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31m", "\\x1b[31m"),
        ("a\rb", "a\\x0db"),
        ("a\nb", "a\\x0ab"),
        ("\u202egnp", "\\u202egnp"),
        ("\x9b", "\\x9b"),
        ("\ud800", "\\ud800"),
        ("\U000e0041", "\\U000e0041"),
        ("👩\u200d🔬 é 张伟", "👩\u200d🔬 é 张伟"),
    ],
)
def test_what_acts_is_spelled_out(text: str, shown: str) -> None:
    assert safe(text) == shown


def test_lines_and_tabs_stay_where_lines_are_meant() -> None:
    assert safe_lines("a\tb\n\r\x1b\n") == "a\tb\n\\x0d\\x1b\n"


def test_a_pipe_gets_whole_lines_without_padding() -> None:
    file = io.StringIO()
    long = "x" * 500
    show(
        table(("NAME", "WHAT"), [("a", long), ("bb", "")]),
        facts([("Key", "value"), ("Longer key", "")]),
        console=make_console(file),
    )
    assert (
        file.getvalue()
        == f"  NAME  WHAT\n  a     {long}\n  bb\n  Key         value\n  Longer key\n"
    )


def test_json_is_ascii_only(capsys: pytest.CaptureFixture[str]) -> None:
    show_json({"name": "é\x1b\u202e\ud800"})
    assert capsys.readouterr().out == '{\n  "name": "\\u00e9\\u001b\\u202e\\ud800"\n}\n'


def test_numbers_are_said_as_people_say_them() -> None:
    assert [plural(n, "copy", "copies") for n in (0, 1, 2000)] == [
        "0 copies",
        "1 copy",
        "2,000 copies",
    ]
    ages = (0, 59, 60, 3599, 3600, 86_399, 86_400, 200_000)
    assert [how_long_ago(1e9 - age, 1e9) for age in ages] == [
        "just now", "just now", "1 min ago", "59 min ago", "1 h ago", "23 h ago", "1 day ago",
        "2 days ago",
    ]  # fmt: skip
    counts = (0, 999, 1000, 999_949, 999_950, 1_500_000, 5_000_000_000_000)
    assert [size(count) for count in counts] == [
        "0 B", "999 B", "1.0 kB", "999.9 kB", "1.0 MB", "1.5 MB", "5,000.0 GB",
    ]  # fmt: skip
