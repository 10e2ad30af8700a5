"""Saves as programs make them, beside a colleague's work: what stands then, and what is recorded.

Each is the whole merge of one save: which version it was made from, and what becomes of both.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys

import pytest

from rtcd.content import Content, TextContent
from rtcd.documents.open_document import new_document
from rtcd.merge.candidates import Evidence
from rtcd.merge.replica import Replica

SOURCE = """\
import os, sys

def load( path,mode = 'r' ):
    with open(path,mode) as file:
        return file.read( )

def total( values ):
    result=0
    for value in values:
        result+=value
    return result

def show(name):
    if name:
        print( 'hello',name )
    else:
        print( 'nobody' )
"""
FORMATTED = """\
import os, sys


def load(path, mode="r"):
    with open(path, mode) as file:
        return file.read()


def total(values):
    result = 0
    for value in values:
        result += value
    return result


def show(name):
    if name:
        print("hello", name)
    else:
        print("nobody")
"""
FORMATTERS = {"black": ("black", "-q", "-"), "ruff": ("ruff", "format", "-q", "--isolated", "-")}


class Day:
    """A file with a colleague in its room; ``disk`` is what the folder's programs read."""

    def __init__(self, text: str = SOURCE) -> None:
        self.room = new_document("text")
        self.room.become(TextContent(text))
        pulled = self.room.shared.update_since()
        self.replica = Replica("text", pulled, disk=TextContent(text), now=0.0)
        self.now = 0.0

    @property
    def text(self) -> str:
        """What everybody sees."""
        return _text(self.replica.live.content())

    def colleague(self, old: str, new: str) -> None:
        """Somebody replaces a text in the room."""
        state = self.room.shared.state_vector()
        assert old in self.text
        self.room.become(TextContent(self.text.replace(old, new, 1)))
        self.replica.receive(self.room.shared.update_since(state))

    def written(self, *, read: bool) -> str:
        """The file is written; a program of the folder reads it, or none does."""
        self.now += 5.0
        flush = self.replica.pending()
        assert flush is not None
        self.replica.flushed(flush, now=self.now)
        if read:
            self.replica.mark_read(self.now)
        return _text(flush.content)

    def save(self, text: str, *, git: bool = False) -> list[str]:
        """A program saves; the reasons of what is recorded."""
        self.now += 5.0
        outcome = self.replica.save(TextContent(text), evidence=Evidence(git=git), now=self.now)
        if outcome.update:
            self.room.shared.apply_update(outcome.update)
        assert self.room.content() == self.replica.live.content()
        reasons = [overlap.reason for overlap in outcome.overlaps]
        return reasons if outcome.choice.conflict is None else [outcome.choice.conflict, *reasons]


def _text(content: Content) -> str:
    assert isinstance(content, TextContent)
    return content.text


def formatted_by(tool: str, text: str) -> str:
    if importlib.util.find_spec(tool) is None:
        pytest.skip(f"{tool} is not installed: pip install {tool}")
    command = [sys.executable, "-m", *FORMATTERS[tool]]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("tool", FORMATTERS)
def test_a_formatter_formats_and_what_is_typed_meanwhile_stays(tool: str) -> None:
    day = Day()
    by_tool = formatted_by(tool, SOURCE)
    assert by_tool == FORMATTED
    day.colleague("    return result\n", "    print(result)\n    return result\n")
    assert day.save(by_tool) == []
    wanted = FORMATTED.replace("    return result\n", "    print(result)\n    return result\n")
    assert day.text == wanted


@pytest.mark.parametrize("tool", FORMATTERS)
def test_a_word_typed_in_a_line_that_a_formatter_changes_is_in_it(tool: str) -> None:
    day = Day("def greet( name ):\n    return 'hello name'  + name\n")
    day.colleague("hello name", "hello dear name")
    assert (
        day.save(formatted_by(tool, "def greet( name ):\n    return 'hello name'  + name\n")) == []
    )
    assert day.text == 'def greet(name):\n    return "hello dear name" + name\n'


