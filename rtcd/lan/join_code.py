"""``JoinCode``: the one-time code that a host shows and a guest types, like ``7-guitar-honey-otter``.

The number says which offer on the network is meant; it is announced and no secret. The three words
are the secret: 26.9 bits, good for one try within ten minutes.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Self

from rtcd.errors import UsageError
from rtcd.lan.words import WORDS

WORDS_IN_CODE = 3
MAX_NUMBER = 99
PREFIX_LETTERS = 4

_SEPARATORS = re.compile(r"[\s\-_.]+")
_KNOWN = frozenset(WORDS)
_BY_PREFIX = {word[:PREFIX_LETTERS]: word for word in WORDS}

Choose = Callable[[Sequence[str]], str]


@dataclass(frozen=True, slots=True)
class JoinCode:
    """``number`` from 1 to 99; ``words`` are all in ``WORDS``. ``repr`` hides the words."""

    number: int
    words: tuple[str, ...]

    @classmethod
    def make(cls, choose: Choose, taken: Collection[int] = ()) -> Self:
        """A new code. ``choose`` draws one item (``secrets.choice``); ``taken`` numbers are avoided."""
        free = [n for n in range(1, 10) if n not in taken]
        free = free or [n for n in range(10, MAX_NUMBER + 1) if n not in taken] or [MAX_NUMBER]
        number = int(choose([str(n) for n in free]))
        return cls(number, tuple(choose(WORDS) for _ in range(WORDS_IN_CODE)))

    @classmethod
    def parse(cls, text: str) -> Self:
        """What a person typed; blanks, case and words cut after four letters are forgiven.

        Raises:
            UsageError: it is no code; a word that is almost one is named.
        """
        parts = [part for part in _SEPARATORS.split(text.strip().lower()) if part]
        if len(parts) != 1 + WORDS_IN_CODE or not parts[0].isascii() or not parts[0].isdigit():
            raise UsageError(
                "this is not a code", hint="A code looks like 7-guitar-honey-otter; ask for one."
            )
        number = int(parts[0][:4])
        if not 1 <= number <= MAX_NUMBER:
            raise UsageError("no code begins with this number", hint="Look at the code again.")
        return cls(number, tuple(_word(part, place) for place, part in enumerate(parts[1:], 1)))

    def __str__(self) -> str:
        return "-".join((str(self.number), *self.words))

    def __repr__(self) -> str:
        return f"JoinCode({self.number}, ...)"

    @property
    def secret(self) -> bytes:
        """What goes into the key exchange."""
        return str(self).encode("ascii")


def looks_like_code(text: str) -> bool:
    """True for what can only be meant as a code, well typed or not."""
    return re.match(r"^\s*\d{1,2}[\s\-_][A-Za-z]", text) is not None


def _word(typed: str, place: int) -> str:
    if typed in _KNOWN:
        return typed
    if len(typed) == PREFIX_LETTERS and typed in _BY_PREFIX:
        return _BY_PREFIX[typed]
    # Which word is wrong may be told: the list is public, and nothing was sent yet.
    near = difflib.get_close_matches(typed, WORDS, n=1, cutoff=0.7)
    meant = f"Did you mean {near[0]!r}?" if near else "Look at the code again."
    raise UsageError(f"word {place} of the code is none that codes use", hint=meant)
