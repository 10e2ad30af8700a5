"""Somebody types without pause in JupyterLab while another program saves the same file."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from browser.lab_page import LabPage

# A process of its own, as a formatter or a log is: appends one line now and then. It takes turns:
# once through O_APPEND, once read whole and written whole.
APPENDER = """
import json, sys, time
from pathlib import Path
file, count, period = Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])

def in_text(text, token):
    return text + token + "\\n"

def in_notebook(text, token):
    whole = json.loads(text)
    whole["cells"][-1]["source"].append(token + "\\n")
    return json.dumps(whole, indent=1, sort_keys=True) + "\\n"

for number in range(count):
    token = f"#outside-{number:04d};"
    if file.suffix == ".ipynb":
        file.write_text(in_notebook(file.read_text(), token))
    elif number % 2:
        with file.open("a") as open_file:
            open_file.write(token + "\\n")
    else:
        file.write_text(in_text(file.read_text(), token))
    time.sleep(period)
"""
PERIOD_SECONDS = 1.0
SAVE_EVERY_SECONDS = 2.0
TOKENS_A_LINE = 8


@dataclass(frozen=True, slots=True)
class Tokens:
    """What was typed and what was saved by the other program, and how long it took in seconds."""

    typed: tuple[str, ...]
    saved: tuple[str, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class Count:
    """Which tokens are missing from a text, and which are in it more than once."""

    lost: tuple[str, ...] = ()
    doubled: tuple[str, ...] = ()

    @classmethod
    def of(cls, tokens: Iterable[str], text: str) -> Count:
        """Count them."""
        numbers = {token: text.count(token) for token in tokens}
        return cls(
            lost=tuple(token for token, number in numbers.items() if number == 0),
            doubled=tuple(token for token, number in numbers.items() if number > 1),
        )


NOTHING = Count()


def type_while_saving(
    lab: LabPage,
    file: Path,
    *,
    seconds: float,
    press_save: bool = True,
    meanwhile: Callable[[float], None] = lambda _seconds: None,
) -> Tokens:
    """Type at the cursor for so long; ``meanwhile`` is called between words with the time."""
    count = int(seconds / PERIOD_SECONDS)
    appender = subprocess.Popen(
        [sys.executable, "-c", APPENDER, str(file), str(count), str(PERIOD_SECONDS)],
        stderr=subprocess.PIPE,
        text=True,
    )
    typed: list[str] = []
    started = time.monotonic()
    next_save = SAVE_EVERY_SECONDS
    while (now := time.monotonic() - started) < seconds:
        token = f"typed{len(typed):04d}"
        lab.type(token + (" " if (len(typed) + 1) % TOKENS_A_LINE else "\n"))
        typed.append(token)
        if press_save and now >= next_save:
            lab.save()
            next_save += SAVE_EVERY_SECONDS
        meanwhile(now)
    _, trouble = appender.communicate(timeout=120)
    assert appender.returncode == 0, trouble
    saved = tuple(f"#outside-{number:04d};" for number in range(count))
    return Tokens(tuple(typed), saved, time.monotonic() - started)


def cell_text(file_text: str) -> str:
    """All cell sources of a notebook file, one after the other."""
    cells = json.loads(file_text)["cells"]
    return "\n".join("".join(cell["source"]) for cell in cells)
