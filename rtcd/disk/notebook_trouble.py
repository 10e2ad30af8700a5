"""Why a notebook file is left alone: one sentence, with the line where possible."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from json import JSONDecodeError
from typing import Any

from rtcd.errors import HeldError

MAX_DEPTH = 200
"""Levels of nesting; beyond some thousand the shared document would crash (reliability F10)."""

MAX_INTEGER = 2**63
"""Integers of this size do not survive in a shared document (merging 2)."""

MANY = 8
"""Longer lists are first looked at as a whole: data often are plain texts and numbers."""

_HARMLESS = {str, float, bool, type(None)}
_CONFLICT_MARKER = re.compile(r"^(?:<{7}|\|{7}|={7}|>{7})(?: |\r?$)", re.MULTILINE)
_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{}]|-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?')
_REPAIR = "Repair it in a text editor; until then it is left as it is."
_CONVERT = "Open and save it in JupyterLab, or run: jupyter nbconvert --to notebook --inplace FILE"


def invalid(sentence: str, hint: str = _REPAIR) -> HeldError:
    """A notebook that cannot be understood."""
    return HeldError(sentence, hint=hint, code="invalid-notebook")


def unsupported(major: int) -> HeldError:
    """A notebook of another format than nbformat 4."""
    hint = _CONVERT if major < 4 else "Update rtcd, or save the notebook in nbformat 4."
    return HeldError(
        f"the notebook has format {major}; only nbformat 4 can be shared",
        hint=hint,
        code="unsupported-format",
    )


def not_json(text: str, error: JSONDecodeError) -> HeldError:
    """A text that is no JSON; unresolved merges of git are named as such."""
    if not text.strip("\ufeff \t\r\n"):
        size = len(text.encode())
        return invalid(
            f"the notebook is empty ({size} bytes)",
            hint="Open it in an editor and save it, or remove it.",
        )
    marker = _CONFLICT_MARKER.search(text)
    if marker:
        line = line_of(text, marker.start())
        return invalid(
            f"the notebook contains git conflict markers, line {line}",
            hint="Resolve the merge; until then it is left as it is.",
        )
    return invalid(f"the notebook is not valid JSON: {error.msg}, line {line_of(text, error.pos)}")


def line_of(text: str, at: int) -> int:
    """The number of a line, from 1, as editors count them."""
    return text.count("\n", 0, at) + 1


def check_limits(
    text: str,
    whole: Any,  # noqa: ANN401 - any JSON value
    parts: Iterable[str],
) -> None:
    """Refuse what a shared document cannot hold.

    Args:
        text: the notebook's JSON text, to find the line in.
        whole: its value, or what of it is new.
        parts: where that stands in the text.

    Raises:
        HeldError: ``invalid-notebook``: nested too deeply, an integer too large, or half a
            surrogate pair.
    """
    level: list[Any] = [whole]
    depth = 0
    while level:
        depth += 1
        if depth > MAX_DEPTH:
            raise too_deep(text)
        level = list(_containers_in(text, level))
    if any("\\ud" in part or "\\uD" in part for part in parts):
        _check_surrogates(text, whole)


def too_deep(text: str) -> HeldError:
    """Brackets within brackets beyond all measure."""
    depth = 0
    where = ""
    for token, at in _tokens(text):
        depth += (token in "[{") - (token in "]}")
        if depth > MAX_DEPTH:
            where = f", line {line_of(text, at)}"
            break
    return invalid(f"the notebook is nested more than {MAX_DEPTH} levels deep{where}")


def too_large_integer(text: str) -> HeldError:
    """A number that would not survive."""
    where = ""
    for token, at in _tokens(text):
        digits = token.lstrip("-")
        if digits.isdecimal() and (len(digits) > 19 or int(digits) >= MAX_INTEGER):
            where = f", line {line_of(text, at)}"
            break
    return invalid(f"the notebook holds an integer of 64 bits or more{where}")


def _containers_in(text: str, level: Iterable[Any]) -> Iterator[Any]:
    """The lists and objects one level down; integers are looked at on the way."""
    for container in level:
        values = container.values() if type(container) is dict else container
        if len(values) > MANY and set(map(type, values)) <= _HARMLESS:
            continue
        for value in values:
            kind = type(value)
            if kind is dict or kind is list:
                yield value
            elif kind is int and not -MAX_INTEGER < value < MAX_INTEGER:
                raise too_large_integer(text)


def _check_surrogates(text: str, whole: Any) -> None:  # noqa: ANN401 - any JSON value
    if _can_encode(whole):
        return
    places = (at for token, at in _tokens(text) if token[0] == '"' and not _can_encode_token(token))
    line = line_of(text, next(places, 0))
    raise invalid(f"the notebook holds half a surrogate pair, line {line}")


def _can_encode(value: Any) -> bool:  # noqa: ANN401 - any JSON value
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _can_encode_token(token: str) -> bool:
    return "\\u" not in token or _can_encode(json.loads(token))


def _tokens(text: str) -> Iterator[tuple[str, int]]:
    for match in _TOKEN.finditer(text):
        yield match.group(), match.start()