@pytest.mark.parametrize("tool", FORMATTERS)
def test_a_formatter_that_has_read_a_colleagues_line_formats_it_too(tool: str) -> None:
    day = Day()
    day.colleague("    result=0\n", "    result=0\n    limit  =  len( values )\n")
    assert day.save(formatted_by(tool, day.written(read=True))) == []
    assert day.text == FORMATTED.replace(
        "    result = 0\n", "    result = 0\n    limit = len(values)\n"
    )


@pytest.mark.parametrize("tool", FORMATTERS)
@pytest.mark.parametrize("read", [False, True], ids=["nobody read it", "somebody read it"])
def test_a_formatter_with_an_old_reading_takes_nothing_back(tool: str, read: bool) -> None:
    day = Day()
    day.colleague("    result=0\n", "    result=0\n    limit = len(values)\n")
    day.written(read=read)
    assert day.save(formatted_by(tool, SOURCE)) == []
    assert day.text == FORMATTED.replace(
        "    result = 0\n", "    result = 0\n    limit = len(values)\n"
    )


def test_a_new_indent_comes_and_a_word_typed_in_its_lines_stays_and_bothers_nobody() -> None:
    day = Day(FORMATTED)
    day.colleague('print("hello", name)', 'print("hello", name.title())')
    assert day.save(FORMATTED.replace("    ", "  ")) == []
    assert day.text == FORMATTED.replace("    ", "  ").replace(
        'print("hello", name)', 'print("hello", name.title())'
    )


def test_a_new_indent_of_what_a_colleague_wrote_is_no_conflict() -> None:
    day = Day(FORMATTED)
    day.colleague("    result = 0\n", "    result = 0\n    limit = len(values)\n")
    new = day.written(read=True).replace("    ", "\t")
    assert day.save(new) == []
    assert day.text == new


def test_a_part_of_a_colleagues_work_that_is_taken_back_goes_and_is_recorded() -> None:
    day = Day(FORMATTED)
    day.colleague("    result = 0\n", "    result = 0\n    limit = len(values)\n")
    day.colleague('print("nobody")', 'print("nobody is here")')
    both = day.written(read=True)
    undone = both.replace("    limit = len(values)\n", "").replace("import os, sys", "import sys")
    assert day.save(undone) == ["stale-save"]
    assert day.text == undone


def test_a_checkout_is_done_as_it_is() -> None:
    day = Day(FORMATTED)
    day.colleague('print("nobody")', 'print("nobody is here")')
    day.written(read=True)
    branch = "# another branch\n" + FORMATTED
    assert day.save(branch, git=True) == []
    assert day.text == branch


def test_what_is_typed_during_a_checkout_is_kept_on_the_new_branch() -> None:
    day = Day(FORMATTED)
    day.colleague('print("nobody")', 'print("nobody is here")')
    branch = "# another branch\n" + FORMATTED
    assert day.save(branch, git=True) == []
    assert day.text == branch.replace('print("nobody")', 'print("nobody is here")')


def test_stash_takes_own_saves_away_and_pop_brings_them_back() -> None:
    day = Day(FORMATTED)
    own = FORMATTED.replace("import os, sys", "import os, sys, json")
    assert day.save(own) == []
    assert day.save(FORMATTED, git=True) == []
    assert day.text == FORMATTED
    day.colleague('print("nobody")', 'print("nobody is here")')
    assert day.save(own, git=True) == []
    assert day.text == own.replace('print("nobody")', 'print("nobody is here")')


@pytest.mark.parametrize("read", [False, True], ids=["nobody read it", "somebody read it"])
def test_an_agents_rewrite_from_an_older_reading_takes_nothing_back(read: bool) -> None:
    day = Day(FORMATTED)
    line = "    limit = len(values)\n"
    day.colleague("    result = 0\n", f"    result = 0\n{line}")
    day.written(read=read)
    rewritten = FORMATTED.replace(
        'def load(path, mode="r"):\n    with open(path, mode) as file:\n        return file.read()\n',
        "def load(path):\n    return Path(path).read_text()\n",
    ).replace("import os, sys", "from pathlib import Path")
    rewritten = rewritten.replace('print("hello", name)', 'print(f"hello {name}")')
    assert day.save(rewritten) == []
    assert day.text == rewritten.replace("    result = 0\n", f"    result = 0\n{line}")
