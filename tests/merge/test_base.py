"""Which version a save was made from."""

from __future__ import annotations

import pytest

from rtcd.content import Cell, NotebookContent, TextContent
from rtcd.merge.base import choose_base
from rtcd.merge.candidates import BaseChoice, Candidate, Evidence

CODE = '''import sys


def first(path, mode='r'):
    """Open a path."""
    return open(path, mode)


def second(values):
    total = 0
    for value in values:
        total += value
    return total


def third(name, *, loud=False):
    print('hello', name)
    if loud:
        print('HELLO', name)
'''
REMOTE = CODE.replace("total += value\n", "total += value * weight\n").replace(
    "import sys\n", "import sys\nimport json\n"
)


def written(text: str, *, read: bool | None = None) -> Candidate:
    return Candidate(content=TextContent(text), own_save=False, read=read)


def saved(text: str, *, base: int | None = None, age: float | None = None) -> Candidate:
    return Candidate(content=TextContent(text), own_save=True, read=None, base=base, age=age)


def choose(text: str, *candidates: Candidate, evidence: Evidence | None = None) -> BaseChoice:
    return choose_base(TextContent(text), candidates, evidence or Evidence())


def own_edit(text: str) -> str:
    return text.replace("return open(path, mode)", "return open(path, mode, encoding='utf-8')")


def formatted(text: str) -> str:
    """What black does: other quotes, arguments on lines of their own."""
    text = text.replace("'", '"')
    return text.replace(
        "def third(name, *, loud=False):", "def third(\n    name,\n    *,\n    loud=False,\n):"
    )


def test_without_candidates_there_is_no_choice() -> None:
    with pytest.raises(ValueError):
        choose("a\n")


def test_the_only_version_is_the_base() -> None:
    assert choose("b\n", written("a\n")) == BaseChoice(
        index=0, why="Only one version was ever on this disk."
    )


def test_a_save_of_what_is_there_has_nothing_to_apply() -> None:
    choice = choose("b\n", written("a\n"), written("b\n"))
    assert (choice.index, choice.nothing_to_apply, choice.conflict) == (1, True, None)


def test_a_deletion_that_both_may_have_made_does_not_prove_that_a_new_line_was_read() -> None:
    """Either version explains the save as well; only one of them takes somebody's line back."""
    before = "one\ntwo\nthree\nfour\n"
    theirs = "new\none\ntwo\nfour\n"
    mine = "one\ntwo\nTHREE\nfour\n"
    choice = choose(mine, written(before, read=True), written(theirs, read=True))
    assert choice.index == 0


def test_a_fresh_editor_is_based_on_the_newest() -> None:
    choice = choose(own_edit(REMOTE), written(CODE), written(REMOTE))
    assert (choice.index, choice.conflict) == (1, None)


def test_a_stale_editor_is_based_on_what_it_had() -> None:
    choice = choose(own_edit(CODE), written(CODE), written(REMOTE))
    assert (choice.index, choice.conflict, choice.nothing_to_apply) == (0, None, False)


@pytest.mark.parametrize(("loaded", "index"), [(CODE, 0), (REMOTE, 1)])
def test_a_formatter_does_not_hide_what_was_loaded(loaded: str, index: int) -> None:
    choice = choose(own_edit(formatted(loaded)), written(CODE), written(REMOTE))
    assert (choice.index, choice.conflict) == (index, None)


@pytest.mark.parametrize(("loaded", "index"), [(CODE, 0), (REMOTE, 1)])
def test_a_new_indent_does_not_hide_what_was_loaded(loaded: str, index: int) -> None:
    choice = choose(own_edit(loaded).replace("    ", "\t"), written(CODE), written(REMOTE))
    assert choice.index == index


def test_a_formatter_alone_is_no_conflict() -> None:
    choice = choose(formatted(REMOTE), written(CODE), written(REMOTE))
    assert (choice.index, choice.conflict) == (1, None)


