"""Text files keep their encoding mark and their line ends."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtcd.content import TextContent
from rtcd.disk.text_format import TextFormat, format_text, parse_text
from rtcd.errors import ApplyError, HeldError

pieces = st.sampled_from(["a", "b", "é", "😀", "\ufeff", "\n", "\r\n", "\r", "\u2028", "\x85", " "])
raw_texts = st.lists(pieces | st.text(max_size=3), max_size=30).map("".join)
files = raw_texts.map(lambda text: text.replace("\0", "").encode())
texts = st.lists(pieces, max_size=30).map(lambda parts: TextContent("".join(parts)))


@given(files)
def test_law_an_untouched_file_keeps_its_bytes(data: bytes) -> None:
    assert format_text(parse_text(data)[0], data) == data


@given(texts, st.none() | files)
def test_law_what_is_written_means_the_text_over_any_template(
    content: TextContent, template: bytes | None
) -> None:
    assert parse_text(format_text(content, template))[0] == content


@given(st.lists(st.tuples(st.text("abc", max_size=2), st.sampled_from(["\n", "\r\n"])), min_size=1))
def test_law_a_changed_line_leaves_all_other_lines_as_they_are(
    lines: list[tuple[str, str]],
) -> None:
    data = "".join(line + end for line, end in lines).encode()
    middle = len(lines) // 2
    changed = [line for line, _ in lines]
    changed[middle] = "NEW"
    expected = [*lines[:middle], ("NEW", lines[middle][1]), *lines[middle + 1 :]]
    written = format_text(TextContent("".join(line + "\n" for line in changed)), data)
    assert written == "".join(line + end for line, end in expected).encode()


@given(st.binary())
def test_any_bytes_are_a_text_or_are_held(data: bytes) -> None:
    try:
        content, _ = parse_text(data)
    except HeldError as error:
        why = error.code
    else:
        why = "text" if format_text(content, data) == data else "changed"
    assert why in ("text", "binary", "not-utf8")


@pytest.mark.parametrize(
    ("data", "text", "style"),
    [
        (b"", "", TextFormat()),
        (b"a", "a", TextFormat()),
        (b"a\nb\n", "a\nb\n", TextFormat()),
        (b"a\r\nb\r\n", "a\nb\n", TextFormat(newline="\r\n")),
        (b"a\rb\r", "a\rb\r", TextFormat()),
        (b"a\r\r\nb", "a\r\nb", TextFormat(newline="\r\n")),
        (b"\xef\xbb\xbfa\n", "\ufeffa\n", TextFormat(bom=True)),
        (b"a\nb\r\nc\nd\n", "a\nb\nc\nd\n", TextFormat(exceptions=(1,))),
        (b"a\r\nb\nc\r\n", "a\nb\nc\n", TextFormat(newline="\r\n", exceptions=(1,))),
    ],
)
def test_a_file_is_read_as_a_stock_server_reads_it(
    data: bytes, text: str, style: TextFormat
) -> None:
    assert parse_text(data) == (TextContent(text), style)


@pytest.mark.parametrize(
    ("template", "text", "expected"),
    [
        (None, "a\nb", b"a\nb"),
        (b"a\r\nb\r\n", "a\nnew\nb\n", b"a\r\nnew\r\nb\r\n"),
        (b"a\r\nb\r\n", "a\nb", b"a\r\nb"),
        (b"\xef\xbb\xbfa\n", "a\n", b"a\n"),
        # Mixed: what is new has the line end of its neighbours, or of most lines.
        (b"a\nb\nc\r\nd\r\n", "a\nNEW\nb\nc\nd\n", b"a\nNEW\nb\nc\r\nd\r\n"),
        (b"a\nb\nc\r\nd\r\n", "a\nb\nc\nNEW\nd\n", b"a\nb\nc\r\nNEW\r\nd\r\n"),
        (b"a\nb\nc\nd\r\ne\r\n", "a\nb\nc\nNEW\nd\ne\n", b"a\nb\nc\nNEW\nd\r\ne\r\n"),
        (b"a\nb\r\nc", "a\nb\nc\nNEW\n", b"a\nb\r\nc\r\nNEW\r\n"),
        (b"a\nb\r\nc\n", "a\nB\nc\n", b"a\nB\r\nc\n"),
        (b"a\nb\r\nc\n", "b\nc\n", b"b\r\nc\n"),
        # A lone carriage return before a line end stays a character.
        (b"a\n", "a\r\n", b"a\r\r\n"),
        (b"a\nb\nc\r\n", "a\nX\r\nb\nc\n", b"a\nX\r\r\nb\nc\r\n"),
    ],
)
def test_what_is_new_is_written_in_the_style_of_the_file(
    template: bytes | None, text: str, expected: bytes
) -> None:
    assert format_text(TextContent(text), template) == expected


@pytest.mark.parametrize(
    ("data", "code", "message"),
    [
        (b"a\0b", "binary", "the file holds NUL bytes: it is not a text"),
        (b"a\nb\xe9\n", "not-utf8", "the file is not valid UTF-8 (line 2)"),
        ("é".encode("utf-16"), "not-utf8", "the file is not valid UTF-8 (looks like UTF-16)"),
        (b"\xed\xa0\x80", "not-utf8", "the file is not valid UTF-8 (line 1)"),
    ],
)
def test_what_is_no_utf8_text_is_held(data: bytes, code: str, message: str) -> None:
    with pytest.raises(HeldError) as caught:
        parse_text(data)
    assert (caught.value.code, caught.value.message) == (code, message)


@pytest.mark.parametrize("text", ["a\0b", "a\ud800"])
def test_a_text_that_no_file_can_hold_is_not_written(text: str) -> None:
    with pytest.raises(ApplyError):
        format_text(TextContent(text), b"a")
