"""Every reason that a file is held for has words of its own on the screen."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import rtcd
from rtcd.disk.os_errors import _REASONS
from rtcd.sync import one_way
from rtcd_cli.words import HOLDS

SOURCES = sorted(Path(rtcd.__file__).parent.rglob("*.py"))


def codes_of_holds(source: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "HeldError":
            for keyword in node.keywords:
                if keyword.arg == "code" and isinstance(keyword.value, ast.Constant):
                    yield str(keyword.value.value)


def test_every_reason_to_hold_a_file_has_words() -> None:
    codes = {code for source in SOURCES for code in codes_of_holds(source)}
    assert {"symlink", "special-file", "quarantined"} <= codes
    codes |= {code for code, _, _ in _REASONS.values()}
    codes |= {one_way.RECEIVE_ONLY, one_way.SEND_ONLY}
    assert codes - set(HOLDS) == set()