def test_an_agent_that_rewrites_the_whole_stale_file_is_found_out() -> None:
    agent = CODE + "\n\ndef fourth():\n    return first('x') + second([1, 2, 3])\n"
    choice = choose(agent, written(CODE), written(REMOTE))
    assert (choice.index, choice.conflict) == (0, None)


def test_a_version_nobody_read_cannot_be_the_base() -> None:
    # By its words alone the save is closer to the newest.
    save = REMOTE.replace("import json\n", "")
    assert choose(save, written(CODE), written(REMOTE, read=True)).index == 1
    assert choose(save, written(CODE), written(REMOTE, read=False)).index == 0


def test_a_save_with_all_the_news_proves_that_they_were_read() -> None:
    news = CODE + "\n\ndef news():\n    return surprising(words)\n"
    choice = choose(own_edit(news), written(CODE), written(news, read=False))
    assert choice.index == 1


def test_when_nothing_was_read_the_program_only_writes() -> None:
    choice = choose("c\n", written("a\n", read=False), written("b\n", read=False))
    assert choice.index == 1


def test_a_checkout_is_honoured() -> None:
    choice = choose(CODE, written(CODE), written(REMOTE), evidence=Evidence(git=True))
    assert choice == BaseChoice(index=1, why="Git checked this version out on purpose.")


def test_a_program_that_had_read_the_newest_may_restore_an_old_version() -> None:
    evidence = Evidence(newest_read_by_saver=True)
    choice = choose(CODE, written(CODE), written(REMOTE), evidence=evidence)
    assert (choice.index, choice.conflict, choice.nothing_to_apply) == (1, None, False)


def test_an_old_version_again_keeps_the_news_and_is_recorded() -> None:
    choice = choose(CODE, written(CODE), written(REMOTE))
    assert (choice.index, choice.conflict, choice.nothing_to_apply) == (
        0,
        "restored-old-version",
        True,
    )


def test_an_old_version_again_is_no_question_when_nobody_saw_the_news() -> None:
    choice = choose(CODE, written(CODE), written(REMOTE, read=False))
    assert (choice.index, choice.conflict, choice.nothing_to_apply) == (0, None, True)


def test_a_partial_undo_keeps_the_news_and_is_recorded() -> None:
    base = [f"line number {n}\n" for n in range(20)]
    news = list(base)
    for place, text in ((15, "long third thing here\n"), (9, "long second thing here\n")):
        news.insert(place, text)
    news.insert(3, "first thing\n")
    save = [*base[:3], "first thing\n", *base[3:], "own\n"]
    choice = choose("".join(save), written("".join(base)), written("".join(news)))
    assert (choice.index, choice.conflict) == (0, "stale-save")


def test_a_wrong_watcher_does_not_matter_for_own_saves() -> None:
    choice = choose(
        own_edit(CODE),
        written(CODE),
        Candidate(content=TextContent(REMOTE), own_save=True, read=False),
    )
    assert choice.index == 0


# One editor, nobody else


def test_taking_back_the_own_last_save_is_applied() -> None:
    choice = choose(CODE, saved(CODE), saved(own_edit(CODE), base=0))
    assert (choice.index, choice.conflict, choice.nothing_to_apply) == (1, None, False)


def test_typing_on_where_the_last_save_was_is_not_merged_with_it() -> None:
    debug = CODE.replace("total = 0\n", "total = 0\n    print('debug', values)\n")
    other = CODE.replace("total = 0\n", "total = 0\n    assert values\n")
    assert choose(other, saved(CODE), saved(debug, base=0)).index == 1


def test_a_debug_line_that_was_taken_out_stays_out() -> None:
    debug = CODE.replace("total = 0\n", "total = 0\n    print('debug', values)\n")
    choice = choose(own_edit(CODE), saved(CODE), saved(debug, base=0, age=60.0))
    assert (choice.index, choice.conflict) == (1, None)


