r"""Text files: bytes to text and back. Encoding mark and line ends belong to the file.

The text is what a stock Jupyter server would put into the room: ``\r\n`` becomes ``\n``, a lone
``\r`` stays a character, and so does a byte order mark (U+FEFF, the first character). On the way
back the file on disk is the template: a line nobody touched keeps its line end. See merging 7.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from rtcd.content import TextContent
from rtcd.diff.sequences import seq_diff
from rtcd.errors import ApplyError, HeldError

Newline = Literal["\n", "\r\n"]

BYTE_ORDER_MARK = "\ufeff"
UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True)
class TextFormat:
    """What a text file has beside its text.

    ``bom`` tells of a byte order mark (it is in the text, too). ``newline`` is the line end that
    most lines have; ``exceptions`` are the lines (from 0, rising) that have the other one.
    """

    bom: bool = False
    newline: Newline = "\n"
    exceptions: tuple[int, ...] = ()


def parse_text(data: bytes) -> tuple[TextContent, TextFormat]:
    """The text of a file, and the style to write it back in.

    Raises:
        HeldError: ``binary`` when there are NUL bytes, ``not-utf8`` when it is no UTF-8.
    """
    raw = _decoded(data)
    text = raw.replace("\r\n", "\n") if "\r" in raw else raw
    return TextContent(text), _format_of(raw)


def format_text(content: TextContent, template: bytes | None) -> bytes:
    r"""The bytes for a text, in the style of the file that is on disk now.

    Args:
        content: what the file shall hold.
        template: the bytes on disk now, or None for a new file (line ends ``\n``).

    Raises:
        HeldError: the template is none of our files (see ``parse_text``).
        ApplyError: no text file can hold this text (NUL characters, lone surrogates).
    """
    text = content.text
    if template is None:
        return _encoded(_with_ends(text, "\n"))
    old, style = parse_text(template)
    if old.text == text:
        return template
    if not style.exceptions:
        return _encoded(_with_ends(text, style.newline))
    return _encoded(_with_kept_ends(old.text, text, style))


def decode_utf8(data: bytes, what: str) -> str:
    """The characters of a file; ``what`` names it in the sentence (``file``, ``notebook``).

    Raises:
        HeldError: ``not-utf8``.
    """
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        looks = "looks like UTF-16" if data.startswith(UTF16_MARKS) else f"line {line}"
        raise HeldError(
            f"the {what} is not valid UTF-8 ({looks})",
            hint="Save it as UTF-8; until then it is left as it is.",
            code="not-utf8",
        ) from None


def _decoded(data: bytes) -> str:
    if b"\0" in data and not data.startswith(UTF16_MARKS):
        raise HeldError(
            "the file holds NUL bytes: it is not a text",
            hint="Add it to .rtcdignore if it is a binary file.",
            code="binary",
        )
    return decode_utf8(data, "file")


def _encoded(text: str) -> bytes:
    if "\0" in text:
        raise ApplyError(
            "the text holds NUL characters, which no text file can hold",
            hint="Remove them in the shared document.",
        )
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise ApplyError(f"the text cannot be written as UTF-8: {error.reason}") from None


def _format_of(raw: str) -> TextFormat:
    bom = raw.startswith(BYTE_ORDER_MARK)
    # One character is looked for at a tenth of the cost of two.
    crlf = raw.count("\r\n") if "\r" in raw else 0
    if not crlf:
        return TextFormat(bom)
    lf = raw.count("\n") - crlf
    newline: Newline = "\r\n" if crlf >= lf else "\n"
    if not lf:
        return TextFormat(bom, newline)
    is_crlf = [line.endswith("\r") for line in raw.split("\n")[:-1]]
    odd = newline == "\n"
    return TextFormat(bom, newline, tuple(i for i, crlf in enumerate(is_crlf) if crlf == odd))


def _with_ends(text: str, newline: Newline) -> str:
    r"""All lines with one line end.

    A line that ends in a ``\r`` of its own must have ``\r\n`` in any style: before a mere
    ``\n`` that character would be read as part of the line end and be lost.
    """
    if newline == "\r\n":
        return text.replace("\n", "\r\n")
    return text.replace("\r\n", "\r\r\n") if "\r" in text else text


def _with_kept_ends(old: str, new: str, style: TextFormat) -> str:
    """A file with mixed line ends: every line that stays has the end it had."""
    old_lines, new_lines = old.split("\n"), new.split("\n")
    exceptions = frozenset(style.exceptions)
    other: Newline = "\n" if style.newline == "\r\n" else "\r\n"
    # The last piece has no line end in either text.
    old_ends = [other if i in exceptions else style.newline for i in range(len(old_lines) - 1)]
    new_ends = _carried_ends(old_lines, new_lines, old_ends, style.newline)
    pieces: list[str] = []
    for line, end in zip(new_lines, new_ends, strict=False):
        pieces.append(line)
        pieces.append("\r\n" if line.endswith("\r") else end)
    pieces.append(new_lines[-1])
    return "".join(pieces)


def _carried_ends(
    old_lines: Sequence[str], new_lines: Sequence[str], old_ends: Sequence[Newline], common: Newline
) -> list[Newline]:
    """The line end of every new line but the last; rewritten lines have those they replace."""
    count = len(new_lines) - 1
    ends: list[Newline | None] = []
    old_at = 0
    for gap in (*seq_diff(old_lines, new_lines), None):
        kept_until = gap.old_start if gap else len(old_lines)
        ends += old_ends[old_at:kept_until]
        # The last piece of the old text, without a line end, may have become a line.
        ends += [None] * (kept_until - max(old_at, len(old_ends)))
        if gap:
            size = gap.new_end - gap.new_start
            replaced = old_ends[gap.old_start : min(gap.old_end, gap.old_start + size)]
            ends += [*replaced, *[None] * (size - len(replaced))]
            old_at = gap.old_end
    return _filled(ends[:count], common)


def _filled(ends: list[Newline | None], common: Newline) -> list[Newline]:
    """Lines without an end of their own have that of both neighbours, else the common one."""
    before: list[Newline] = []
    for end in ends:
        before.append(end or (before[-1] if before else common))
    after: list[Newline] = []
    for end in reversed(ends):
        after.append(end or (after[-1] if after else common))
    after.reverse()
    return [
        end or (above if above == below else common)
        for end, above, below in zip(ends, before, after, strict=True)
    ]
