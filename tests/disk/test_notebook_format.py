"""The file is the template: what nobody touched keeps its bytes."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import nbformat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notebook_files import (
    FIXTURES,
    STYLES,
    edits,
    notebook_files,
    oddly_written,
    raw_notebooks,
)
from rtcd.content import Cell, NotebookContent
from rtcd.disk.notebook_format import format_notebook, parse_notebook
from rtcd.disk.notebook_meaning import same_notebook, without_inventions
from rtcd.disk.notebook_reading import forget_readings
from rtcd.errors import ApplyError

fixtures = pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.stem)
# Large files in a few styles only: what they add is size.
styled_fixtures = pytest.mark.parametrize(
    ("path", "style"),
    [
        pytest.param(path, style, id=f"{path.stem}-{style}")
        for path in FIXTURES
        for style in sorted(STYLES)
        if path.stat().st_size < 100_000 or style in ("ascii", "compact", "crlf")
    ],
)


def notebook(*cells: Any, minor: int = 5, **more: Any) -> dict[str, Any]:
    return {
        "cells": list(cells),
        "metadata": {},
        "nbformat": 4,
        "nbformat_minor": minor,
        **more,
    }


def code(cell_id: str | None, source: Any = "x", **more: Any) -> dict[str, Any]:
    cell = {
        "cell_type": "code",
        "execution_count": None,
        "id": cell_id,
        "metadata": {},
        "outputs": [],
        "source": source,
        **more,
    }
    return {key: cell[key] for key in sorted(cell) if key != "id" or cell_id is not None}


def with_cell(content: NotebookContent, at: int, **changes: Any) -> NotebookContent:
    cells = list(content.cells)
    cells[at] = replace(cells[at], **changes)
    return replace(content, cells=tuple(cells))


def as_document(content: NotebookContent) -> NotebookContent:
    """The content as it comes out of a shared document: every cell has an id, floats are floats."""
    cells = (
        replace(cell, id=cell.id or f"new-{at}", metadata=_floats(cell.metadata))
        for at, cell in enumerate(content.cells)
    )
    return replace(content, cells=tuple(cells))


def _floats(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _floats(value[key]) for key in reversed(value)}
    if isinstance(value, list):
        return [_floats(item) for item in value]
    return float(value) if type(value) is int else value


def changed_lines(before: bytes, after: bytes) -> int:
    """How many lines differ; -1 when the files do not even have equally many lines."""
    old, new = before.splitlines(), after.splitlines()
    return sum(map(bytes.__ne__, old, new)) if len(old) == len(new) else -1


def means(content: NotebookContent, data: bytes, template: bytes | None) -> bool:
    """Whether the bytes, read afresh, say what the content means."""
    forget_readings()
    over = parse_notebook(template) if template is not None else None
    return same_notebook(without_inventions(content), parse_notebook(data), written_over=over)


class TestUntouched:
    @fixtures
    def test_a_published_notebook_keeps_its_bytes(self, path: Path) -> None:
        data = path.read_bytes()
        assert format_notebook(parse_notebook(data), data) == data

    @styled_fixtures
    def test_a_published_notebook_keeps_its_bytes_in_every_style(
        self, path: Path, style: str
    ) -> None:
        data = STYLES[style](json.loads(path.read_bytes()))
        assert format_notebook(parse_notebook(data), data) == data

    @given(notebook_files())
    def test_law_any_notebook_keeps_its_bytes(self, data: bytes) -> None:
        forget_readings()
        assert format_notebook(parse_notebook(data), data) == data

    @given(notebook_files().filter(lambda data: parse_notebook(data).nbformat_minor < 5))
    def test_law_a_document_that_only_added_ids_leaves_old_formats_alone(self, data: bytes) -> None:
        assert format_notebook(as_document(parse_notebook(data)), data) == data

    @given(notebook_files())
    def test_law_a_document_that_changed_nothing_adds_missing_ids_only(self, data: bytes) -> None:
        content = as_document(parse_notebook(data))
        written = format_notebook(content, data)
        assert means(content, written, data)
        assert format_notebook(content, written) == written

    @given(raw_notebooks(), st.integers(0, 2**32))
    def test_law_a_notebook_that_is_written_as_nobody_would_keeps_its_bytes(
        self, raw: dict[str, Any], seed: int
    ) -> None:
        data = oddly_written(random.Random(seed), raw).encode()
        assert format_notebook(parse_notebook(data), data) == data


class TestOneEdit:
    @styled_fixtures
    def test_an_edited_source_line_changes_one_line_of_the_file(
        self, path: Path, style: str
    ) -> None:
        data = STYLES[style](json.loads(path.read_bytes()))
        content = parse_notebook(data)
        written_cells = [at for at, cell in enumerate(content.cells) if cell.source]
        for at in {written_cells[0], written_cells[len(written_cells) // 2], written_cells[-1]}:
            lines = content.cells[at].source.split("\n")
            lines[len(lines) // 2] += " # é"
            edited = with_cell(content, at, source="\n".join(lines))
            written = format_notebook(edited, data)
            assert changed_lines(data, written) == 1
            assert means(edited, written, data)

    @given(notebook_files(), st.data())
    def test_law_any_edits_are_written_as_meant(self, data: bytes, draw: st.DataObject) -> None:
        content = draw.draw(edits(as_document(parse_notebook(data))))
        written = format_notebook(content, data)
        assert means(content, written, data)
        assert format_notebook(content, written) == written

    @pytest.mark.long
    @settings(max_examples=5000, deadline=None)
    @given(notebook_files(), st.data())
    def test_law_any_edits_are_written_as_meant_5000_times(
        self, data: bytes, draw: st.DataObject
    ) -> None:
        content = draw.draw(edits(as_document(parse_notebook(data))))
        written = format_notebook(content, data)
        assert means(content, written, data)
        assert format_notebook(content, written) == written

    @given(raw_notebooks(), st.integers(0, 2**32), st.data())
    def test_law_any_edits_of_an_oddly_written_notebook_are_written_as_meant(
        self, raw: dict[str, Any], seed: int, draw: st.DataObject
    ) -> None:
        data = oddly_written(random.Random(seed), raw).encode()
        content = draw.draw(edits(as_document(parse_notebook(data))))
        assert means(content, format_notebook(content, data), data)

    @given(notebook_files(), st.data())
    def test_law_edits_made_one_after_the_other_can_be_undone(
        self, data: bytes, draw: st.DataObject
    ) -> None:
        before = as_document(parse_notebook(data))
        data = format_notebook(before, data)
        after = draw.draw(edits(before))
        restored = format_notebook(before, format_notebook(after, data))
        assert means(before, restored, data)

    @styled_fixtures
    def test_a_moved_cell_is_copied_and_all_others_stay(self, path: Path, style: str) -> None:
        data = STYLES[style](json.loads(path.read_bytes()))
        content = parse_notebook(data)
        moved = replace(content, cells=(content.cells[-1], *content.cells[:-1]))
        written = format_notebook(moved, data)
        assert sorted(raw_cell_texts(written)) == sorted(raw_cell_texts(data))
        assert raw_cell_texts(written)[0] == raw_cell_texts(data)[-1]
        assert format_notebook(content, written) == data

    @styled_fixtures
    def test_an_inserted_or_deleted_cell_leaves_every_other_cell_as_it_was(
        self, path: Path, style: str
    ) -> None:
        data = STYLES[style](json.loads(path.read_bytes()))
        content = parse_notebook(data)
        for at in {0, len(content.cells) // 2, len(content.cells)}:
            cells = list(content.cells)
            cells.insert(at, Cell("brand-new", "code", "a = 'é'\nb", {"tags": ["t"]}))
            more = format_notebook(replace(content, cells=tuple(cells)), data)
            texts = raw_cell_texts(more)
            assert texts[:at] + texts[at + 1 :] == raw_cell_texts(data)
            assert format_notebook(content, more) == data

    # Of all styles only the odd one is not imitated: it has a space before its commas.
    @pytest.mark.parametrize("style", sorted(STYLES.keys() - {"odd colon"}))
    def test_a_new_cell_is_written_as_the_tool_that_wrote_the_file_would(self, style: str) -> None:
        cells = [code("a", ["1\n", "2"]), code("b", ["é\n", "3"], metadata={"tags": ["t"]})]
        # The whole file is written by the tool with and without the second cell.
        short, long = STYLES[style](notebook(cells[0])), STYLES[style](notebook(*cells))
        content = parse_notebook(long)
        if style == "one line":
            # Only ASCII so far: nothing tells that the tool escapes what is not.
            content = with_cell(content, 1, source="e\n3")
            long = long.replace(b"\\u00e9", b"e")
        if style == "ascii":
            short, long = (data.replace(b'"1\\n"', b'"\\u00e9\\n"') for data in (short, long))
            content = with_cell(content, 0, source="é\n2")
        assert format_notebook(content, short) == long

    @pytest.mark.parametrize(
        ("source", "expected"),
        [
            ("a\nb\u2028c\nd", ["a\n", "b\u2028", "c\n", "d"]),
            ("a\nb\u2028X\nd", ["a\n", "b\u2028", "X\n", "d"]),
            ("a\nb\u2028c\nd\n", ["a\n", "b\u2028", "c\n", "d\n"]),
            ("a\nb\u2028c\nde", ["a\n", "b\u2028", "c\n", "de"]),
            ("a\nX\n", ["a\n", "X\n"]),
            ("new\na\nb\u2028c\nd", ["new\n", "a\n", "b\u2028", "c\n", "d"]),
            ("Xa\nb\u2028c\nd", ["Xa\n", "b\u2028", "c\n", "d"]),
            ("x\u2028y\x0cz", ["x\u2028y\x0cz"]),
            ("", []),
        ],
    )
    def test_lists_of_lines_are_split_at_line_feeds_only_and_stay_split_as_they_were(
        self, source: str, expected: list[str]
    ) -> None:
        data = STYLES["nbformat"](notebook(code("a", ["a\n", "b\u2028", "c\n", "d"])))
        written = format_notebook(with_cell(parse_notebook(data), 0, source=source), data)
        assert json.loads(written)["cells"][0]["source"] == expected

    def test_a_source_that_was_one_string_stays_one_string(self) -> None:
        data = STYLES["nbformat"](notebook(code("a", "1\n2"), code("b", ["1\n", "2"])))
        content = parse_notebook(data)
        content = with_cell(with_cell(content, 0, source="1\n3"), 1, source="1\n3")
        raw = json.loads(format_notebook(content, data))
        assert [cell["source"] for cell in raw["cells"]] == ["1\n3", ["1\n", "3"]]

    def test_an_escape_in_a_line_nobody_touched_stays(self) -> None:
        data = STYLES["nbformat"](notebook(code("a", ["E\n", "a\n", "b\n"])))
        data = data.replace(b'"E\\n"', b'"\\u0045\\u000a"')
        written = format_notebook(with_cell(parse_notebook(data), 0, source="a\nX\nE\n"), data)
        assert b'"a\\n",\n    "X\\n",\n    "\\u0045\\u000a"\n' in written

    def test_a_number_keeps_its_literal_until_it_changes(self) -> None:
        cell = code("a", metadata={"big": 2**63 - 1, "x": 1, "y": 2})
        data = STYLES["indent 2"](notebook(cell)).replace(b'"x": 1', b'"x": 1.00E0')
        metadata = {"x": 1, "y": 3, "big": float(2**63)}
        written = format_notebook(with_cell(parse_notebook(data), 0, metadata=metadata), data)
        assert written == data.replace(b'"y": 2', b'"y": 3')

    def test_a_stream_that_grew_keeps_its_lines(self) -> None:
        stream = {"name": "stdout", "output_type": "stream", "text": ["a\n", "b\n"]}
        data = STYLES["nbformat"](notebook(code("a", outputs=[stream])))
        grown = ({**stream, "text": "a\nb\nc\n"},)
        written = format_notebook(with_cell(parse_notebook(data), 0, outputs=grown), data)
        expected = {**stream, "text": ["a\n", "b\n", "c\n"]}
        assert written == STYLES["nbformat"](notebook(code("a", outputs=[expected])))

    def test_a_list_in_json_data_is_no_list_of_lines(self) -> None:
        data = {"application/json": ["a", "b"], "text/plain": ["a", "b"]}
        output = {"data": data, "metadata": {}, "output_type": "display_data"}
        template = STYLES["nbformat"](notebook(code("a", outputs=[output])))
        content = parse_notebook(template)
        assert content.cells[0].outputs[0]["data"] == {**data, "text/plain": "ab"}
        changed = {**output, "data": {"application/json": "ab", "text/plain": "ab"}}
        written = format_notebook(with_cell(content, 0, outputs=(changed,)), template)
        expected = {"application/json": "ab", "text/plain": ["a", "b"]}
        assert json.loads(written)["cells"][0]["outputs"][0]["data"] == expected


class TestKeys:
    def test_unknown_keys_of_notebook_and_cells_stay_through_edits_and_moves(self) -> None:
        cells = [code("a", unknown=[1.0]), code("b", unknown={"deep": True})]
        data = STYLES["indent 2"](notebook(*cells, unknown="kept"))
        content = parse_notebook(data)
        first, second = content.cells
        content = replace(content, cells=(second, replace(first, source="new")))
        raw = json.loads(format_notebook(content, data))
        assert raw["unknown"] == "kept"
        assert [cell["unknown"] for cell in raw["cells"]] == [{"deep": True}, [1.0]]

    def test_a_new_key_goes_to_its_sorted_place_where_the_file_is_sorted(self) -> None:
        data = STYLES["nbformat"](notebook(code("a", metadata={"a": 1, "c": 1})))
        metadata = {"c": 1, "b": 2, "a": 1}
        written = format_notebook(with_cell(parse_notebook(data), 0, metadata=metadata), data)
        assert written == STYLES["nbformat"](notebook(code("a", metadata=metadata)))

    def test_a_new_key_goes_last_where_the_file_is_not_sorted(self) -> None:
        data = STYLES["indent 2"](
            {"nbformat": 4, "nbformat_minor": 5, "metadata": {"z": 1, "a": 1}, "cells": []}
        )
        metadata = {"a": 1, "b": 2, "z": 1}
        written = format_notebook(replace(parse_notebook(data), metadata=metadata), data)
        expected = data.replace(b'"a": 1\n', b'"a": 1,\n    "b": 2\n')
        assert written == expected

    def test_a_new_cell_has_the_order_of_keys_that_its_neighbours_have(self) -> None:
        first = {"id": "a", "source": [], "cell_type": "markdown", "metadata": {}}
        second = {"id": "b", "source": ["x"], "cell_type": "markdown", "metadata": {}}
        data = STYLES["indent 2"](notebook(first))
        content = parse_notebook(data)
        content = replace(content, cells=(*content.cells, Cell("b", "markdown", "x")))
        assert format_notebook(content, data) == STYLES["indent 2"](notebook(first, second))

    def test_of_duplicate_keys_the_last_one_counts_and_is_the_one_that_changes(self) -> None:
        data = STYLES["nbformat"](notebook(code("a", "last")))
        data = data.replace(b'"source": "last"', b'"source": "first",\n   "source": "last"')
        content = parse_notebook(data)
        assert content.cells[0].source == "last"
        assert format_notebook(content, data) == data
        written = format_notebook(with_cell(content, 0, source="new"), data)
        assert written == data.replace(b'"last"', b'"new"')

    def test_a_removed_key_takes_its_comma_along(self) -> None:
        for style in ("nbformat", "compact", "one line", "tab", "crlf"):
            data = STYLES[style](notebook(code("a", metadata={"a": 1, "b": 2, "c": 3})))
            for gone in "abc":
                metadata = {key: at for at, key in enumerate("abc", 1) if key != gone}
                content = with_cell(parse_notebook(data), 0, metadata=metadata)
                expected = STYLES[style](notebook(code("a", metadata=metadata)))
                assert format_notebook(content, data) == expected

    def test_a_list_on_one_line_within_an_indented_file_stays_on_one_line(self) -> None:
        data = STYLES["indent 2"](notebook(code("a", metadata={"tags": ["a"]})))
        data = data.replace(b'[\n          "a"\n        ]', b'["a"]')
        metadata = {"tags": ["a", "b"]}
        written = format_notebook(with_cell(parse_notebook(data), 0, metadata=metadata), data)
        assert written == data.replace(b'["a"]', b'["a", "b"]')

    def test_cells_that_hug_their_bracket_keep_the_indent_of_their_neighbours(self) -> None:
        data = b'{\n "cells": [{\n  "cell_type": "raw",\n  "metadata": {},\n  "source": []\n }],\n'
        data += b' "metadata": {},\n "nbformat": 4,\n "nbformat_minor": 4\n}'
        content = parse_notebook(data)
        content = replace(content, cells=(*content.cells, Cell("b", "raw", "x")))
        added = b'}, {\n  "cell_type": "raw",\n  "metadata": {},\n  "source": [\n   "x"\n  ]\n }]'
        assert format_notebook(content, data) == data.replace(b"}]", added)


class TestInventions:
    def test_ids_are_not_written_below_format_4_5_not_even_into_new_cells(self) -> None:
        data = STYLES["nbformat"](notebook(code(None, ["1"]), minor=4))
        content = as_document(parse_notebook(data))
        content = replace(content, cells=(*content.cells, Cell("doc-2", "code", "2")))
        expected = STYLES["nbformat"](notebook(code(None, ["1"]), code(None, ["2"]), minor=4))
        assert format_notebook(content, data) == expected

    def test_ids_that_an_editor_made_anew_or_dropped_are_restored(self) -> None:
        cells = [code("one", "a"), code("two", "b"), code("three", "c")]
        original = STYLES["nbformat"](notebook(*cells))
        content = parse_notebook(original)
        regenerated = [{**cell, "id": f"new-{at}"} for at, cell in enumerate(cells)]
        dropped = [code(None, "a"), code(None, "b"), code(None, "c")]
        for saved in (regenerated, dropped):
            assert format_notebook(content, STYLES["nbformat"](notebook(*saved))) == original

    @pytest.mark.parametrize("empty", [{}, None])
    def test_empty_attachments_stay_and_are_never_added(self, empty: Any) -> None:
        cell = {"cell_type": "markdown", "id": "a", "metadata": {}, "source": ["x"]}
        for raw in (cell, {"attachments": empty, **cell}):
            data = STYLES["nbformat"](notebook(raw))
            content = with_cell(parse_notebook(data), 0, source="y")
            assert content.cells[0].attachments == {}
            assert format_notebook(content, data) == data.replace(b'"x"', b'"y"')

    def test_the_servers_empty_kernelspec_and_language_info_are_not_written(self) -> None:
        data = STYLES["nbformat"](notebook(code("a")))
        invented = {"kernelspec": {"name": "", "display_name": ""}, "language_info": {"name": ""}}
        content = replace(parse_notebook(data), metadata=invented)
        assert format_notebook(content, data) == data
        assert format_notebook(content, None) == data.replace(b'"x"', b'[\n    "x"\n   ]')

    def test_a_kernelspec_that_is_in_the_file_is_changed_even_to_nothing(self) -> None:
        data = STYLES["nbformat"](notebook(code("a"), metadata={"language_info": {"name": "r"}}))
        content = replace(parse_notebook(data), metadata={"language_info": {"name": ""}})
        assert format_notebook(content, data) == data.replace(b'"r"', b'""')

    def test_what_jupyter_keeps_out_of_documents_is_neither_read_nor_removed(self) -> None:
        cell = code("a", metadata={"a": 1, "trusted": True})
        data = STYLES["nbformat"](notebook(cell, metadata={"signature": "s", "z": 1}))
        content = parse_notebook(data)
        assert content.metadata == {"z": 1}
        assert content.cells[0].metadata == {"a": 1}
        content = with_cell(content, 0, metadata={"a": 2, "trusted": False})
        content = replace(content, metadata={"z": 2, "orig_nbformat": 4})
        expected = data.replace(b'"a": 1', b'"a": 2').replace(b'"z": 1', b'"z": 2')
        assert format_notebook(content, data) == expected

    def test_missing_keys_stay_missing(self) -> None:
        data = b'{"cells":[{"cell_type":"code","source":""},{"cell_type":"raw"}],"nbformat":4}'
        content = parse_notebook(data)
        assert content == NotebookContent((Cell(None, "code", ""), Cell(None, "raw", "")), {}, 4, 0)
        assert format_notebook(as_document(content), data) == data


class TestTypes:
    def test_a_cell_that_becomes_text_loses_the_fields_of_code_and_gets_them_back(self) -> None:
        raw = code("a", ["x"], execution_count=None, unknown=1)
        data = STYLES["nbformat"](notebook(raw))
        text = format_notebook(with_cell(parse_notebook(data), 0, cell_type="markdown"), data)
        expected = {key: raw[key] for key in raw if key not in ("execution_count", "outputs")}
        assert text == STYLES["nbformat"](notebook({**expected, "cell_type": "markdown"}))
        assert format_notebook(parse_notebook(data), text) == data

    def test_attachments_of_a_cell_that_becomes_code_are_gone(self) -> None:
        cell = Cell("a", "markdown", "x", attachments={"a.png": {"image/png": "AAAA"}})
        data = format_notebook(NotebookContent((cell,)), None)
        assert parse_notebook(data).cells == (cell,)
        written = format_notebook(NotebookContent((Cell("a", "code", "x"),)), data)
        assert "attachments" not in json.loads(written)["cells"][0]

    @pytest.mark.parametrize("minor", [0, 4, 5, 9, 77])
    def test_any_minor_format_is_read_and_kept(self, minor: int) -> None:
        data = STYLES["compact"](notebook(code("a"), minor=minor))
        content = parse_notebook(data)
        assert content.nbformat_minor == minor
        written = format_notebook(with_cell(content, 0, source="y"), data)
        assert written == data.replace(b'"x"', b'"y"')

    def test_duplicate_and_missing_ids_are_read_as_they_are(self) -> None:
        cells = [code("dup", "1"), code("dup", "2"), code(None, "3"), {**code("a"), "id": 7}]
        data = STYLES["nbformat"](notebook(*cells))
        content = parse_notebook(data)
        assert [cell.id for cell in content.cells] == ["dup", "dup", None, None]
        written = format_notebook(with_cell(content, 1, source="new"), data)
        assert written == data.replace(b'"source": "2"', b'"source": "new"')


class TestOddNotebooks:
    """Files that no schema allows, but that can be understood."""

    @pytest.mark.parametrize(
        "odd",
        [
            {"id": []},
            {"id": 7.0},
            {"metadata": None},
            {"metadata": ["a"]},
            {"execution_count": "3"},
            {"execution_count": 3.0},
            {"execution_count": 1e300},
            {"outputs": None},
            {"outputs": [{}]},
            {"outputs": [{"output_type": "stream"}]},
            {"outputs": [{"output_type": "stream", "text": {"a": ["b"]}}]},
            {"outputs": [{"output_type": "display_data", "data": ["a", ["b", "c"]]}]},
            {"outputs": [{"output_type": "display_data", "data": {"text/plain": {"a": 1}}}]},
            {"attachments": {"a.png": {"image/png": ["a", "b"]}}},
        ],
    )
    def test_they_keep_their_oddity_when_something_else_changes(self, odd: dict[str, Any]) -> None:
        data = STYLES["nbformat"](notebook(code("a", ["x"], **odd), code("b", ["z"])))
        content = with_cell(parse_notebook(data), 0, source="y")
        assert format_notebook(content, data) == data.replace(b'"x"', b'"y"')

    def test_duplicate_ids_in_an_old_format_do_not_make_cells_change_places(self) -> None:
        data = STYLES["nbformat"](notebook(code("a", "", unknown=1), code("a", ""), minor=4))
        content = parse_notebook(data)
        content = with_cell(content, 0, id="b")
        assert format_notebook(content, data) == data

    def test_a_bundle_that_is_a_list_is_not_joined(self) -> None:
        output = {"output_type": "display_data", "data": ["a", ["b", "c"]]}
        data = STYLES["nbformat"](notebook(code("a", outputs=[output])))
        assert parse_notebook(data).cells[0].outputs == (output,)

    def test_of_two_lists_of_cells_the_last_one_counts(self) -> None:
        data = b'{"cells": [1], "nbformat": 4, "cells": [{"cell_type": "raw", "source": "x"}]}'
        content = parse_notebook(data)
        assert [cell.source for cell in content.cells] == ["x"]
        written = format_notebook(with_cell(content, 0, source="y"), data)
        assert written == data.replace(b'"x"', b'"y"')


class TestNewNotebooks:
    @pytest.mark.parametrize(
        "path",
        [path for path in FIXTURES if "-ids" not in path.stem or "4.0" in path.stem],
        ids=lambda p: p.stem,
    )
    def test_a_new_notebook_is_written_as_nbformat_writes_it(self, path: Path) -> None:
        content = without_line_separators(parse_notebook(path.read_bytes()))
        written = format_notebook(content, None)
        own = nbformat.reads(written.decode(), as_version=nbformat.NO_CONVERT)
        assert written.decode() == nbformat.writes(own) + "\n"
        assert means(content, written, None)

    @given(notebook_files(), st.data())
    @settings(max_examples=50)
    def test_law_any_notebook_can_be_written_without_a_template(
        self, data: bytes, draw: st.DataObject
    ) -> None:
        content = draw.draw(edits(as_document(parse_notebook(data))))
        assert means(content, format_notebook(content, None), None)


class TestRefusals:
    @pytest.mark.parametrize(
        "metadata", [{"a": 2**63}, {"a": "\ud800"}, {"a": {1, 2}}, {"trusted": 1, "a": b"x"}]
    )
    def test_what_no_notebook_can_hold_is_not_written(self, metadata: dict[str, Any]) -> None:
        data = STYLES["nbformat"](notebook(code("a")))
        content = with_cell(parse_notebook(data), 0, metadata=metadata)
        for template in (data, None):
            with pytest.raises(ApplyError) as caught:
                format_notebook(content, template)
            assert caught.value.hint

    def test_a_walk_that_fails_falls_back_to_a_plain_dump_in_the_style_of_the_file(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        cells = [code("a", ["x"], unknown=1), code("b", ["y"])]
        for style in ("nbformat", "compact", "crlf", "bom", "indent 2"):
            data = STYLES[style](notebook(*cells, unknown="kept"))
            content = with_cell(parse_notebook(data), 0, source="new")
            expected = data.replace(b'"x"', b'"new"')
            monkeypatch.setattr("rtcd.disk.notebook_format.edit_object", _fail)
            written = format_notebook(content, data)
            monkeypatch.undo()
            assert written == expected

    def test_a_walk_that_gives_something_else_is_noticed(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        data = STYLES["nbformat"](notebook(code("a", ["x"])))
        content = with_cell(parse_notebook(data), 0, source="new")
        monkeypatch.setattr("rtcd.disk.notebook_format.edit_object", lambda *_: "{}")
        assert means(content, format_notebook(content, data), data)
        monkeypatch.setattr("rtcd.disk.notebook_format._plain", lambda *_: data.decode())
        with pytest.raises(ApplyError):
            format_notebook(content, data)


def _fail(*_: Any) -> str:
    raise IndexError


def raw_cell_texts(data: bytes) -> list[str]:
    """The text of every cell as it stands in the file."""
    text = data.decode()
    decoder = json.JSONDecoder()
    at = text.index("[", text.index('"cells"')) + 1
    texts: list[str] = []
    while True:
        at += len(text[at:]) - len(text[at:].lstrip(" \t\r\n,"))
        if text[at] == "]":
            return texts
        _, end = decoder.raw_decode(text, at)
        texts.append(text[at:end])
        at = end


def without_line_separators(content: NotebookContent) -> NotebookContent:
    """nbformat splits at more characters than line feeds; that difference is intended."""
    for mark in "\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029\r":
        assert all(mark not in cell.source for cell in content.cells)
    return content