def test_own_saves_are_taken_back_and_the_news_stay() -> None:
    mine = own_edit(CODE)
    merged = own_edit(REMOTE)
    choice = choose(CODE, saved(CODE), saved(mine, base=0), written(merged, read=False))
    assert (choice.index, choice.conflict, choice.nothing_to_apply) == (1, None, False)


def test_the_last_own_save_is_a_base_after_the_merged_version_was_written() -> None:
    mine = own_edit(CODE)
    more = mine.replace("hello", "good morning")
    choice = choose(more, saved(CODE), saved(mine, base=0), written(own_edit(REMOTE)))
    assert (choice.index, choice.conflict) == (1, None)


def test_two_programs_on_one_disk_lose_nothing_when_the_step_was_large() -> None:
    agent = CODE + "\n\n" + "".join(f"def made_{n}(a, b):\n    return a + {n}\n" for n in range(8))
    choice = choose(own_edit(CODE), saved(CODE), saved(agent, base=0, age=60.0))
    assert (choice.index, choice.conflict) == (0, "stale-save")


def test_two_programs_on_one_disk_lose_nothing_when_they_save_at_once() -> None:
    agent = CODE + "\nagent = 1\n"
    choice = choose(own_edit(CODE), saved(CODE), saved(agent, base=0, age=0.2))
    assert (choice.index, choice.conflict) == (0, "stale-save")


# Notebooks


def notebook(*sources: str, outputs: tuple[dict[str, str], ...] = ()) -> NotebookContent:
    return NotebookContent(
        tuple(Cell(f"id{n}", "code", source, outputs=outputs) for n, source in enumerate(sources))
    )


def test_a_cell_that_somebody_adds_is_not_the_short_one_that_another_added_in_its_place() -> None:
    """Word for word, writing over a cell of one word is cheaper than adding one."""
    first, last = notebook("x = load(path)", "plot(x)").cells
    old = NotebookContent((first, last))
    new = NotebookContent((first, Cell("theirs", "code", "alpha"), last))
    candidates = [
        Candidate(content=old, own_save=False, read=True),
        Candidate(content=new, own_save=False, read=True),
    ]
    save = NotebookContent((first, Cell("mine", "code", "beta"), last))
    assert choose_base(save, candidates).index == 0
    typed_over = NotebookContent((first, Cell("theirs", "code", "beta"), last))
    assert choose_base(typed_over, candidates).index == 1
    # Ids that were all made anew tell nothing.
    anew = (Cell(f"n{n}", "code", cell.source) for n, cell in enumerate(save.cells))
    assert choose_base(NotebookContent(tuple(anew)), candidates).index == 1


def test_a_notebook_is_judged_by_its_sources_and_not_by_its_outputs() -> None:
    old = notebook("x = load(path)", "plot(x)")
    new = notebook("x = load(path, clean=True)", "plot(x)")
    save = notebook("x = load(path)", "plot(x, colour)", outputs=({"text": "much " * 500},))
    candidates = [Candidate(content=c, own_save=False, read=None) for c in (old, new)]
    assert choose_base(save, candidates).index == 0


def test_outputs_decide_between_versions_of_the_same_sources() -> None:
    old = notebook("x = 1", "y = 2")
    new = notebook("x = 1", "y = 2", outputs=({"text": "2"},))
    candidates = [Candidate(content=c, own_save=False, read=None) for c in (old, new)]
    assert choose_base(notebook("x = 1", "y = 2", "z"), candidates).index == 0
    with_outputs = NotebookContent((*new.cells, Cell("z", "code", "z")))
    assert choose_base(with_outputs, candidates).index == 1


def test_new_ids_do_not_make_a_new_version() -> None:
    one = notebook("a", "b")
    other = NotebookContent(tuple(Cell(None, "code", cell.source) for cell in one.cells))
    candidates = [Candidate(content=one, own_save=False, read=None)]
    assert choose_base(other, candidates).nothing_to_apply


