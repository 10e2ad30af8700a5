"""What is going on, in one line. What draws it is loaded on a terminal only."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rtcd_cli.daemon_process import Progress


@contextmanager
def progress_line(*, wanted: bool) -> Iterator[Progress]:
    """A line that says what is going on, on a terminal only and gone afterwards."""
    if not wanted or not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.text import Text

    from rtcd_cli.output import safe, stderr_console

    console = stderr_console()
    with console.status("Starting") as spinner:
        yield lambda sentence: spinner.update(Text(safe(sentence[:1].upper() + sentence[1:])))
