"""How things look: tables, colour on a terminal, and nothing that a file could smuggle in.

Colour only on a terminal, and not with ``NO_COLOR``. A pipe gets whole lines, never cut to a
width. What comes from a file, a name or a server passes ``safe`` first: control characters, ANSI
escapes and characters that reorder text are spelled out.
"""

from __future__ import annotations

import json
import sys
import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Literal, TextIO

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

Mark = Literal["ok", "note", "warn", "fail", "idle", "stop", "to"]

PIPE_WIDTH = 100_000
STYLES = {
    "ok": "green",
    "note": "dim",
    "warn": "yellow",
    "fail": "red",
    "idle": "yellow",
    "stop": "red",
    "to": "",
}
_MARKS: dict[Mark, tuple[str, str]] = {
    "ok": ("✓", "ok"),
    "note": ("·", "-"),
    "warn": ("!", "!"),
    "fail": ("✗", "x"),
    "idle": ("○", "o"),
    "stop": ("■", "#"),
    "to": ("→", "->"),
}
# Joiners are part of how some scripts and emoji are written; they neither hide nor reorder.
_HARMLESS_FORMAT_CHARACTERS = "\u200c\u200d"
_UNSAFE_CATEGORIES = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}


def safe(text: str) -> str:
    """One line of text for a terminal; everything that could act on the terminal is spelled out."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_shown(character) for character in text)


def safe_lines(text: str) -> str:
    """Like ``safe`` for text of several lines: line feeds and tabs stay."""
    return "\n".join(
        "\t".join(safe(piece) for piece in line.split("\t")) for line in text.split("\n")
    )


def _shown(character: str) -> str:
    if unicodedata.category(character) not in _UNSAFE_CATEGORIES:
        return character
    if character in _HARMLESS_FORMAT_CHARACTERS:
        return character
    code = ord(character)
    return (
        f"\\x{code:02x}"
        if code < 0x100
        else f"\\u{code:04x}"
        if code < 0x10000
        else f"\\U{code:08x}"
    )


def make_console(file: TextIO) -> Console:
    """A console that marks up nothing by itself."""
    console = Console(file=file, highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console.width = PIPE_WIDTH
    return console


def stdout_console() -> Console:
    """The console of standard output."""
    return make_console(sys.stdout)


def stderr_console() -> Console:
    """The console of standard error."""
    return make_console(sys.stderr)


def show(*renderables: RenderableType, console: Console | None = None) -> None:
    """Print one after the other; in a pipe without the padding that tables have on the right."""
    console = console or stdout_console()
    for renderable in renderables:
        if console.is_terminal:
            console.print(renderable)
            continue
        with console.capture() as capture:
            console.print(renderable)
        lines = (line.rstrip(" ") for line in capture.get().split("\n"))
        console.file.write("\n".join(lines))


def show_json(value: Any) -> None:  # noqa: ANN401 - any JSON value
    """Print one JSON document, all ASCII, so that no locale and no terminal can spoil it."""
    sys.stdout.write(json.dumps(value, indent=2) + "\n")


def mark(name: Mark, console: Console | None = None) -> Text:
    """A small sign in its colour; plain ASCII where the terminal knows no more."""
    pretty, plain = _MARKS[name]
    encoding = (console or stdout_console()).encoding
    return Text(pretty if encoding.startswith("utf") else plain, style=STYLES[name])


def line(*parts: str | Text | tuple[str, str]) -> Text:
    """One line of pieces; a pair is a text with its style."""
    return Text.assemble(*parts)


def table(
    headers: Sequence[str],
    rows: Sequence[Sequence[str | Text]],
    *,
    wrapping: Sequence[str] = (),
) -> Table:
    """An aligned table without lines; the last column wraps, and those named in ``wrapping``."""
    made = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for number, header in enumerate(headers):
        wraps = number == len(headers) - 1 or header in wrapping
        made.add_column(header, overflow="fold", no_wrap=not wraps)
    for row in rows:
        made.add_row(*row)
    return indented(made)


def facts(rows: Sequence[tuple[str, str | Text]]) -> Table:
    """Names on the left, what holds on the right."""
    made = Table.grid(padding=(0, 2, 0, 0))
    made.add_column(style="dim", no_wrap=True)
    made.add_column(overflow="fold")
    for name, value in rows:
        made.add_row(name, value)
    return indented(made)


def indented(inner: RenderableType) -> Table:
    """Two columns to the right."""
    made = Table.grid(padding=(0, 0, 0, 2), pad_edge=True)
    made.add_row(inner)
    return made


def next_step(command: str, what: str) -> Text:
    """The last line of an answer: what to type next."""
    return line(("Next: ", "dim"), (command, "bold"), (f"  {what}", "dim"))


def plural(count: int, one: str, many: str | None = None) -> str:
    """``1 file``, ``2 files``."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def local_time(seconds: float) -> str:
    """Seconds since the epoch as a local time to the second."""
    return datetime.fromtimestamp(seconds, UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def how_long_ago(seconds: float, now: float) -> str:
    """``just now``, ``5 min ago``, ``3 h ago``, ``2 days ago``; both in seconds since the epoch."""
    age = now - seconds
    if age < 60:
        return "just now"
    if age < 3600:
        return f"{int(age // 60)} min ago"
    if age < 86_400:
        return f"{int(age // 3600)} h ago"
    return f"{plural(int(age // 86_400), 'day')} ago"


def size(count: int) -> str:
    """A number of bytes in the unit a person would use (1 kB is 1,000 bytes)."""
    if count < 1000:
        return f"{count} B"
    amount = float(count)
    for unit in ("kB", "MB", "GB"):
        amount /= 1000
        if amount < 999.95 or unit == "GB":
            break
    return f"{amount:,.1f} {unit}"