def test_long_texts_are_compared_by_lines() -> None:
    lines = [f"value {n} of a large file\n" for n in range(30_000)]
    base = "".join(lines)
    remote = "".join([*lines[:10], "remote\n", *lines[10:-10], "remote too\n", *lines[-10:]])
    save = "".join([*lines[:5], "mine\n", *lines[5:-5], "mine too\n", *lines[-5:]])
    assert choose(save, written(base), written(remote)).index == 0


def test_a_part_taken_back_from_the_newest_is_applied_and_recorded() -> None:
    lines = [f"line number {n}\n" for n in range(20)]
    news = [*lines[:3], "one long new thing\n", *lines[3:15], "another new thing\n", *lines[15:]]
    save = [line for line in news if line != "another new thing\n"]
    save = [line.replace("line number 9", "own words") for line in save]
    choice = choose("".join(save), written("".join(lines)), written("".join(news)))
    assert (choice.index, choice.conflict) == (1, "stale-save")


@pytest.mark.parametrize("index", [1, 2, 3])
def test_who_appends_adds_to_what_is_there_whether_it_was_read_or_not(index: int) -> None:
    versions = [
        saved("\nend\n"),
        written("ty\nend\n", read=False),
        written("typ\nend\n", read=False),
        written("type\nend\n", read=False),
    ]
    text = versions[index].content
    assert isinstance(text, TextContent)
    choice = choose(text.text + "log\n", *versions)
    assert (choice.index, choice.conflict) == (index, None)


def test_what_an_editor_took_back_from_its_own_end_is_no_appending() -> None:
    choice = choose("one\nthree\n", written("one\n", read=True), saved("one\ntwo\n", base=0))
    assert choice.index == 1


# Where the save and the news changed the same place


def test_a_line_that_others_and_the_save_replaced_stays_with_the_own_last_save() -> None:
    """By tokens alone both versions explain it, and the newer one would take the news back."""
    news = CODE.replace("print('hello', name)", "print('good evening', name)")
    mine = CODE.replace("print('hello', name)", "print('welcome', name)")
    choice = choose(mine, saved(CODE), written(news, read=True))
    assert (choice.index, choice.nothing_to_apply) == (0, False)


def test_typing_that_shares_words_with_appended_text_does_not_come_from_it() -> None:
    remote = CODE + "\n\ndef load(path):\n    return open(path, 'rb')\n"
    mine = CODE + "\n\ndef save(path):\n    return open(path, 'wb')\n"
    choice = choose(mine, saved(CODE), written(remote, read=True))
    assert choice.index == 0


def test_who_goes_on_writing_what_others_appended_has_read_it() -> None:
    remote = CODE + "\n\ndef load(path):\n    return open(path, 'rb')\n"
    mine = CODE + "\n\ndef load(path, mode):\n    return open(path, mode).read()\n"
    choice = choose(mine, saved(CODE), written(remote, read=True))
    assert choice.index == 1


def test_one_small_change_taken_back_among_large_ones_is_recorded() -> None:
    lines = [f"line number {n} says {n * n}\n" for n in range(40)]
    news = [*lines[:9], *(f"new paragraph {n} of somebody\n" for n in range(12)), *lines[9:]]
    news[2] = "line two has become another one altogether\n"
    save = [*news[:2], lines[2], *news[3:]]
    choice = choose("".join(save), written("".join(lines)), written("".join(news)))
    assert (choice.index, choice.conflict) == (1, "stale-save")


def test_one_small_change_copied_from_the_news_is_recorded() -> None:
    lines = [f"line number {n} says {n * n}\n" for n in range(40)]
    news = [*lines[:9], *(f"new paragraph {n} of somebody\n" for n in range(12)), *lines[9:]]
    news[2] = "line two has become another one altogether\n"
    save = [*lines[:2], news[2], *lines[3:], "own words\n"]
    choice = choose("".join(save), written("".join(lines)), written("".join(news)))
    assert (choice.index, choice.conflict) == (0, "stale-save")
